"""Lines of text that name images, perhaps with a label: how they are written, and what they mean.

A header, or the lines themselves, say how: a path alone, or a path and a label with a comma, semicolon, tab or blank
between, in either order. Blanks, commas, quotes and `#` may be part of a name, so that reading counts by which most of
the lines name files that are there.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from faussaire.data.labels.labels import column_of_labels
from faussaire.modalities import is_item

FILE_NAMES = (
    "file", "path", "filename", "file_name", "image", "img", "url", "image_path", "filepath", "file_path", "image_file",
    "image_filename", "image_name", "img_name", "img_path",
)  # fmt: skip
"""What the column of files is called, in any case."""

ID_NAMES = ("id", "image_id", "img_id", "imageid", "id_code", "uuid", "key")
"""What it is called where the names lack their suffix."""

REMOTE = ("http://", "https://")

_NO_LABELS = frozenset(
    {"text", "caption", "captions", "description", "prompt", "title", "url", "date", "time", "split", "usage", "width",
     "height", "size", "md5", "sha256", "source", "license", "licence", "author"}
)  # fmt: skip
_SAMPLE = 200  # lines by which the way of reading is chosen

Exists = Callable[[str], bool]
Reading = Callable[[str], "Reference"]


@dataclass(frozen=True, slots=True)
class Reference:
    """What a line says."""

    target: str
    """Path or URL, as it was written."""

    label: str | None = None
    """As it was written; None where there is none, or where there are several."""

    line: int = 0
    """Number of the line, from 1 on."""

    several: bool = False
    """Whether there are several labels."""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which columns of a table name images and labels."""

    file: int
    label: int | None
    delimiter: str = ","
    count: int = 0


def columns_of(names: Sequence[str]) -> Columns | None:
    """Find the columns of files and labels by their names; None where none is called as files are.

    Of two columns, one of which names files, the other is the label, unless its name says that it is something else.
    """
    plain = [name.strip().strip("\ufeff\"'").lower() for name in names]
    file = next((plain.index(name) for name in (*FILE_NAMES, *ID_NAMES) if name in plain), None)
    if file is None:
        return None
    label = column_of_labels(plain)
    if label is None and len(plain) == 2 and plain[1 - file] not in _NO_LABELS:
        label = 1 - file
    return Columns(file=file, label=None if label == file else label, count=len(plain))


def header_of(line: str) -> Columns | None:
    """Return what a line says as the header of a table; None where it is none."""
    for delimiter in ",;\t":
        if delimiter in line or delimiter == ",":
            columns = columns_of(cells_of(line, delimiter))
            if columns is not None:
                return replace(columns, delimiter=delimiter)
    return None


def cells_of(line: str, delimiter: str) -> list[str]:
    """Return the cells of one line of a table; a quote that is never closed is a letter."""
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return line.split(delimiter)


def text_lines(data: bytes) -> list[str]:
    """Return the lines of a text in UTF-8, or in UTF-16 with its mark; of names in another coding, their bytes."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
    else:
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    return re.split("\r\n|\r|\n", text)


def references(lines: Sequence[str], exists: Exists) -> list[Reference]:
    """Return what the lines of a list say; `exists` tells whether there is a file of that name.

    A line that begins with `#` is a comment, unless there is such a file. A header comes before everything else.
    """
    numbered = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    kept = [(number, line) for number, line in numbered if not line.startswith("#")]
    columns = header_of(kept[0][1]) if kept and not exists(kept[0][1].strip()) else None
    best: Reading = _whole
    others = _READINGS
    if columns is not None or (kept and _is_header_in_blanks(kept[0][1], exists)):
        numbered = [(number, line) for number, line in numbered if number != kept[0][0]]
    if columns is not None:
        best, others = _by_columns(columns, exists), ()
    else:
        sample = [line for _, line in numbered[:: max(1, len(numbered) // _SAMPLE)] if not line.startswith("#")]
        best = max(_READINGS, key=lambda reading: sum(_likely(reading(line), exists) for line in sample))
    found = []
    for number, line in numbered:
        reference = best(line)
        if not _is_there(reference.target, exists):
            readings = (reading(line) for reading in others)
            reference = next((other for other in readings if exists(other.target)), reference)
        if not line.startswith("#") or exists(reference.target):
            found.append(replace(reference, line=number))
    return found


def _is_header_in_blanks(line: str, exists: Exists) -> bool:
    """Whether a line is the header of a list with blanks between, `file label`."""
    columns = columns_of(line.split())
    return columns is not None and columns.label is not None and not exists(line.strip())


def _is_there(target: str, exists: Exists) -> bool:
    return target.startswith(REMOTE) or exists(target)


def _likely(reference: Reference, exists: Exists) -> float:
    """Return how likely it is that this was meant, from 0 to 1."""
    if not reference.target.startswith(REMOTE):
        named = is_item(PurePosixPath(reference.target).suffix.lower())
        return 1.0 if exists(reference.target) else 0.001 * named
    if re.search(r"\s", reference.target):
        return 0.0
    with suppress(ValueError):  # no URL
        return 1.0 if is_item(PurePosixPath(urlsplit(reference.target).path).suffix.lower()) else 0.5
    return 0.0


def _by_columns(columns: Columns, exists: Exists) -> Reading:
    def read(line: str) -> Reference:
        cells = cells_of(line, columns.delimiter)
        extra, begin = len(cells) - columns.count, columns.file
        if extra > 0:  # a name with the delimiter in it, and no quotes around
            whole = columns.delimiter.join(cells[begin : begin + extra + 1])
            if exists(whole.strip()):
                cells[begin : begin + extra + 1] = [whole]
        label = cells[columns.label].strip() if columns.label is not None and columns.label < len(cells) else ""
        return Reference(cells[begin].strip() if begin < len(cells) else "", label or None)

    return read


def _whole(line: str) -> Reference:
    return Reference(_unquoted(line))


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 2 and text[0] == text[-1] and text[0] in "\"'" else text


def _pair(mark: str, *, target_first: bool) -> Reading:
    """Return the reading of a target and a label with `mark` between (a blank: any number of them)."""

    def read(line: str) -> Reference:
        text = line.strip()
        blanks = text.rsplit(None, 1) if target_first else text.split(None, 1)
        cells = blanks if mark == " " else cells_of(text.rstrip(mark), mark)
        if len(cells) < 2:
            return _whole(line)
        label = cells.pop(-1 if target_first else 0)
        return Reference(_unquoted(mark.join(cells)), label.strip() or None)

    return read


def _first_word(line: str) -> Reference:
    """Read a target and several labels with blanks between."""
    words = line.split()
    return Reference(words[0] if words else "", several=len(words) > 2)


_READINGS: tuple[Reading, ...] = (
    _whole,
    *(_pair(mark, target_first=True) for mark in "\t,; "),
    *(_pair(mark, target_first=False) for mark in "\t,; "),
    _first_word,
)
