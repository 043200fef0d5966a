"""Which classes are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.given import images_as_given, labels_as_given
from faussaire.data import prepare
from faussaire.errors import DataError


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
