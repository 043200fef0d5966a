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
@pytest.mark.parametrize("photo", [True, False])
@pytest.mark.parametrize("names", [tuple("0123456789"), ("-1", "1"), ("3", "5", "7")])
@pytest.mark.parametrize("scale", ["from -1 to 1", "standardised", "each pixel standardised", "16 bits"])
def test_pixels_may_be_negative_fractions_or_beyond_a_byte(
    tmp_path: Path, scale: str, names: tuple[str, ...], photo: bool, last: bool
) -> None:
    images, _ = pictures(48, photo=photo)
    spread = images.std(axis=0 if scale.startswith("each") else None)
    scaled = {
        "from -1 to 1": images / 127.5 - 1,
        "16 bits": images * 257,
    }.get(scale, (images - images.mean()) / np.where(spread > 0, spread, 1))
    labels = [names[i % len(names)] for i in range(48)]
    cells = scaled.astype(int) if scale == "16 bits" else np.char.mod("%.4f", scaled)
    (tmp_path / "x.csv").write_text(rows(cells, labels, last=last))
    dataset = prepare(tmp_path / "x.csv", resolution=8)
    assert sorted(dataset.spec.classes) == sorted(names)
    ends = (-1, 1) if scale == "from -1 to 1" else (0, 65535) if scale == "16 bits" else (scaled.min(), scaled.max())
    expected = np.rint((scaled - ends[0]) * 255 / (ends[1] - ends[0]))
    np.testing.assert_allclose(images_as_given(dataset)[:, 0], expected, atol=1)


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
    images, labels = pictures(48, photo=True)
    (tmp_path / "x.csv").write_text(rows(images, [str(i) for i in labels], last=last, header=header))
    dataset = prepare(tmp_path / "x.csv")
    np.testing.assert_array_equal(images_as_given(dataset)[:, 0], images)
    assert labels_as_given(dataset) == labels.tolist()


@pytest.mark.parametrize("first", ["", "Unnamed: 0", "id"])
def test_a_column_of_row_numbers_is_passed_over(tmp_path: Path, first: str) -> None:
    images, labels = pictures(48, photo=True)
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


@pytest.mark.parametrize(
    ("names", "order"),
    [
        ([f"pixel{i}" for i in range(64)], "turned round"),
        ([f"pixel{i}" for i in range(64)], "text"),
        ([str(i) for i in range(64)], "text"),
        ([f"{row}x{column}" for row in range(1, 9) for column in range(1, 9)], "turned round"),
        ([f"pixel_{row}_{column}" for row in range(4, 12) for column in range(4, 12)], "text"),
        ([f"{row}x{column}" for column in range(8) for row in range(8)], "as it is"),
        ([f"x{column}y{row}" for row in range(8) for column in range(8)], "as it is"),
        ([f"x{column}y{row}" for row in range(3, 11) for column in range(3, 11)], "text"),
        ([f"row{row}_col{column}" for row in range(8) for column in range(8)], "by columns"),
        ([f"c{column}r{row}" for row in range(8) for column in range(8)], "by columns"),
    ],
)
@pytest.mark.parametrize("last", [True, False])
def test_pixels_come_in_the_order_of_their_numbers(tmp_path: Path, names: list[str], order: str, last: bool) -> None:
    images, labels = pictures(48, photo=True)
    flat = images.reshape(48, 64)
    moved = {
        "turned round": range(63, -1, -1),
        "text": sorted(range(64), key=names.__getitem__),
        "as it is": range(64),
        "by columns": [row * 8 + column for column in range(8) for row in range(8)],
    }[order]
    header = [names[i] for i in moved]
    header = [*header, "label"] if last else ["label", *header]
    lines = rows(flat[:, list(moved)], [str(i) for i in labels], last=last, header=",".join(header))
    (tmp_path / "x.csv").write_text(lines)
    dataset = prepare(tmp_path / "x.csv")
    np.testing.assert_array_equal(images_as_given(dataset)[:, 0], images)
    assert labels_as_given(dataset) == labels.tolist()
    told = "pixels in the order of their names, not of the columns"
    assert (told in dataset.inventory.notes) == (order != "as it is")


@pytest.mark.parametrize("form", ["{colour}{i}", "pixel_{i}_{word}", "{word}.{i}", "pixel{upper}{i}", "alpha"])
@pytest.mark.parametrize("order", ["planes", "pixels", "text"])
def test_planes_of_red_green_and_blue_are_pictures_in_colour(tmp_path: Path, form: str, order: str) -> None:
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (40, 3, 64))  # noise, so that nothing but the names tells the planes
    labels = np.arange(40) % 2
    form, more = ("{colour}{i}", [f"a{i}" for i in range(64)]) if form == "alpha" else (form, [])
    words = ("red", "green", "blue")
    names = [form.format(colour=w[0], word=w, upper=w[0].upper(), i=i) for w in words for i in range(64)]
    moved = {
        "planes": list(range(192)),
        "pixels": [colour * 64 + i for i in range(64) for colour in range(3)],
        "text": sorted(range(192), key=names.__getitem__),
    }[order]
    lines = [",".join([*(names[i] for i in moved), *more, "label"])]
    for image, label in zip(images.reshape(40, 192), labels, strict=True):
        lines.append(",".join(map(str, [*image[moved], *([255] * len(more)), label])))
    (tmp_path / "x.csv").write_text("\n".join(lines))
    dataset = prepare(tmp_path / "x.csv")
    np.testing.assert_array_equal(images_as_given(dataset).reshape(40, 3, 64), images)
    assert labels_as_given(dataset) == labels.tolist()
    assert bool(more) == any("columns that are not used: a0" in note for note in dataset.inventory.notes)


def test_names_of_columns_that_are_no_text_are_shown_escaped(tmp_path: Path) -> None:
    images, labels = pictures(30, photo=True)
    header = ",".join([*(f"pixel{i}" for i in range(64)), "age caf\xe9"])
    (tmp_path / "x.csv").write_bytes(
        rows(images, [str(one) for one in labels], last=True, header=header).encode("latin-1")
    )
    assert r"columns that are not used: age caf\xe9" in prepare(tmp_path / "x.csv").inventory.notes


@pytest.mark.parametrize("name", ["split", "fold", "Usage", "patient_id", "age"])
def test_a_column_of_something_else_beside_pixels_is_no_label(tmp_path: Path, name: str) -> None:
    images, labels = pictures(30, photo=True)
    header = ",".join([*(f"pixel{i}" for i in range(64)), name])
    (tmp_path / "x.csv").write_text(rows(images, [str(one % 2) for one in labels], last=True, header=header))
    dataset = prepare(tmp_path / "x.csv")
    assert dataset.labels is None
    assert f"columns that are not used: {name}" in dataset.inventory.notes
