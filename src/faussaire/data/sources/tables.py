"""Images in text: a table of pixels, as Kaggle lays MNIST out (`label,pixel0,pixel1 …`), a row for each image.

A row has H·W values for a square grey image, or three times as many for one in colour, and perhaps a label
(columns.py). Which value is white is found over all rows (ranges.py). A row that does not fit is left out and said;
60,000 rows of MNIST take 5 s.
"""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath

import numpy as np

from faussaire.core.errors import DataError
from faussaire.core.names import shortened
from faussaire.data.dataset import Source
from faussaire.data.labels.labels import classes_of
from faussaire.data.sources.arrays import array_source
from faussaire.data.sources.columns import Layout, decided, layout_of
from faussaire.data.sources.kind import Head, SourceKind
from faussaire.data.sources.lines import TableLines, table_in
from faussaire.data.sources.zips import BEGINS, first_name
from faussaire.data.store.spool import Spool
from faussaire.modalities import is_item

_ROWS = 2048
_CELLS = 8  # numbers in a line that make it one of a table rather than of a list


def _is_table(head: Head) -> bool:
    """Whether it is a table of pixels, or at least of numbers; of a zip, whether it holds one and no images."""
    if head.data.startswith(BEGINS):
        if is_item(PurePosixPath(first_name(head.data).decode(errors="replace")).suffix.lower()):
            return False  # and a long table of contents need not be read for that
        try:
            with zipfile.ZipFile(head.path) as archive:
                return table_in(archive) is not None
        except Exception:  # damaged; what opens it will say how
            return False
    lines = TableLines(head.path).head() if head.is_text else []
    return layout_of(lines) is not None or (len(lines) > 0 and _num_numbers(lines[-1]) >= _CELLS)


def _num_numbers(line: str) -> int:
    cells = next(csv.reader([line], delimiter=max(",;\t", key=line.count)), [])
    return sum(_values([cell]) is not None for cell in cells)


def table_source(path: Path, scratch: Path) -> Source:
    """Read a table of pixels.

    Raises:
        DataError: it cannot be read, or is no table of pixels.
    """
    lines = TableLines(path)
    spool = Spool(scratch)
    labels: list[str | None] = []
    problems: dict[int, str] = {}
    try:
        layout = _layout(lines)
        for values, named, odd in _blocks(islice(lines, int(layout.header), None), layout):
            problems |= {len(labels) + row: reason for row, reason in odd.items()}
            labels += named
            for row in values:
                spool.add(row.data)
    except (csv.Error, OSError) as error:
        spool.close()
        raise DataError(f"{path} cannot be read as a table ({shortened(str(error))})") from error
    except BaseException:
        spool.close()
        raise
    found = classes_of([None if i in problems else label for i, label in enumerate(labels)])
    notes = ["read as a table of pixels", *layout.notes]
    notes += ["labels from the table"] if found.numbers is not None else []
    notes += [f"damaged after {len(labels)} rows ({lines.damage}): what follows is lost"] if lines.damage else []
    return array_source(
        spool.rows((layout.num_pixels,), np.float32),
        labels=found,
        name=_title(path),
        where=str(path),
        notes=notes,
        problems=problems,
        typed=False,
        close=spool.close,
    )


def _layout(lines: TableLines) -> Layout:
    """Find the layout of a table.

    Raises:
        DataError: it is no table of pixels, or does not tell which column is the label.
    """
    layout = layout_of(lines.head())
    if layout is None:
        raise DataError(
            f"{lines.path} is not a table of pixels: a row for each image, label,pixel0,pixel1 … with a square number "
            "of pixels, or three times that in colour"
        )
    known = decided(layout, islice(lines, int(layout.header), None))
    if known is None:
        raise DataError(
            f"{lines.path}: the class may be the first or the last of its {layout.num_columns} columns, and the values "
            "do not tell which: begin the file with a line that says it, label,pixel0,pixel1 … or pixel0,pixel1 … label"
        )
    return known


def _blocks(lines: Iterable[str], layout: Layout) -> Iterator[tuple[np.ndarray, Sequence[str | None], dict[int, str]]]:
    """Give blocks of rows: float32 `[n, pixels]`, the label of each, and what is wrong with some, which are NaN."""
    left = iter(lines)
    while block := list(islice(left, _ROWS)):
        table = _quickly(block, layout)
        if table is not None:
            yield *table, {}
            continue
        checked = [_row(line, layout) for line in block]
        odd = {row: values for row, (values, _) in enumerate(checked) if isinstance(values, str)}
        nothing = np.full(layout.num_pixels, np.nan, np.float32)
        values = np.stack([nothing if row in odd else values for row, (values, _) in enumerate(checked)])
        yield values, [label for _, label in checked], odd


def _quickly(lines: list[str], layout: Layout) -> tuple[np.ndarray, Sequence[str | None]] | None:
    """Return float32 `[n, pixels]` and the labels where every row is whole; None where one is not."""
    if layout.in_one_cell or any(line.count(layout.delimiter) != layout.num_columns - 1 for line in lines):
        return None
    read = partial(np.loadtxt, lines, delimiter=layout.delimiter, comments=None, quotechar='"')
    labels: list[str | None] = [None] * len(lines)
    try:
        values = _as_single(read(ndmin=2, usecols=layout.pixels))
        if layout.label is not None:
            labels = read(dtype=str, ndmin=1, usecols=layout.label).tolist()
    except ValueError:
        return None
    # A quote that is never closed would make one row of two.
    return (values, labels) if values is not None and len(values) == len(labels) == len(lines) else None


def _row(line: str, layout: Layout) -> tuple[np.ndarray | str, str | None]:
    """Return the values of one row, or what is wrong with it, and its label."""
    cells = next(csv.reader([line], delimiter=layout.delimiter), [])
    if len(cells) != layout.num_columns:
        return f"a row of {len(cells)} values, not {layout.num_columns}", None
    label = None if layout.label is None else cells[layout.label].strip()
    pixels = cells[layout.pixels[0]].split() if layout.in_one_cell else [cells[i] for i in layout.pixels]
    if len(pixels) != layout.num_pixels:
        return f"{len(pixels)} pixels, not {layout.num_pixels}", label
    values = _values(pixels)
    return "a value that is no number" if values is None else values, label


def _values(cells: Sequence[str]) -> np.ndarray | None:
    """Return numbers as float32; None where one is none."""
    try:
        values = np.array([float(cell) for cell in cells])
    except ValueError:
        return None
    return _as_single(values)


def _as_single(values: np.ndarray) -> np.ndarray | None:
    """Return float64 as float32; None where a value is not finite, or too large for that."""
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    return single if bool(np.isfinite(single).all()) else None


def _title(path: Path) -> str:
    return path.name.split(".")[0]


TABLE = SourceKind(
    name="table", open=table_source, recognises=_is_table, patterns=("*.csv", "*.tsv", "*.csv.gz"), title=_title
)
