"""A text file that is the data itself: a line each (names, places, words, verses), in whatever coding, packed or not.

A text may as well be a list of images (lists.py), and is one if it begins with the header of such a table, or if half
of its first 64 lines hold a URL, a name with the suffix of an image, or the name of a file that is there. Any other is
lines to learn from, and a note says so; but where half of those lines hold several numbers each and nothing else, it is
a table of numbers, which is no text.
"""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path, PurePosixPath

import numpy as np

from faussaire.core.disk import why_unread
from faussaire.core.errors import DataError
from faussaire.core.packed import most_bytes, unpacked
from faussaire.data.dataset import Source
from faussaire.data.labels.labels import is_number
from faussaire.data.sources.arrays import array_source
from faussaire.data.sources.kind import Head, SourceKind

_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
"""Byte-order marks, the longer first, and the codings that they tell."""

_SUFFIXES = ("", ".txt", ".text", ".lst", ".md", ".dic")
_TABLES = (".csv", ".tsv")
_ODD_SHARE = 0.1  # of the bytes of a text that may be no signs; beyond, it is none
_CONTROLS = bytes({*range(32)} - {*b"\t\n\r\f\v\x1b"}) + b"\x7f"
_CELL = re.compile(r"[^\s,;|]+")
_LOOKED_AT = 64  # lines
_BEGINNING = 2**16  # characters in which they lie
_ENDS = re.compile("\r\n|[\n\r\u2028\u2029]")


def is_lines(head: Head) -> bool:
    """Whether a file is text, and by its name no program, table or the like: of a table, whether it has one column."""
    name = head.path.name.lower()
    suffix = PurePosixPath(name.removesuffix(PurePosixPath(name).suffix) if head.is_packed else name).suffix
    if not head.inside or suffix not in (*_SUFFIXES, *_TABLES):
        return False
    coding = _coding(head.inside)
    if coding is None:
        return False
    text = head.inside.decode(coding, "replace")
    return not _holds_numbers(text) and (suffix in _SUFFIXES or not _has_columns(text))


def _has_columns(text: str) -> bool:
    """Whether more than one in ten of some lines are cells of a table."""
    lines = _ENDS.split(text)
    return 10 * sum(any(mark in line for mark in ",;\t") for line in lines) > len(lines)


def _holds_numbers(text: str) -> bool:
    """Whether half of the first lines are rows of a table of numbers; one number alone may be a year or a postcode."""
    found = (_CELL.findall(line) for line in _ENDS.split(text[:_BEGINNING]))
    rows = list(islice(filter(None, found), _LOOKED_AT))
    return 2 * sum(len(cells) > 1 and all(map(is_number, cells)) for cells in rows) >= len(rows) > 0


def lines_source(path: Path, scratch: Path) -> Source:
    """Make a source of the lines of a text.

    Raises:
        DataError: it cannot be read, or is no text.
    """
    try:
        with unpacked(path) as stream:
            data = stream.read(most_bytes(path) + 1)
    except DataError:
        raise
    except OSError as error:
        raise DataError(f"{path} cannot be read: {why_unread(error)}") from error
    except Exception as error:  # each kind of compression has its own
        raise DataError(f"{path} cannot be unpacked ({error or type(error).__name__})") from error
    coding = _coding(data)
    if coding is None:
        raise DataError(f"{path} is not text: save it as UTF-8, a line for each name, word or verse")
    text = data.decode(coding, "replace")
    if _holds_numbers(text):
        raise DataError(
            f"{path} is a table of numbers, and neither text nor a table of pixels: the row of an image holds a square "
            "number of pixels, or three times that in colour"
        )
    lines = _ENDS.split(text)
    if lines and not lines[-1]:
        lines.pop()  # what follows the last end
    notes = [f"read as text: {len(lines):,} lines"]
    if coding not in ("utf-8", "utf-8-sig"):
        notes.append(f"not UTF-8, but {coding}, and read so")
    name = path.name.split(".")[0] or path.name
    return array_source(np.array(lines, dtype=object), name=name, where=str(path), notes=notes)


def _coding(data: bytes) -> str | None:
    """Return the coding of a text, or of its beginning; None where it is none.

    Without a mark it is UTF-16 if every other byte is 0; UTF-8 if most letters beyond ASCII are whole in it; else
    Windows-1252, in which Latin-1 is written, as any bytes can be that.
    """
    marked = next((coding for mark, coding in _MARKS.items() if data.startswith(mark)), None)
    if marked is not None:
        return marked
    for coding, zeros in (("utf-16-le", data[1::2]), ("utf-16-be", data[::2])):
        if len(data) > 3 and zeros.count(0) > 0.9 * len(zeros) and data.count(0) < 0.6 * len(data):
            return coding
    odd = len(data) - len(data.translate(None, _CONTROLS))
    if odd > _ODD_SHARE * len(data):
        return None
    text = data.decode("utf-8", "surrogateescape")
    strange = [sign for sign in text if not sign.isascii()]
    broken = sum("\udc80" <= sign <= "\udcff" for sign in strange)
    return "cp1252" if 2 * broken > len(strange) else "utf-8"


TEXT = SourceKind(
    name="lines",
    open=lines_source,
    recognises=is_lines,
    patterns=("*.txt", "*.text", "*.txt.*"),
    title=lambda path: path.name.split(".")[0] or path.name,
)
