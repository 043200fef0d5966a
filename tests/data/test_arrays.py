"""NumPy files: layouts, ranges, labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from data.zoo import prepared_or_refused
from faussaire.data import prepare
from faussaire.errors import DataError


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((5, 9, 9), (1, 8, 8)),
        ((5, 8, 8, 3), (3, 8, 8)),
        ((5, 3, 8, 8), (3, 8, 8)),
        ((5, 8, 12, 1), (1, 8, 8)),
        ((5, 1, 8, 8), (1, 8, 8)),
        ((5, 8, 8, 4), (3, 8, 8)),
        ((5, 1, 3, 3), (1, 8, 8)),
    ],
)
def test_every_layout_is_recognised(tmp_path: Path, shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    np.save(tmp_path / "x.npy", np.random.default_rng(0).integers(0, 256, shape, np.uint8))
    assert prepare(tmp_path / "x.npy").spec.shape == expected


@pytest.mark.parametrize("dtype", [np.float16, np.float32, ">f8"])
@pytest.mark.parametrize("low", [0.0, -1.0])
def test_floating_point_in_either_range_is_scaled(tmp_path: Path, dtype: str, low: float) -> None:
    values = np.linspace(low, 1, 3 * 64).reshape(3, 8, 8).astype(dtype)
    np.save(tmp_path / "x.npy", values)
    dataset = prepare(tmp_path / "x.npy")
    assert (dataset.images[:].min(), dataset.images[:].max()) == (0, 255)
    assert any(f"in [{low:g}, 1] scaled to 8 bits" in note for note in dataset.inventory.notes)


def test_bytes_of_the_right_size_are_untouched(tmp_path: Path, digits: tuple[np.ndarray, np.ndarray]) -> None:
    np.save(tmp_path / "x.npy", np.asfortranarray(digits[0][:50]))
    images = prepare(tmp_path / "x.npy").images
    np.testing.assert_array_equal(images[:, 0], digits[0][:50])
    assert images[:].flags.c_contiguous


def test_colour_asked_in_grey_is_luma_for_arrays_too(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.full((2, 8, 8, 3), (255, 0, 0), np.uint8))
    assert np.unique(prepare(tmp_path / "x.npy", channels=1).images).tolist() == [76]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((3, 8), np.uint8), r"has shape \[3, 8\]"),
        (np.zeros((3, 8, 8, 2), np.uint8), r"has shape \[3, 8, 8, 2\]"),
        (np.zeros((3, 0, 8), np.uint8), "no pixels"),
        (np.zeros((0, 8, 8), np.uint8), "0 usable images"),
        (np.zeros((3, 8, 8), np.int64), "holds int64"),
        (np.zeros((3, 8, 8), complex), "holds complex128"),
        (np.full((3, 8, 8), 255.0), "values from 255 to 255"),
        (np.full((3, 8, 8), np.nan), "not finite"),
    ],
)
def test_arrays_that_are_no_images_are_told(tmp_path: Path, array: np.ndarray, message: str) -> None:
    np.save(tmp_path / "x.npy", array)
    with pytest.raises(DataError, match=message):
        prepare(tmp_path / "x.npy")


def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([{"a": 1}, None], object), allow_pickle=True)
    with pytest.raises(DataError, match="cannot be read as a NumPy array"):
        prepare(tmp_path / "x.npy")


def test_npz_has_images_labels_and_classes(tmp_path: Path) -> None:
    images = np.zeros((4, 8, 8), np.uint8)
    np.savez(tmp_path / "x.npz", images=images, labels=[1, 0, 1, 0], classes=["no", "yes"])
    dataset = prepare(tmp_path / "x.npz")
    assert dataset.spec.classes == ("no", "yes")
    assert dataset.labels is not None
    assert dataset.labels.tolist() == [1, 0, 1, 0]


def test_labels_without_names_are_named_by_their_numbers(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", images=np.zeros((3, 8, 8), np.uint8), labels=[30, 4, 30])
    dataset = prepare(tmp_path / "x.npz", classes=("30",))
    assert dataset.spec.classes == ("30",)
    assert len(dataset.images) == 2


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": [1]}, "holds x, but no `images`"),
        ({"images": np.zeros((3, 8, 8), np.uint8), "labels": [0, 1]}, "3 images, but 2 labels"),
        ({"images": np.zeros((3, 8, 8), np.uint8), "labels": [0.5, 1, 1]}, "labels must be whole numbers"),
        ({"images": np.zeros((2, 8, 8), np.uint8), "labels": [-1, 0], "classes": ["a"]}, "labels from -1 to 0"),
        ({"images": np.zeros((2, 8, 8), np.uint8), "labels": [1, 0], "classes": ["a", "a"]}, "the same name"),
        ({"images": np.zeros((2, 8, 8), np.uint8), "labels": [1, 0], "classes": [1, 2]}, "a list of names"),
    ],
)
def test_an_npz_whose_parts_do_not_fit_is_told(tmp_path: Path, arrays: dict[str, np.ndarray], message: str) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(DataError, match=message):
        prepare(tmp_path / "x.npz")


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    array=hnp.arrays(
        st.one_of(hnp.boolean_dtypes(), hnp.integer_dtypes(), hnp.floating_dtypes(), hnp.complex_number_dtypes()),
        hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=5),
    )
)
def test_any_array_has_the_right_shape_or_is_refused(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "x.npy", array)
    dataset = prepared_or_refused(tmp_path / "x.npy", resolution=4)
    if dataset is None:
        return
    assert dataset.images.shape == (len(array), *dataset.spec.shape)
    assert dataset.spec.shape in ((1, 4, 4), (3, 4, 4))
