"""Images in text: a CSV of pixels, as Kaggle lays MNIST out (`label,pixel0,pixel1 …`), a row for each image.

A row has H·W values from 0 to 255 for a square grey image, or three times as many for one in colour (pixel by pixel),
and perhaps a label (columns.py). Values between 0 and 1 in all rows
are scaled. A row that does not fit is left out and said; 60,000 rows of MNIST take 5 s.
"""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np

from faussaire.data.arrays import array_source
from faussaire.data.columns import Layout, decided, layout_of
from faussaire.data.dataset import Source
from faussaire.data.labels import classes_of, is_number
from faussaire.data.spool import Spool
from faussaire.errors import DataError

_ROWS = 2048
_MAX_LINE = 2**24  # characters; a table of images has no longer lines


def looks_like_pixels(head: str) -> bool:
    """Whether a text that begins so is a table of pixels; `head` is its first line, and perhaps more."""
    return layout_of(head.splitlines()[:2]) is not None


def table_source(path: Path, scratch: Path) -> Source:
    """Read a CSV of pixels.

    Raises:
        DataError: it cannot be read, or is no table of pixels.
    """
    spool = Spool(scratch)
    labels: list[str | None] = []
    problems: dict[int, str] = {}
    try:
        with _opened(path) as file:
            layout = _layout(path, file)
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


def _layout(path: Path, file: TextIO) -> Layout:
    """Find the layout of an open table, and leave it open at its beginning.

    Raises:
        DataError: it is no table of pixels, or does not tell which column is the label.
    """
    layout = layout_of([file.readline(_MAX_LINE), file.readline(_MAX_LINE)])
    if layout is None:
        raise DataError(f"{path} is not a table of pixels: label,pixel0,pixel1 … with a square number of pixels")
    file.seek(0)
    known = decided(layout, islice(iter(lambda: file.readline(_MAX_LINE), ""), int(layout.header), None))
    if known is None:
        raise DataError(
            f"{path}: the class may be the first or the last of its {layout.num_columns} columns, and the values "
            "do not tell which: begin the file with a line that says it, label,pixel0,pixel1 … or pixel0,pixel1 … label"
        )
    file.seek(0)
    return known


def _source(path: Path, layout: Layout, spool: Spool, labels: list[str | None], problems: dict[int, str]) -> Source:
    found = classes_of([None if i in problems else label for i, label in enumerate(labels)])
    notes = [f"read as a table of pixels, {'x'.join(map(str, layout.shape))}", *layout.notes]
    if found.numbers is not None:
        notes.append("labels from the table")
    return array_source(
        spool.rows(layout.shape),
        labels=found,
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


Values = np.ndarray | str  # the values of a row, or what is wrong with it


def _rows(file: TextIO, layout: Layout) -> Iterator[tuple[Sequence[Values], Sequence[str | None]]]:
    """Give blocks of rows: the values of each, or what is wrong with it, and its label."""
    while lines := [line for line in islice(iter(lambda: file.readline(_MAX_LINE), ""), _ROWS) if line.strip()]:
        labels = _labels_at_the_edge(lines, layout)
        table = None if labels is None else _quickly(lines, layout)
        if table is None or labels is None:
            checked = [_row(line, layout) for line in lines]
            yield [values for values, _ in checked], [label for _, label in checked]
        else:
            yield list(table), labels


def _labels_at_the_edge(lines: list[str], layout: Layout) -> Sequence[str | None] | None:
    """Return the label of each line where the first or the last column is the label; None where it takes more."""
    mark, label = layout.delimiter, layout.label
    if label is None:
        return [None] * len(lines)
    if label not in (0, layout.num_columns - 1):
        return None
    labels = [line.split(mark, 1)[0] if label == 0 else line.rpartition(mark)[2].strip() for line in lines]
    return None if any('"' in text for text in labels) else labels


def _quickly(lines: list[str], layout: Layout) -> np.ndarray | None:
    """Return float64 `[n, pixels]` where every row is whole and in range; None where one is not."""
    if layout.in_one_cell or any(line.count(layout.delimiter) != layout.num_columns - 1 for line in lines):
        return None
    try:
        values = np.loadtxt(lines, delimiter=layout.delimiter, ndmin=2, comments=None, usecols=layout.pixels)
    except ValueError:
        return None
    return values if bool(((values >= 0) & (values <= 255)).all()) else None


def _row(line: str, layout: Layout) -> tuple[Values, str | None]:
    """Return the values of one row, or what is wrong with it, and its label."""
    cells = next(csv.reader([line], delimiter=layout.delimiter), [])
    if len(cells) != layout.num_columns:
        return f"a row of {len(cells)} values, not {layout.num_columns}", None
    label = None if layout.label is None else cells[layout.label].strip()
    pixels = cells[layout.pixels[0]].split() if layout.in_one_cell else [cells[i] for i in layout.pixels]
    if len(pixels) != math.prod(layout.shape):
        return f"{len(pixels)} pixels, not {math.prod(layout.shape)}", label
    if not all(is_number(cell.strip()) for cell in pixels):
        return "a value that is no number", label
    values = np.array([float(cell) for cell in pixels])
    if values.min() < 0 or values.max() > 255:
        return f"values from {values.min():g} to {values.max():g}: they go from 0 to 255", label
    return values, label


def _scale(path: Path, layout: Layout) -> float:
    """Return what values are multiplied by: 255 where the first rows have fractions and nothing above 1."""
    with _opened(path) as file:
        lines = [line for line in islice(file, 64) if line.strip()][1 if layout.header else 0 :]
    rows = [values for values, _ in (_row(line, layout) for line in lines) if not isinstance(values, str)]
    fractions = any((row % 1 != 0).any() for row in rows)
    return 255.0 if fractions and max(row.max() for row in rows) <= 1 else 1.0
