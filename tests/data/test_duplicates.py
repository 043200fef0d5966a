"""Copies: found, told, and dropped where that is asked for."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from faussaire.data import Dataset, prepare
from faussaire.data.store.duplicates import exact_copies

pytestmark = pytest.mark.usefixtures("in_this_process")


def notes(dataset: Dataset) -> str:
    return "\n".join(dataset.inventory.notes)


def smooth(seed: int) -> Image.Image:
    """Return a picture that compression changes little."""
    cells = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8)
    return Image.fromarray(cells).resize((64, 64), Image.Resampling.BICUBIC)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Return a folder of six different pictures, an exact copy of one, and two near copies of another."""
    folder = tmp_path / "set"
    folder.mkdir()
    for seed in range(6):
        smooth(seed).save(folder / f"{seed}.png")
    smooth(1).save(folder / "x-exact.png")
    smooth(2).save(folder / "x-near.jpg", quality=70)
    smooth(2).resize((48, 48)).save(folder / "x-smaller.png")
    return folder


def test_copies_are_told_and_kept(pictures: Path) -> None:
    dataset = prepare(pictures, resolution=32)
    assert len(dataset.inventory.kept) == 9
    assert "exact copies of other images: 1" in notes(dataset)
    assert "near copies of other images: 2 (first: x-near.jpg)" in notes(dataset)


@pytest.mark.parametrize(("what", "dropped"), [("drop", ["exact"]), ("drop-near", ["exact", "near", "smaller"])])
def test_copies_are_dropped_on_request(pictures: Path, what: str, dropped: list[str]) -> None:
    dataset = prepare(pictures, resolution=32, duplicates=what)
    assert [record.name.split(".")[0] for record in dataset.inventory.rejected] == [f"x-{name}" for name in dropped]
    assert all("copy of an earlier image" in record.note for record in dataset.inventory.rejected)
    assert len(dataset.images) == 9 - len(dropped)


def test_nearly_blank_images_are_told_and_are_no_near_copies(tmp_path: Path) -> None:
    for value in (100, 101, 250):
        Image.new("L", (16, 16), value).save(tmp_path / f"{value}.png")
    smooth(0).save(tmp_path / "picture.png")
    told = notes(prepare(tmp_path))
    assert "nearly blank images (values vary by less than 4 of 255): 3 (first: 100.png)" in told
    assert "near copies" not in told


def test_digits_are_no_near_copies_of_one_another() -> None:
    assert "near copies" not in notes(prepare("mnist"))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=60))
def test_exact_copies_are_those_of_a_plain_count(images: list[tuple[int, bool]]) -> None:
    seen: set[int] = set()
    expected = [i for i, (content, kept) in enumerate(images) if kept and (content in seen or seen.add(content))]
    contents, kept = (np.array([image[k] for image in images], kind) for k, kind in enumerate((np.uint64, bool)))
    assert exact_copies(contents, kept).tolist() == expected


def test_an_image_that_was_left_out_makes_no_other_a_copy(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", images=np.zeros((3, 8, 8)), labels=["", "a", "a"])
    assert "exact copies of other images: 1" in notes(prepare(tmp_path / "x.npz"))


def test_a_copy_by_other_bytes_of_the_same_pixels_is_exact(tmp_path: Path) -> None:
    for name, level in (("a", 0), ("b", 9)):
        buffer = io.BytesIO()
        smooth(0).save(buffer, "PNG", compress_level=level)
        (tmp_path / f"{name}.png").write_bytes(buffer.getvalue())
    smooth(1).save(tmp_path / "c.png")
    assert "exact copies of other images: 1" in notes(prepare(tmp_path))
