"""The lines of a table of numbers in text, in one spelling, however it was packed, encoded and written.

Between the values may stand commas, semicolons, tabs, bars or blanks; with anything but commas, a comma may be the
decimal point. Lines that begin with `#` or `%` are comments, as `numpy.savetxt` writes them, but for one above the data
that names their columns. What comes out has points in its numbers, and one mark between any two values.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, TextIO

from faussaire.core.disk import read_file
from faussaire.core.errors import DataError
from faussaire.core.names import shortened
from faussaire.core.packed import most_bytes, unpacked
from faussaire.data.labels.labels import is_number
from faussaire.data.sources.kind import BYTE_ORDER_MARKS
from faussaire.data.sources.zips import BEGINS
from faussaire.modalities import is_item

_MAX_LINE = 2**24  # characters; a table of images has no longer lines
_SAMPLE = 8  # lines by which the marks are found
_FEW = 3  # marks in a line that need not be between its values
_MARKS = ";\t|"
_COMMENTS = ("#", "%")
_TABLES = (".csv", ".tsv")

csv.field_size_limit(_MAX_LINE)  # a cell may hold all pixels of an image; Python's limit is 2**17 characters


@dataclass(frozen=True, kw_only=True)
class _Spelling:
    """How values are written."""

    mark: str = ","
    """Between the values; empty for any number of blanks."""

    decimal_comma: bool = False

    trailing: bool = False
    """Whether a mark ends every line."""

    def plain(self, line: str) -> str:
        """Return a line with points in its numbers and commas, semicolons or tabs between them."""
        if self.decimal_comma:
            line = line.replace(",", ".")
        if not self.mark:
            return "\t".join(line.split())
        line = line.rstrip("\r\n")
        if self.trailing:
            line = line.removesuffix(self.mark)
        return line.replace("|", "\t") if self.mark == "|" else line


class TableLines:
    """The lines of a table: iterate over them, more than once if need be.

    Args:
        path: the file, packed or not.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage = ""
        """Why what followed the last line could not be read, after a whole iteration."""

    def __iter__(self) -> Iterator[str]:
        with ExitStack() as stack:
            lines = self._raw(stack)
            sample = list(islice(lines, _SAMPLE))
            spelling = _spelling_of([line for line in sample if not line.startswith(_COMMENTS)])
            yield from _uncommented(sample, spelling)
            yield from (spelling.plain(line) for line in lines if not line.startswith(_COMMENTS))

    def head(self) -> list[str]:
        """Return the first two lines that have as many values as most of the first few; none that cannot be read."""
        try:
            lines = list(islice(self, _SAMPLE))
        except (OSError, DataError, UnicodeError):
            return []
        if not lines:
            return []
        mark = max(",;\t", key=lines[-1].count)
        counts = Counter(line.count(mark) for line in lines)
        return [line for line in lines if counts[line.count(mark)] == max(counts.values())][:2]

    def _raw(self, stack: ExitStack) -> Iterator[str]:
        """Give the lines that are not blank, as they are; stop before damage.

        Raises:
            DataError: nothing can be read, or it unpacks to far more than it should.
        """
        self.damage = ""
        left, num_lines = most_bytes(self.path), 0
        file: TextIO | None = None
        while True:
            try:
                file = file or _text(self.path, stack)
                line = file.readline(_MAX_LINE)
            except DataError:
                raise
            except Exception as error:  # each kind of compression has its own
                self.damage = shortened(str(error)) or type(error).__name__
                if not num_lines:
                    raise DataError(f"{self.path} cannot be read as a table ({self.damage})") from error
                return
            left -= len(line)
            if left < 0:
                raise DataError(f"{self.path} unpacks to far more than its size: this is no table of images")
            if not line:
                return
            num_lines += 1
            if line.strip():
                yield line


def _text(path: Path, stack: ExitStack) -> TextIO:
    """Open a text in UTF-8, or in UTF-16 where it begins so; bytes that are neither become what cannot be shown."""
    if read_file(str(path), 4).startswith(BEGINS):
        archive = stack.enter_context(zipfile.ZipFile(path))
        stream: Any = stack.enter_context(archive.open(table_in(archive) or ""))
    else:
        stream = stack.enter_context(unpacked(path))
    wide = stream.peek(2)[:2] in BYTE_ORDER_MARKS
    text = io.TextIOWrapper(stream, encoding="utf-16" if wide else "utf-8-sig", errors="surrogateescape", newline=None)
    return stack.enter_context(text)


def table_in(archive: zipfile.ZipFile) -> str | None:
    """Return the only table of a zip, or that of the training part; None where there are images or zips."""
    names = [name for name in archive.namelist() if not name.endswith("/") and "__MACOSX" not in name]
    suffixes = {PurePosixPath(name).suffix.lower() for name in names}
    if ".zip" in suffixes or any(map(is_item, suffixes)):
        return None
    tables = [name for name in names if PurePosixPath(name).suffix.lower() in _TABLES]
    wanted = tables if len(tables) == 1 else [name for name in names if "train" in PurePosixPath(name).name.lower()]
    return wanted[0] if len(wanted) == 1 else None


def _spelling_of(lines: list[str]) -> _Spelling:
    """Find how values are written by the last of some lines: the first may be a header."""
    if not lines:
        return _Spelling()
    line = lines[-1].strip("\r\n")
    blanks = line.split()
    if line.count(",") * 2 > len(blanks) > _FEW and _all_numbers(blanks, decimal_comma=True):
        return _Spelling(mark="", decimal_comma=True)
    if not any(mark in line for mark in f",{_MARKS}"):
        return _Spelling(mark="")
    mark = max(_MARKS, key=line.count)
    cells = line.removesuffix(mark).split(mark)
    decimal_comma = len(cells) > _FEW and "," in line and _all_numbers(cells[1:-1], decimal_comma=True)
    if not decimal_comma and line.count(",") >= line.count(mark):
        mark = ","
    return _Spelling(
        mark=mark,
        decimal_comma=decimal_comma,
        trailing=line.count(mark) > _FEW and all(one.rstrip("\r\n").endswith(mark) for one in lines),
    )


def _all_numbers(cells: list[str], *, decimal_comma: bool) -> bool:
    return all(is_number(cell.strip().replace(",", ".") if decimal_comma else cell.strip()) for cell in cells)


def _uncommented(sample: list[str], spelling: _Spelling) -> Iterator[str]:
    """Give the first lines without comments, but for a last one before the data that has as many cells as these."""
    plain = [spelling.plain(line.lstrip("".join(_COMMENTS)).strip()) for line in sample]
    data = next((i for i, line in enumerate(sample) if not line.startswith(_COMMENTS)), len(sample))
    mark = spelling.mark.replace("|", "\t") or "\t"
    names = 0 < data < len(sample) and plain[data - 1].count(mark) == plain[data].count(mark) >= _FEW
    for i, line in enumerate(sample):
        if not line.startswith(_COMMENTS):
            yield spelling.plain(line)
        elif names and i == data - 1:
            yield plain[i]
