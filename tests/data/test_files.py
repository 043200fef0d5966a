"""Names and tables of labels."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.given import labels_as_given
from faussaire.core.errors import DataError
from faussaire.core.names import natural, slug
from faussaire.data import prepare


@pytest.mark.parametrize(
    "text",
    [
        "file,label\n10/0.png,blue\ncat/1.png,red\n",
        "\ufefffile;label\r\n10\\0.png;blue\r\n./cat/1.png;red\r\n",
        ' File , Label \n"10/0.png","blue"\n\ncat/1.png, red \n',
    ],
)
def test_a_table_of_labels_comes_before_the_folders(class_folder: Path, text: str) -> None:
    (class_folder / "labels.csv").write_text(text, "utf-8", newline="")
    dataset = prepare(class_folder)
    assert dataset.spec.classes == ("blue", "red")
    assert labels_as_given(dataset) == [0, 1]
    assert {record.note for record in dataset.inventory.rejected} == {"no row for it in labels.csv"}


def test_rows_that_name_no_image_are_told(class_folder: Path) -> None:
    (class_folder / "labels.csv").write_text("file,label\n10/0.png,a\ncat/1.png,b\nnope.png,c\n")
    dataset = prepare(class_folder)
    assert dataset.spec.classes == ("a", "b")
    assert any("name no image here: 1 (first: nope.png)" in note for note in dataset.inventory.notes)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "must begin with the line"),
        (b"name,class\na.png,1\n", "must begin with the line"),
        (b"file,label\na.png\n", "row 2: expected a file and its label"),
        (b"file,label\na.png,\n", "row 2: expected a file and its label"),
        (b"file,label\na.png,1\na.png,2\n", "row 3: a.png has two labels"),
        (b"file,label\n\xe9.png,1\n", "names no image here"),
        (b'file,label\n"a.png,1\n', "cannot be read"),
    ],
)
def test_a_broken_table_of_labels_is_told(class_folder: Path, data: bytes, message: str) -> None:
    (class_folder / "labels.csv").write_bytes(data)
    with pytest.raises(DataError, match=message):
        prepare(class_folder)


@given(st.text(max_size=80))
def test_a_slug_is_fit_for_a_folder(name: str) -> None:
    text = slug(name)
    assert 0 < len(text) <= 60
    assert text[0] != "-"
    assert not set(text) & set("/\\. \0\n")
    assert slug(text) == text


@given(st.lists(st.integers(0, 10**6), unique=True))
def test_numbers_sort_naturally(numbers: list[int]) -> None:
    assert sorted(map(str, numbers), key=natural) == [str(number) for number in sorted(numbers)]


@given(st.lists(st.text(max_size=8)))
def test_any_names_can_be_sorted(names: list[str]) -> None:
    backwards = names[::-1]
    assert sorted(names, key=natural) == sorted(backwards, key=natural)
