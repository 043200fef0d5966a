"""Which classes are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.given import images_as_given, labels_as_given
from data.zoo import png
from faussaire.core.errors import ConfigError, DataError
from faussaire.data import prepare
from faussaire.data.store.selection import class_by


def test_classes_are_kept_by_name_or_number_in_the_order_of_labels(class_folder: Path) -> None:
    dataset = prepare(class_folder, classes=("CAT", "0"))
    assert dataset.spec.classes == ("2", "cat")
    assert labels_as_given(dataset) == [0] * 3 + [1] * 3
    assert images_as_given(dataset)[:, 0, 0, 0].tolist() == [0, 1, 2, 20, 21, 22]


def test_a_name_is_taken_before_a_number(class_folder: Path) -> None:
    assert images_as_given(prepare(class_folder, classes=("2",)))[:, 0, 0, 0].tolist() == [0, 1, 2]


def test_an_unknown_class_is_answered_with_the_near_one(class_folder: Path) -> None:
    with pytest.raises(DataError, match=r"no class 'cats'; did you mean cat\? \(classes: 2, 10, cat\)"):
        prepare(class_folder, classes=("cats",))


def test_classes_of_unlabelled_data_are_answered_with_how_to_label(zoo_folder: Path) -> None:
    with pytest.raises(DataError, match=r"or a labels\.csv"):
        prepare(zoo_folder, classes=("cat",))


@pytest.mark.parametrize(
    ("asked", "classes", "number", "told"),
    [
        ("2", ("1", "2", "3"), 1, ""),
        ("0", ("1", "2", "3"), 0, "no class is called 0, so it is the one of that number: 1"),
        ("CAT", ("cat", "dog"), 0, ""),
        ("Cat", ("Cat", "cat"), 0, ""),
        ("7", ("6", "007"), 1, "class 7 is 007"),
        ("007", ("7", "007"), 1, ""),
        ("[hd]*", ("[hd]*", "h"), 0, ""),
        (" cat ", ("cat", "dog"), 0, ""),
        ("e\u0301", ("\u00e9", "e"), 0, ""),
        ("3", ("1", "2", "x"), None, ""),
        ("9" * 5000, ("1", "2"), None, ""),
    ],
)
def test_a_class_is_found_by_name_first_and_else_by_number(
    asked: str, classes: tuple[str, ...], number: int | None, told: str
) -> None:
    assert class_by(asked, classes) == (number, told)


@pytest.mark.parametrize(
    ("asked", "classes", "both"),
    [("cAT", ("Cat", "cat"), "Cat or cat"), ("1", ("a", "b", "01"), "01 by its name or b by its number")],
)
def test_a_class_that_may_be_two_is_asked_for_again(asked: str, classes: tuple[str, ...], both: str) -> None:
    with pytest.raises(ConfigError, match=f"class {asked} may be {both}.*: give the name as it is written"):
        class_by(asked, classes)


def test_what_was_chosen_by_number_is_said(tmp_path: Path) -> None:
    for value, name in enumerate(("1", "2", "3")):
        for i in range(2):
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / f"{i}.png").write_bytes(png(10 * value + i))
    dataset = prepare(tmp_path, classes=("0",))
    assert dataset.spec.classes == ("1",)
    assert any("classes kept: 1; no class is called 0, so it is the one" in note for note in dataset.inventory.notes)


def test_every_class_that_a_wildcard_means_is_kept_whatever_its_case(tmp_path: Path) -> None:
    for value, name in enumerate(("Cat", "cat", "cow", "dog")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "0.png").write_bytes(png(value))
    assert prepare(tmp_path, classes=("C*",)).spec.classes == ("Cat", "cat", "cow")


def test_why_there_are_no_classes_to_choose_from_is_said(tmp_path: Path) -> None:
    for i in range(2):
        (tmp_path / f"{i}.png").write_bytes(png(i))
    with pytest.raises(DataError, match=r"to choose cat by \(no labels: the images do not lie in folders of classes\)"):
        prepare(tmp_path, classes=("cat",))
