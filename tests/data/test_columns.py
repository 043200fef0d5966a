"""Which column of a table of pixels is the label."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data.given import images_as_given, labels_as_given
from faussaire.core.errors import DataError
from faussaire.data import embedded_sets, prepare


def pictures(count: int, *, photo: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return images int `[count, 8, 8]` and class-sorted labels; a `photo` is smooth up to its corners, others dark."""
    generator = np.random.default_rng(0)
    labels = np.arange(count) * 10 // count
    base = generator.integers(20, 200, count)[:, None, None]
    slope = generator.integers(-2, 3, count)[:, None, None]
    images = base + slope * np.arange(8)[None, None] + generator.integers(0, 5, (count, 8, 8))
    if not photo:
        images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1] = 0, 0, 0, 0
        images[generator.random(count) < 0.1, -1, -1] = 90
    return images, labels


def rows(images: np.ndarray, labels: list[str], *, last: bool, header: str = "") -> str:
    flat = [",".join(map(str, image.reshape(-1))) for image in images]
    lines = [f"{a},{b}" if last else f"{b},{a}" for a, b in zip(flat, labels, strict=True)]
    return "\n".join([*([header] if header else []), *lines]) + "\n"


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("photo", [True, False])
@pytest.mark.parametrize("name", ["{}", "class {}", "{}.0", "100000{}"])
def test_without_a_header_the_values_tell_where_the_class_is(
    tmp_path: Path, last: bool, photo: bool, name: str
) -> None:
    images, labels = pictures(300, photo=photo)
    (tmp_path / "x.csv").write_text(rows(images, [name.format(i) for i in labels], last=last))
    dataset = prepare(tmp_path / "x.csv")
    assert dataset.spec.classes == tuple(name.format(i) for i in range(10))
    records = dataset.inventory.records
    assert [record.label for record in records] == labels.tolist()
    everything = {image.tobytes() for image in images.astype(np.uint8)}
    assert {image.tobytes() for image in dataset.images[:, 0]} <= everything


@pytest.mark.parametrize("last", [True, False])
def test_a_sorted_file_of_the_real_thing_is_read_the_right_way(tmp_path: Path, last: bool) -> None:
    with np.load(embedded_sets()["mnist"].path) as archive:
        order = np.argsort(archive["labels"], kind="stable")[::20]
        images, labels = archive["images"][order], archive["labels"][order]
    (tmp_path / "x.csv").write_text(rows(images, [str(label) for label in labels], last=last))
    dataset = prepare(tmp_path / "x.csv")
    assert dataset.spec.classes == tuple("0123456789")
    assert [record.label for record in dataset.inventory.records] == labels.tolist()
    assert any(f"the {'last' if last else 'first'} column, by its values" in note for note in dataset.inventory.notes)


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("count", [12, 300])
@pytest.mark.parametrize("photo", [True, False])
@pytest.mark.parametrize(
    "names", [("10", "20", "30"), ("7", "9"), ("007", "7"), ("-1", "0", "1"), ("0.0", "1.0"), ("5",)]
)
def test_labels_of_any_numbers_are_told_from_pixels(
    tmp_path: Path, names: tuple[str, ...], photo: bool, count: int, last: bool
) -> None:
    images, _ = pictures(count, photo=photo)
    labels = [names[i * len(names) // count] for i in range(count)]
    (tmp_path / "x.csv").write_text(rows(images, labels, last=last))
    assert prepare(tmp_path / "x.csv", resolution=8).inventory.class_counts.keys() == set(names)


@pytest.mark.parametrize("last", [True, False])
def test_black_and_white_does_not_hide_three_classes(tmp_path: Path, last: bool) -> None:
    images = np.random.default_rng(0).integers(0, 2, (90, 8, 8))
    labels = [str(i // 30) for i in range(90)]
    (tmp_path / "x.csv").write_text(rows(images, labels, last=last))
    assert prepare(tmp_path / "x.csv").spec.classes == ("0", "1", "2")


def test_where_the_values_do_not_tell_the_choice_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("\n".join(",".join(["0"] * 65) for _ in range(9)))
    with pytest.raises(DataError, match=r"the first or the last of its 65 columns.*label,pixel0.*or pixel0,.* label"):
        prepare(tmp_path / "x.csv")


@pytest.mark.parametrize(
    ("header", "last"),
    [
        (",".join(["label", *(f"{r}x{c}" for r in range(8) for c in range(8))]), False),
        (",".join([*(f"pixel{i}" for i in range(64)), "class"]), True),
        (",".join([*(f"pixel{i}" for i in range(64)), "species"]), True),
        (",".join(["who", *(f"p{i}" for i in range(64))]), False),
        (",".join(map(str, range(65))), True),
        (",".join(map(str, range(65))), False),
        (",".join(["Digit", *map(str, range(64))]), False),
    ],
)
def test_a_header_is_understood_however_it_is_spelt(tmp_path: Path, header: str, last: bool) -> None:
    images, labels = pictures(60, photo=True)
    (tmp_path / "x.csv").write_text(rows(images, [str(i) for i in labels], last=last, header=header))
    dataset = prepare(tmp_path / "x.csv")
    np.testing.assert_array_equal(images_as_given(dataset)[:, 0], images)
    assert labels_as_given(dataset) == labels.tolist()


@pytest.mark.parametrize("first", ["", "Unnamed: 0", "id"])
def test_a_column_of_row_numbers_is_passed_over(tmp_path: Path, first: str) -> None:
    images, labels = pictures(60, photo=True)
    header = ",".join([first, "label", *(f"pixel{i}" for i in range(64))])
    numbered = [f"{i},{label}" for i, label in enumerate(labels)]
    (tmp_path / "x.csv").write_text(rows(images, numbered, last=False, header=header))
    dataset = prepare(tmp_path / "x.csv")
    np.testing.assert_array_equal(images_as_given(dataset)[:, 0], images)
    assert labels_as_given(dataset) == labels.tolist()


@pytest.mark.parametrize("header", ["emotion,pixels,Usage", "emotion, Usage, pixels", "pixels,emotion", ""])
def test_pixels_in_one_cell_with_blanks_between_are_read(tmp_path: Path, header: str) -> None:
    images, labels = pictures(40, photo=True)
    names = [name.strip() for name in (header or "emotion,pixels").split(",")]
    lines = [header] if header else []
    for image, label in zip(images, labels, strict=True):
        cells = {"emotion": str(label), "pixels": " ".join(map(str, image.reshape(-1))), "Usage": "Training"}
        lines.append(",".join(cells[name] for name in names))
    (tmp_path / "fer2013.csv").write_text("\n".join(lines))
    dataset = prepare(tmp_path / "fer2013.csv")
    np.testing.assert_array_equal(images_as_given(dataset)[:, 0], images)
    assert labels_as_given(dataset) == labels.tolist()
    assert ("Usage" in header) == any("not used: Usage" in note for note in dataset.inventory.notes)
