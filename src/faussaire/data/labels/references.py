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

from faussaire.core.names import shown
from faussaire.data.labels.labels import column_of_labels, is_number
from faussaire.data.labels.plausible import why_no_label, words_of
from faussaire.modalities import is_item

FILE_NAMES = (
    "file", "path", "filename", "file_name", "image", "img", "url", "image_path", "filepath", "file_path", "image_file",
    "image_filename", "image_name", "img_name", "img_path",
)  # fmt: skip
"""What the column of files is called, in any case."""

ID_NAMES = ("id", "image_id", "img_id", "imageid", "id_code", "uuid", "key")
"""What it is called where the names lack their suffix."""

REMOTE = ("http://", "https://")

DELIMITERS = ",;\t|"
"""What may stand between the cells of a table."""

_MOST_COLUMNS = 20  # of a table whose columns of labels is found by their values
_LABEL_WORDS = frozenset({"label", "labels", "class", "category"})
_LONGEST_CELL = 100  # lines
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

    names: Sequence[str]
    """What the columns are called."""

    file: int
    label: int | None = None
    delimiter: str = ","

    is_named: bool = False
    """Whether the column of labels is called as such are, and was not found by elimination."""

    why: str = ""
    """Why there is no column of labels, where that can be said."""


def columns_of(names: Sequence[str], rows: Sequence[Sequence[str]] = (), *, file: int | None = None) -> Columns | None:
    """Find the columns of files and labels by their names; None where none is called as files are.

    Where none is called as labels are, it is the only other one that may be, by its name and its values in `rows`.
    """
    plain = [re.sub(r"[\W_]+", "_", name).strip("_").lower() for name in names]
    if file is None:
        file = next((plain.index(name) for name in (*FILE_NAMES, *ID_NAMES) if name in plain), None)
    if file is None:
        return None
    label = column_of_labels(["" if i == file else name for i, name in enumerate(plain)])
    if label is not None or len(names) > _MOST_COLUMNS:
        return Columns(names=names, file=file, label=label, is_named=True)
    others = [i for i in range(len(names)) if i != file]
    hinted = [i for i in others if _LABEL_WORDS.intersection(words_of(names[i]))]
    others = hinted if len(hinted) == 1 else others
    reasons = {
        i: why_no_label(names[i], [row[i].strip() for row in rows if len(row) == len(names) and row[i].strip()])
        for i in others
    }
    able = [i for i, reason in reasons.items() if not reason]
    why = (
        "; ".join(f"its column {shown(names[i].strip())[:60]} {reason}" for i, reason in reasons.items())
        if not able
        else ""
    )
    return Columns(names=names, file=file, label=able[0] if len(able) == 1 else None, why=why)


def header_of(line: str, rows: Sequence[str] = ()) -> Columns | None:
    """Return what a line says as the header of a table with these rows; None where it is none."""
    for delimiter in DELIMITERS:
        if delimiter in line or delimiter == ",":
            columns = columns_of(cells_of(line, delimiter), [cells_of(row, delimiter) for row in rows])
            if columns is not None:
                return replace(columns, delimiter=delimiter)
    return None


def table_columns(lines: Sequence[str], exists: Exists) -> Columns | None:
    """Return the columns of a table that begins with a header; None where it does not.

    The header says which column names files, or else the files that are there.
    """
    kept = [line for line in lines if line.strip() and not line.startswith("#")]
    if not kept or exists(kept[0].strip()):
        return None
    by_name = header_of(kept[0], kept[1:])
    return by_name if by_name is not None else _columns_by_files(kept[0], kept[1:], exists)


def _columns_by_files(header: str, lines: Sequence[str], exists: Exists) -> Columns | None:
    for delimiter in DELIMITERS:
        names, sample = cells_of(header, delimiter), lines[:: max(1, len(lines) // _SAMPLE)]
        rows = [cells for line in sample if len(cells := cells_of(line, delimiter)) == len(names)]
        if len(names) < 2 or 2 * len(rows) < len(sample) or any(map(exists, names)):
            continue
        num_files = [
            sum(not is_number(row[i].strip()) and exists(row[i].strip()) for row in rows)
            for i in range(min(len(names), _MOST_COLUMNS))
        ]
        file = num_files.index(max(num_files))
        if 2 * num_files[file] > len(rows) and not _looks_like_file(names[file]):
            found = columns_of(names, [cells_of(line, delimiter) for line in lines], file=file)
            return found and replace(found, delimiter=delimiter)
    return None


def _looks_like_file(text: str) -> bool:
    return "/" in text or is_item(PurePosixPath(text.strip()).suffix.lower())


def names_files(lines: Sequence[str]) -> bool:
    """Whether the second of some lines has a cell that looks like the name of an image file."""
    cells = [cell for delimiter in DELIMITERS for line in lines[1:2] for cell in cells_of(line, delimiter)]
    return any(_looks_like_file(cell) for cell in cells)


def names_file(line: str, exists: Exists) -> bool:
    """Whether a line has a URL, something that looks like the name of an image file, or the name of a file."""
    words = re.split(r"""[\s,;|"']+""", line)
    if any(word.startswith(REMOTE) or is_item(PurePosixPath(word).suffix.lower()) for word in words):
        return True
    return any(exists(reading(line).target) for reading in _READINGS)


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
    return _with_whole_cells(re.split("\r\n|\r|\n", text))


def _with_whole_cells(lines: list[str]) -> list[str]:
    """Join lines of a table that a cell in quotes goes over; empty ones follow, so that others keep their number."""
    header = next((line for line in lines if line.strip()), "")
    delimiter = max(DELIMITERS, key=header.count)
    num_cells, found = len(cells_of(header, delimiter)), list(lines)
    for i, line in enumerate(lines):
        if not found[i] or line.count('"') % 2 == 0 or num_cells < 2:
            continue
        end = next((k for k in range(i + 1, min(i + _LONGEST_CELL, len(lines))) if lines[k].count('"') % 2), i)
        text = "\n".join(lines[i : end + 1])
        with suppress(csv.Error):
            if end > i and len(next(csv.reader([text], delimiter=delimiter, strict=True))) == num_cells:
                found[i : end + 1] = [text, *[""] * (end - i)]
    return found


def references(lines: Sequence[str], exists: Exists, columns: Columns | None) -> list[Reference]:
    """Return what the lines of a list say; `exists` tells whether there is a file of that name.

    A line that begins with `#` is a comment, unless there is such a file. A header, whose `columns` these are, comes
    before everything else.
    """
    numbered = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    kept = [(number, line) for number, line in numbered if not line.startswith("#")]
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
        extra, begin = len(cells) - len(columns.names), columns.file
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


def _numbered(line: str) -> Reference:
    """Read a number, labels and a target with tabs between, as MXNet has them."""
    cells = line.rstrip().split("\t")
    label = cells[1].strip() if len(cells) == 3 else ""
    return Reference(cells[-1], label or None, several=len(cells) > 3)


_READINGS: tuple[Reading, ...] = (
    _whole,
    *(_pair(mark, target_first=True) for mark in "\t,; "),
    *(_pair(mark, target_first=False) for mark in "\t,; "),
    _first_word,
    _numbered,
)
