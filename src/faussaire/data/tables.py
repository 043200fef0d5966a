"""Images in text: a CSV of pixels, as Kaggle lays MNIST out (`label,pixel0,pixel1 …`), a row for each image.

A row has H·W values from 0 to 255 for a square grey image, or three times as many for one in colour (pixel by pixel),
after a label, if its header (or the number of its values) says that there is one. Values between 0 and 1 in all rows
are scaled. A row that does not fit is left out and said; 60,000 rows of MNIST take 5 s.
"""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np

from faussaire.data.arrays import array_source
from faussaire.data.dataset import Source
from faussaire.data.names import natural, shown
from faussaire.data.spool import Spool
from faussaire.errors import DataError

LABEL_NAMES = ("label", "labels", "class", "target", "category", "fine_label", "y", "digit", "emotion")
"""What the column of labels is called, in any case, in the order of preference."""

_ROWS = 2048
_MAX_LINE = 2**24  # characters; a table of images has no longer lines


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """What the columns are."""

    delimiter: str
    num_columns: int
    label: int | None
    header: bool
    shape: tuple[int, ...]


def looks_like_pixels(head: str) -> bool:
    """Whether a text that begins so is a table of pixels; `head` is its first line, and perhaps more."""
    return _layout_of(head.splitlines()[:2]) is not None


def table_source(path: Path, scratch: Path) -> Source:
    """Read a CSV of pixels.

    Raises:
        DataError: it cannot be read, or is no table of pixels.
    """
    spool = Spool(scratch)
    labels: list[str] = []
    problems: dict[int, str] = {}
    try:
        with _opened(path) as file:
            layout = _layout_of([file.readline(_MAX_LINE), file.readline(_MAX_LINE)])
            if layout is None:
                raise DataError(
                    f"{path} is not a table of pixels: label,pixel0,pixel1 … with a square number of pixels"
                )
            file.seek(0)
            if layout.header:
                file.readline(_MAX_LINE)
            scale = _scale(path, layout)
            size = math.prod(layout.shape)
            for values, named in _rows(file, layout):
                for row, label in zip(values, named, strict=True):
                    if isinstance(row, str):
                        problems[len(spool)] = row
                    labels.append(label)
                    spool.add(bytes(size) if isinstance(row, str) else np.rint(row * scale).astype(np.uint8).tobytes())
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        spool.close()
        raise DataError(f"{path} cannot be read as a table in UTF-8 ({error})") from error
    except BaseException:
        spool.close()
        raise
    return _source(path, layout, spool, labels, problems)


def _source(path: Path, layout: _Layout, spool: Spool, labels: list[str], problems: dict[int, str]) -> Source:
    notes = [f"read as a table of pixels, {'x'.join(map(str, layout.shape))}"]
    numbers, classes = None, None
    if layout.label is not None:
        classes = sorted({label for i, label in enumerate(labels) if i not in problems}, key=natural)
        number = {label: i for i, label in enumerate(classes)}
        numbers = np.array([number.get(label, 0) for label in labels], np.int64)
        notes.append("labels from the table")
    return array_source(
        spool.rows(layout.shape),
        labels=numbers,
        classes=classes,
        name=path.name.split(".")[0],
        where=str(path),
        notes=notes,
        problems=problems,
        close=spool.close,
    )


def _opened(path: Path) -> TextIO:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rt", encoding="utf-8-sig") if packed else path.open(encoding="utf-8-sig")


def _layout_of(lines: list[str]) -> _Layout | None:
    """Find the layout by the first two lines; None where it is no table of pixels."""
    lines = [line.strip().lstrip("\ufeff") for line in lines if line.strip()]
    if not lines:
        return None
    delimiter = max(",;\t", key=lines[-1].count)
    cells = [next(csv.reader([line], delimiter=delimiter), []) for line in lines]
    header = not all(_is_number(cell) for cell in cells[0][1:]) or cells[0][0].strip().lower() in LABEL_NAMES
    num = len(cells[0])
    if not header:
        label = None if _shape(num) else 0
    else:
        names = [cell.strip().lower() for cell in cells[0]]
        label = next((names.index(name) for name in LABEL_NAMES if name in names), None)
        if len(cells) > 1 and not all(_is_number(c) for i, c in enumerate(cells[1]) if i != label):
            return None
    shape = _shape(num - (label is not None))
    if shape is None or (len(cells) > 1 and len(cells[1]) != num):
        return None
    return _Layout(delimiter=delimiter, num_columns=num, label=label, header=header, shape=shape)


def _shape(num: int) -> tuple[int, ...] | None:
    """Return H, W or H, W, 3 of so many pixels; images of fewer than 4×4 are not taken for such."""
    for depth in (1, 3):
        side = math.isqrt(num // depth)
        if side >= 4 and side * side * depth == num:
            return (side, side) if depth == 1 else (side, side, 3)
    return None


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _rows(file: TextIO, layout: _Layout) -> Iterator[tuple[list[np.ndarray | str], list[str]]]:
    """Give blocks of rows: the values of each, or what is wrong with it, and its label."""
    while lines := [line for line in islice(iter(lambda: file.readline(_MAX_LINE), ""), _ROWS) if line.strip()]:
        table = _quickly(lines, layout)
        if table is None:
            checked = [_row(line, layout) for line in lines]
            yield [values for values, _ in checked], [label for _, label in checked]
        elif layout.label is None:
            yield list(table), [""] * len(table)
        else:
            yield list(np.delete(table, layout.label, axis=1)), [f"{x:g}" for x in table[:, layout.label]]


def _quickly(lines: list[str], layout: _Layout) -> np.ndarray | None:
    """Return float64 `[n, columns]` where every row is whole and in range; None where one is not."""
    try:
        table = np.loadtxt(lines, delimiter=layout.delimiter, ndmin=2, comments=None)
    except ValueError:
        return None
    values = table if layout.label is None else np.delete(table, layout.label, axis=1)
    whole = table.shape[1] == layout.num_columns and bool(((values >= 0) & (values <= 255)).all())
    return table if whole else None


def _row(line: str, layout: _Layout) -> tuple[np.ndarray | str, str]:
    """Return the values of one row, or what is wrong with it, and its label."""
    cells = next(csv.reader([line], delimiter=layout.delimiter), [])
    if len(cells) != layout.num_columns:
        return f"a row of {len(cells)} values, not {layout.num_columns}", ""
    label = "" if layout.label is None else shown(cells.pop(layout.label).strip())
    if not all(_is_number(cell) for cell in cells):
        return "a value that is no number", label
    values = np.array([float(cell) for cell in cells])
    if values.min() < 0 or values.max() > 255:
        return f"values from {values.min():g} to {values.max():g}: they go from 0 to 255", label
    return values, _as_number(label)


def _as_number(label: str) -> str:
    """Spell a number as the quick way does: 7.0 is 7."""
    return f"{float(label):g}" if _is_number(label) else label


def _scale(path: Path, layout: _Layout) -> float:
    """Return what values are multiplied by: 255 where the first rows have fractions and nothing above 1."""
    with _opened(path) as file:
        lines = [line for line in islice(file, 64) if line.strip()][1 if layout.header else 0 :]
    rows = [values for values, _ in (_row(line, layout) for line in lines) if not isinstance(values, str)]
    fractions = any((row % 1 != 0).any() for row in rows)
    return 255.0 if fractions and max(row.max() for row in rows) <= 1 else 1.0
