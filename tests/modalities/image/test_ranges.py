"""What numbers are taken for: from the values of a whole set to what is black and what is white."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

import faussaire
from data.given import images_as_given
from faussaire.data import prepare
from faussaire.modalities.image.ranges import Extents, Range

GENERATOR = np.random.default_rng(0)
UNIT = np.concatenate([[0.0, 1.0], GENERATOR.random(40 * 64 - 2)]).reshape(40, 8, 8)
"""40 images in [0, 1], both ends of which occur."""


def prepared(path: Path, images: np.ndarray) -> tuple[np.ndarray, str]:
    """Return what becomes of an array, and what is said of it."""
    np.save(path / "x.npy", images)
    dataset = prepare(path / "x.npy", cache=path / "cache")
    return images_as_given(dataset)[:, 0], " | ".join(dataset.inventory.notes)


@pytest.mark.parametrize(
    ("low", "high", "dtype"),
    [
        (0, 1, np.float32),
        (-1, 1, np.float64),
        (-0.5, 0.5, np.float32),
        (0, 255, np.float32),
        (0, 100, np.float64),
        (-2.1, 2.64, np.float32),
        (0, 40_000.5, np.float64),
        (-0.001, 0.003, np.float64),
    ],
)
def test_fractions_span_black_to_white_whatever_their_range(
    tmp_path: Path, low: float, high: float, dtype: str
) -> None:
    images, notes = prepared(tmp_path, (UNIT * (high - low) + low).astype(dtype))
    top = 255 if high != 40_000.5 else 40_000.5 * 255 / 65535  # taken for 16 bits
    np.testing.assert_allclose(images, UNIT * top, atol=0.51 + 1e-3)
    assert f"values of {np.dtype(dtype).name} from {low:g} to {high:g} " in notes


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.int64, np.float32])
@pytest.mark.parametrize("top", [1, 3, 15, 16])
def test_whole_numbers_of_few_levels_end_at_their_greatest(tmp_path: Path, dtype: type, top: int) -> None:
    images, notes = prepared(tmp_path, np.rint(UNIT * top).astype(dtype))
    np.testing.assert_array_equal(images, np.rint(np.rint(UNIT * top) * 255 / top))
    assert f"in [0, {top}] scaled to 8 bits" in notes


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.int64, np.float32])
@pytest.mark.parametrize(
    ("greatest", "top", "said"),
    [
        (100, 100, ""),
        (127, 127, ""),
        (201, 255, ""),
        (255, 255, ""),
        (1000, 1000, ""),
        (900, 1023, ", 10 bits,"),
        (4000, 4095, ", 12 bits,"),
        (4096, 4096, ""),
        (16383, 16383, ", 14 bits,"),
        (30000, 65535, ", 16 bits,"),
    ],
)
def test_whole_numbers_have_the_bits_that_the_greatest_needs(
    tmp_path: Path, dtype: type, greatest: int, top: int, said: str
) -> None:
    images, notes = prepared(tmp_path, np.rint(UNIT * greatest).astype(dtype))
    np.testing.assert_array_equal(images, np.rint(np.rint(UNIT * greatest) * 255 / top))
    assert f"in [0, {top}]{said} scaled to 8 bits" in notes


@pytest.mark.parametrize(("low", "high", "dtype"), [(-1, 1, np.int8), (-128, 127, np.int8), (-1024, 3071, np.int16)])
def test_signed_whole_numbers_go_from_black_to_white(tmp_path: Path, low: int, high: int, dtype: type) -> None:
    images, _ = prepared(tmp_path, np.rint(UNIT * (high - low) + low).astype(dtype))
    assert (images.min(), images.max()) == (0, 255)


def test_truth_values_are_black_and_white(tmp_path: Path) -> None:
    images, notes = prepared(tmp_path, UNIT > 0.5)
    np.testing.assert_array_equal(images, (UNIT > 0.5) * 255)
    assert "yes and no" in notes


def test_bytes_are_left_as_they_are(tmp_path: Path) -> None:
    images = np.rint(UNIT * 90).astype(np.uint8)
    found, notes = prepared(tmp_path, images)
    np.testing.assert_array_equal(found, images)
    assert "no value is greater than 90 of 255: dark, and left so" in notes
    assert "value" not in prepared(tmp_path, np.rint(UNIT * 255).astype(np.uint8))[1]


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([0.5, 0.5], np.float32, [128, 128]),
        ([0, 1], np.float64, [0, 255]),
        ([7, 9], np.uint8, [7, 9]),
        ([0, 200], np.int64, [0, 200]),
        ([0, 65535], np.uint16, [0, 255]),
        ([-3, -3], np.int32, [0, 0]),
    ],
)
def test_images_of_one_value_each_say_nothing_of_the_range(
    tmp_path: Path, values: list[float], dtype: type, expected: list[int]
) -> None:
    images, _ = prepared(tmp_path, np.broadcast_to(np.array(values, dtype)[:, None, None], (2, 8, 8)))
    assert images[:, 3, 3].tolist() == expected


def test_resizing_beyond_the_ends_is_cut_not_squeezed(tmp_path: Path) -> None:
    images, _ = prepared(tmp_path, UNIT * 1.1 - 0.05)
    np.testing.assert_array_equal(images, np.rint(np.clip(UNIT * 1.1 - 0.05, 0, 1) * 255))


@pytest.mark.parametrize(("high", "top"), [(70, 255), (98.5, 255), (109.2, 255), (112.4, 255), (200.5, 255)])
def test_dark_floating_point_is_as_dark_as_bytes(tmp_path: Path, high: float, top: float) -> None:
    images, notes = prepared(tmp_path, UNIT * high)
    np.testing.assert_array_equal(images, np.rint(UNIT * high * 255 / top))
    assert f"from 0 to {high:g} taken to be in [0, {top:g}] scaled" in notes


@pytest.mark.parametrize("high", [1.1, 270.5, 1100.5])
def test_values_beyond_white_alone_are_not_cut(tmp_path: Path, high: float) -> None:
    images, notes = prepared(tmp_path, UNIT * high)
    np.testing.assert_array_equal(images, np.rint(UNIT * 255))
    assert f"from 0 to {high:g} taken to be in [0, {high:g}] scaled" in notes


def test_the_last_image_counts_as_much_as_the_first(tmp_path: Path) -> None:
    images = np.rint(UNIT * 200).astype(np.uint16)
    images[-4:] = np.rint(UNIT[-4:] * 4095)
    found, _ = prepared(tmp_path, images)
    np.testing.assert_array_equal(found, np.rint(images.astype(float) * 255 / 4095))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_images_with_values_that_are_not_numbers_are_left_out(tmp_path: Path, value: float) -> None:
    images = UNIT.copy()
    images[7, 3, 3] = value
    np.save(tmp_path / "x.npy", images)
    inventory = prepare(tmp_path / "x.npy").inventory
    assert [(r.name, r.note) for r in inventory.rejected] == [("x.npy[7]", "some of its values are not numbers")]


@pytest.mark.parametrize(
    ("images", "odd"),
    [
        (np.rint(UNIT * 255), 60_000),
        (UNIT, 255),
        (UNIT * 2 - 1, 1e30),
        (UNIT * 5 - 2, -1e12),
        (np.rint(UNIT * 16), 9999),
    ],
)
def test_one_odd_image_does_not_make_the_others_black(tmp_path: Path, images: np.ndarray, odd: float) -> None:
    expected, _ = prepared(tmp_path, np.delete(images, 7, axis=0))
    images = images.copy()
    images[7, 3, 3] = odd
    np.save(tmp_path / "x.npy", images)
    dataset = prepare(tmp_path / "x.npy")
    np.testing.assert_array_equal(images_as_given(dataset)[:, 0], expected)
    assert [record.name for record in dataset.inventory.rejected] == ["x.npy[7]"]
    assert "values far beyond those of the others" in dataset.inventory.rejected[0].note


def test_a_few_bright_images_among_dark_ones_are_not_odd(tmp_path: Path) -> None:
    exposures = np.geomspace(200, 4095, 40)[:, None, None]
    images = np.rint(UNIT * exposures).astype(np.uint16)
    assert len(prepared(tmp_path, images)[0]) == 40


def test_blocks_add_up_to_the_whole() -> None:
    whole, parts = Extents(UNIT.dtype), Extents(UNIT.dtype)
    images = np.concatenate([UNIT, UNIT * 1000])
    whole.add(images)
    for start in range(0, 80, 7):
        parts.add(images[start : start + 7])
    assert whole.settle() == parts.settle()


def test_bytes_are_certain_as_soon_as_one_is_bright() -> None:
    extents = Extents(np.dtype(np.uint8))
    extents.add(np.array([[3, 127]], np.uint8))
    assert not extents.certain
    extents.add(np.array([[3, 128]], np.uint8))
    assert extents.certain
    assert extents.settle()[0] == Range(low=0, high=255)


def test_parts_of_a_set_in_several_arrays_have_one_range(tmp_path: Path) -> None:
    images = np.rint(UNIT * np.linspace(400, 4095, 40)[:, None, None]).astype(np.uint16)
    np.save(tmp_path / "a.npy", images[:5])
    np.save(tmp_path / "b.npy", images[5:])
    dataset = prepare([tmp_path / "a.npy", tmp_path / "b.npy"])
    np.testing.assert_array_equal(images_as_given(dataset)[:, 0], np.rint(images.astype(float) * 255 / 4095))
    assert any("in [0, 4095] scaled to 8 bits, as those of another part" in note for note in dataset.inventory.notes)


def test_training_says_in_a_line_what_was_assumed(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.rint(UNIT * 4095).astype(np.uint16))
    console = Console(file=io.StringIO(), width=200)
    run = tmp_path / "run"
    faussaire.train(tmp_path / "x.npy", run=run, kimg=0.02, batch_size=8, architecture="dense", console=console)
    assert isinstance(console.file, io.StringIO)
    said = "values of uint16 from 0 to 4095 taken to be in [0, 4095], 12 bits, scaled to 8 bits"
    assert console.file.getvalue().count(said) == 1
