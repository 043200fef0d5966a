"""A text as data: its codings, its line ends, and how it is told from a list of images."""

from __future__ import annotations

import codecs
import gzip
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faussaire.core.errors import DataError
from faussaire.data import prepare
from faussaire.modalities import of_spec

NAMES = [first + last for first in ("ma", "rí", "jo") for last in ("na", "söl", "to")]
TEXT = "\n".join(NAMES)


def lines_of(path: Path) -> list[str]:
    """Return the lines that are learnt from a file, sorted."""
    dataset = prepare(path, letters=9)
    assert dataset.spec.modality == "text"
    return sorted(of_spec(dataset.spec).from_rows(dataset.images[:]).tolist())


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        TEXT.replace("\n", "\n\n").encode(),
        TEXT.encode("latin-1"),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        TEXT.replace("ma", "m\0a").encode(),
        gzip.compress(TEXT.encode()),
        f"{TEXT}\n{'x' * 2**20}\n".encode(),
        TEXT.encode() + b"\n" + bytes([0xC3, 0xA4] * 3) + b"\xe9xxxxxxx",
    ],
    ids=("plain", "mark", "crlf", "cr", "empty lines", "latin-1", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "nul",
         "gzip", "a megabyte", "a broken byte"),
)  # fmt: skip
def test_however_a_text_is_written_its_lines_are_the_same(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "names.txt").write_bytes(content)
    assert lines_of(tmp_path / "names.txt") == sorted(NAMES)


@pytest.mark.parametrize("name", ["names", "names.text", "names.md", "names.csv"])
def test_text_has_many_names(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(TEXT, "utf-8")
    assert lines_of(tmp_path / name) == sorted(NAMES)


def test_strings_in_an_array_are_text(tmp_path: Path) -> None:
    np.save(tmp_path / "names.npy", np.array(NAMES))
    assert lines_of(tmp_path / "names.npy") == sorted(NAMES)


def test_a_folder_of_texts_has_a_class_for_each(tmp_path: Path) -> None:
    for name, lines in {"north": NAMES[:5], "south": NAMES[3:]}.items():
        (tmp_path / f"{name}.txt").write_text("\n".join(lines), "utf-8")
    dataset = prepare(tmp_path)
    assert dataset.inventory.class_counts == {"north": 5, "south": 6}


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "0 usable"), (b"\n \n", "2 rejected .*an empty line"), (bytes(range(256)) * 20, "is not text")],
)
def test_what_holds_no_lines_is_told_in_one(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "odd.txt").write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        prepare(tmp_path / "odd.txt")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (["a.png", "b.png"], "image"),
        (["a 1", "b 0"], "image"),
        (["file,label", "a,1", "b,0"], "image"),
        (["anna", "a", "maria", "rose", "joe"], "text"),
        (["Stop. And/or go.", "Look at a.png, he said,", "and left.", "So, so.", "Yes."], "text"),
        (["image", "key", "path"], "text"),
    ],
)
def test_a_list_of_images_names_images_and_anything_else_is_text(tmp_path: Path, lines: list[str], kind: str) -> None:
    for name, shade in (("a.png", 10), ("b.png", 200), ("a", 10), ("b", 200)):
        Image.new("L", (8, 8), shade).save(tmp_path / name, format="PNG")
    (tmp_path / "list.txt").write_text("\n".join(lines), "utf-8")
    dataset = prepare(tmp_path / "list.txt")
    assert dataset.spec.modality == kind
    assert any(note.startswith("read as text" if kind == "text" else "a list of") for note in dataset.inventory.notes)


def test_rows_of_numbers_are_no_text_but_numbers_of_one_to_a_line_are(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("1 2 3\n" * 50)
    with pytest.raises(DataError, match="a table of numbers, and neither text nor a table of pixels"):
        prepare(tmp_path / "x.txt")
    (tmp_path / "postcodes.txt").write_text("".join(f"{10_115 + 7 * i}\n" for i in range(50)))
    assert of_spec(prepare(tmp_path / "postcodes.txt").spec).name == "text"
