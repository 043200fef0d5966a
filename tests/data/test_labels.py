"""From labels as they were written to classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from data.given import images_as_given, labels_as_given
from data.zoo import png
from faussaire.data import Dataset, prepare
from faussaire.data.labels.labels import classes_of, spelt

pytestmark = pytest.mark.usefixtures("in_this_process")


def table_of(path: Path, labels: list[str], *, header: str = "label") -> Path:
    """Write a table of images 8x8 whose pixels all are their number, the label first."""
    lines = [",".join([header, *(f"pixel{i}" for i in range(64))])]
    path.write_text("\n".join([*lines, *(",".join([label, *[str(i)] * 64]) for i, label in enumerate(labels))]))
    return path


def named(dataset: Dataset) -> dict[int, str]:
    """Return the class of each image by its first pixel."""
    pixels = images_as_given(dataset)[:, 0, 0, 0].tolist()
    return {value: dataset.spec.classes[label] for value, label in zip(pixels, labels_as_given(dataset), strict=True)}


@pytest.mark.parametrize(
    ("written", "classes"),
    [
        (["1000001", "1000002", "1000003", "1000004"], ("1000001", "1000002", "1000003", "1000004")),
        (["7", "007", "7.0", "7"], ("007", "7", "7.0")),
        (["10", "9", "-1", "0.5", "1e1"], ("-1", "0.5", "9", "10", "1e1")),
        (["12345678901234567890", "12345678901234567891"], ("12345678901234567890", "12345678901234567891")),
        (["True", "False", "true"], ("False", "True", "true")),
        (["n10", "n9", "n9"], ("n9", "n10")),
        ([" cat", "cat ", "dog"], ("cat", "dog")),
    ],
)
def test_the_text_of_a_label_is_its_class(tmp_path: Path, written: list[str], classes: tuple[str, ...]) -> None:
    dataset = prepare(table_of(tmp_path / "x.csv", written))
    assert dataset.spec.classes == classes
    assert named(dataset) == {i: label.strip() for i, label in enumerate(written)}


def test_a_label_is_read_the_same_way_beside_a_damaged_row(tmp_path: Path) -> None:
    path = table_of(tmp_path / "x.csv", ["1000001", "1000002", "007", "7"])
    path.write_text(path.read_text() + "\n1000003,broken")
    assert prepare(path).spec.classes == ("007", "7", "1000001", "1000002")


def test_an_image_without_a_label_is_left_out_where_others_have_one(tmp_path: Path) -> None:
    dataset = prepare(table_of(tmp_path / "x.csv", ["1", "", "2", "nan", "NaN", "1", " "]))
    assert named(dataset) == {0: "1", 2: "2", 5: "1"}
    assert [record.note for record in dataset.inventory.rejected] == ["no label"] * 4


def test_nan_is_a_name_among_names() -> None:
    assert classes_of(["nan", "roti", "nan"]).classes == ("nan", "roti")


def test_without_any_label_there_are_no_classes(tmp_path: Path) -> None:
    dataset = prepare(table_of(tmp_path / "x.csv", ["", "", ""]))
    assert (len(dataset.images), dataset.labels) == (3, None)


def test_labels_that_are_shown_alike_stay_two_classes() -> None:
    found = classes_of(["a\x01", "a\x02", "a\x01"])
    assert found.numbers is not None
    assert (found.numbers.tolist(), len(set(found.classes))) == ([0, 1, 0], 2)


def test_a_label_for_each_image_is_no_class(tmp_path: Path) -> None:
    dataset = prepare(table_of(tmp_path / "x.csv", [f"id{i:05}" for i in range(120)]))
    assert (len(dataset.images) + len(dataset.held_out), dataset.labels, dataset.held_out_labels) == (120, None, None)
    assert any(
        note.startswith("no classes: 120 images have 120 different labels (id00000 …)")
        for note in dataset.inventory.notes
    )


@pytest.mark.parametrize("count", [99, 101])
def test_many_classes_need_two_images_each_on_average(count: int) -> None:
    labels = [f"c{i % 51}" for i in range(count)]
    assert len(classes_of(labels).classes) == (51 if count >= 102 else 0)


def test_ten_thousand_numbers_of_images_are_no_classes_of_an_array(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", images=np.zeros((10_000, 4, 4), np.uint8), labels=np.arange(10_000))
    dataset = prepare(tmp_path / "x.npz")
    assert dataset.labels is None
    assert any("10,000 different labels" in note for note in dataset.inventory.notes)


def test_a_measure_is_no_class() -> None:
    found = classes_of([f"{i % 60 / 7:.3f}" for i in range(600)])
    assert found.numbers is None
    assert found.notes[0].startswith("no classes: the labels are 60 different fractions")


def test_many_whole_numbers_are_classes_where_they_come_often() -> None:
    assert len(classes_of([str(i % 200) for i in range(600)]).classes) == 200


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7, "7"),
        (7.0, "7"),
        (7.5, "7.5"),
        (1e6, "1000000"),
        (True, "True"),
        (float("nan"), None),
        (None, None),
        ("", None),
        (b"cat", "cat"),
        (["cat"], "cat"),
        (["cat", "dog"], None),
        ([], None),
        ({"a": 1}, None),
    ],
)
def test_a_typed_value_has_one_text(value: object, text: str | None) -> None:
    assert spelt(value) == text


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (np.array([1.0, 2.0, 1.0]), ("1", "2")),
        (np.array([True, False, True]), ("False", "True")),
        (np.array(["cat", "dog", "cat"]), ("cat", "dog")),
        (np.array([b"caf\xe9", b"caf\xe8", b"caf\xe9"]), ("caf\\xe8", "caf\\xe9")),
        (np.array([[0, 1], [1, 0], [0, 1]]), ("0", "1")),
        (np.array([10**15 + 1, 10**15 + 2, 10**15 + 1]), ("1000000000000001", "1000000000000002")),
    ],
)
def test_labels_of_an_array_may_be_of_any_type(tmp_path: Path, labels: np.ndarray, classes: tuple[str, ...]) -> None:
    images = np.arange(3, dtype=np.uint8).repeat(64).reshape(3, 8, 8)
    np.savez(tmp_path / "x.npz", images=images, labels=labels)
    dataset = prepare(tmp_path / "x.npz")
    assert dataset.spec.classes == classes
    assert len(set(named(dataset).values())) == 2
    assert named(dataset)[0] == named(dataset)[2]


@pytest.mark.parametrize(
    ("labels", "why"), [([1.0, None, 2.0, 1.0], "no label"), ([["a"], ["a", "b"], ["b"], ["a"]], "several labels")]
)
def test_columns_of_parquet_with_gaps_or_several_labels(tmp_path: Path, labels: list[object], why: str) -> None:
    pyarrow.parquet.write_table(
        pyarrow.table({"image": [png(i) for i in range(4)], "label": labels}), tmp_path / "x.parquet"
    )
    dataset = prepare(tmp_path / "x.parquet")
    assert list(named(dataset)) == [0, 2, 3]
    assert len(dataset.spec.classes) == 2
    assert [record.note for record in dataset.inventory.rejected] == [why]


def test_where_every_image_has_several_labels_none_is_left_out(tmp_path: Path) -> None:
    cells = {"image": [png(i) for i in range(3)], "labels": [["a", "b"], ["b", "c"], ["a", "c"]]}
    pyarrow.parquet.write_table(pyarrow.table(cells), tmp_path / "x.parquet")
    dataset = prepare(tmp_path / "x.parquet")
    assert (len(dataset.images), dataset.labels) == (3, None)
    assert "no labels: the column 'labels' gives several to 3 images" in dataset.inventory.notes
