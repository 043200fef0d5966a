"""What the columns of a table of pixels are: which of them is the label, and how many pixels the others make.

A header says so, by the names that labels have, or by the one name that is not like the others. Without one the label
is the first or the last column, and the values in both tell which: labels may be what no pixel of this table can be,
whole numbers among fractions, or count from 0 or 1 without a gap; a corner of a picture is mostly the same, and like
the pixel beside it, while labels are neither. Where all that says nothing, the table is refused rather than read
shifted by a column.

Pixels that are numbered come in the order of their numbers, whichever order a program has written them in; planes of
red, green and blue become pixels of colour.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from faussaire.core.names import shown
from faussaire.data.labels.labels import column_of_labels, is_number
from faussaire.data.labels.plausible import why_no_label
from faussaire.data.sources.numbering import coloured, in_order, stems_of
from faussaire.modalities.image.layouts import flat_shape

_ROW_NUMBERS = frozenset({"", "id", "index", "row", "unnamed: 0"})
_KEPT = 4096  # rows looked at, spread over all
_INNER = 16  # columns of pixels looked at, besides those at the edges
_APART = 0.2  # shares and correlations that differ by less tell nothing
_TIMES = 1.25  # so much more few must the values of one column be than those of the other
_FEW = 0.15  # as ten classes are, or a hundred, and a corner with forty values is not
_ZEROS = re.compile("0[0-9]")  # how no pixel is written
_SOME = 0.01  # of values, so many are more than a slip
_WHITE = 255.0
_ENOUGH = 50  # rows, for a correlation to tell anything

Cells = Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What the columns are."""

    delimiter: str = ","
    num_columns: int = 0
    header: bool = False

    pixels: tuple[int, ...]
    """Columns of pixels, in order; or the one whose cells hold all pixels of an image, with blanks between."""

    num_pixels: int
    """How many values an image has."""

    label: int | None = None
    """Column of the label."""

    undecided: bool = False
    """Whether the label is the first column or the last, and only their values can tell."""

    notes: tuple[str, ...] = ()
    """What there is to say of it."""

    @property
    def in_one_cell(self) -> bool:
        """Whether all pixels of an image stand in one cell."""
        return len(self.pixels) == 1


def layout_of(lines: Sequence[str]) -> Layout | None:
    """Find the layout by the first two lines; None where it is no table of pixels."""
    lines = [line.strip("\r\n").lstrip("\ufeff") for line in lines if line.strip()][:2]
    if not lines:
        return None
    delimiter = max(",;\t", key=lines[-1].count)
    rows = [[cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])] for line in lines]
    if len(rows[0]) != len(rows[-1]):
        return None
    header = _is_header(rows)
    packed = [i for i, cell in enumerate(rows[-1]) if len(rows[-1]) > 1 and _is_packed(cell)]
    found: Layout | None
    if len(packed) == 1:
        found = _of_cells(rows[0] if header else None, rows[-1], packed[0])
    else:
        found = _of_header(rows) if header else _of_row(rows[0])
    return found and replace(found, delimiter=delimiter, num_columns=len(rows[0]), header=header)


def _is_packed(cell: str) -> bool:
    values = cell.split()
    return flat_shape(len(values)) is not None and all(map(is_number, values))


def _is_header(rows: Sequence[Cells]) -> bool:
    """Whether the first row names the columns: in words, or by counting them, as pandas does."""
    first = rows[0]
    if column_of_labels(first) is not None:
        return True
    if any(map(_is_packed, first)):
        return False
    for begin, end in ((0, None), (1, None), (0, -1)):
        cells = first[begin:end]
        if _counts_on(cells) and cells[0] in ("0", "1") and not _counts_on(rows[-1][begin:end]):
            return True
    middle = first[1:-1]
    return sum(map(is_number, middle)) * 2 < len(middle)


def _counts_on(cells: Cells) -> bool:
    """Whether the cells are whole numbers, each one more than the one before."""
    return (
        len(cells) > 2 and cells[0].isdecimal() and list(cells) == [str(int(cells[0]) + i) for i in range(len(cells))]
    )


def _of_header(rows: Sequence[Cells]) -> Layout | None:
    names, num = rows[0], len(rows[0])
    label = column_of_labels(names)
    stems = stems_of(names)
    counts = Counter(stems)  # once: there may be thousands of columns
    common = Counter(stem for i, stem in enumerate(stems) if i != label).most_common(1)
    alike = tuple(i for i, stem in enumerate(stems) if i != label and [(stem, counts[stem])] == common)
    planes = coloured(names)
    alike = planes if flat_shape(len(planes)) else in_order(names, alike)
    if not flat_shape(len(alike)):
        alike = tuple(i for i in range(num) if i != label)
    taken = {*alike, label}
    others = [i for i in range(num) if i not in taken and names[i].lower() not in _ROW_NUMBERS]
    undecided = label is None and flat_shape(len(alike)) is None
    if undecided:
        label, alike = 0, tuple(range(1, num))
    elif label is None and len(others) == 1 and not why_no_label(names[others[0]], ()):
        label = others.pop()
    numbers = sum(is_number(rows[-1][i]) for i in alike)
    if flat_shape(len(alike)) is None or numbers * 2 < len(alike) * (len(rows) - 1):
        return None
    moved = () if list(alike) == sorted(alike) else ("pixels in the order of their names, not of the columns",)
    notes = (*moved, *_unused(names, others))
    return Layout(pixels=alike, num_pixels=len(alike), label=label, undecided=undecided, notes=notes)


def _of_row(row: Cells) -> Layout | None:
    num = len(row)
    in_words = [i for i in (0, num - 1) if not is_number(row[i])]
    if not in_words and flat_shape(num) is not None:
        return Layout(pixels=tuple(range(num)), num_pixels=num)
    if flat_shape(num - 1) is None or sum(map(is_number, row)) * 2 < num:
        return None
    label = in_words[0] if in_words else 0
    pixels = tuple(i for i in range(num) if i != label)
    return Layout(pixels=pixels, num_pixels=num - 1, label=label, undecided=len(in_words) != 1)


def _of_cells(names: Cells | None, row: Cells, packed: int) -> Layout:
    """Return the layout of a table that holds all pixels of an image in one cell, as FER2013 does."""
    others = [i for i in range(len(row)) if i != packed]
    label = column_of_labels(names) if names else None
    if label is None and len(others) == 1 and not (names and why_no_label(names[others[0]], ())):
        label = others[0]
    num_pixels = len(row[packed].split())
    unused = _unused(names or [str(i + 1) for i in range(len(row))], [i for i in others if i != label])
    return Layout(pixels=(packed,), num_pixels=num_pixels, label=label, notes=unused)


def _unused(names: Cells, columns: Sequence[int]) -> tuple[str, ...]:
    listed = ", ".join(shown(names[i])[:60] for i in columns[:5]) + (" …" if len(columns) > 5 else "")
    return (f"columns that are not used: {listed}",) if columns else ()


def decided(layout: Layout, rows: Iterable[str]) -> Layout | None:
    """Find out by the rows whether the label is the first column or the last; None where they do not tell."""
    if not layout.undecided:
        return layout
    outer = _outer_columns(layout, rows)
    which = _more_like_labels(*outer) if outer is not None else None
    if which is None:
        return None
    label = 0 if which == 0 else layout.num_columns - 1
    pixels = tuple(i for i in range(layout.num_columns) if i != label)
    note = f"the label is the {('first', 'last')[which]} column, by its values"
    return replace(layout, label=label, pixels=pixels, undecided=False, notes=(*layout.notes, note))


def _outer_columns(layout: Layout, rows: Iterable[str]) -> tuple[_Outer, _Outer] | None:
    """Return the first and the last column, each with the one beside it, of rows spread over the table."""
    last = layout.num_columns - 1
    looked_at = [0, 1, *np.linspace(2, last - 2, min(_INNER, last - 3)).astype(int).tolist(), last - 1, last]
    kept: list[list[str]] = []
    every = 1
    for number, row in enumerate(rows):
        if number % every == 0 and row.count(layout.delimiter) == last:
            cells = row.split(layout.delimiter)
            kept.append([cells[i].strip().strip('"') for i in looked_at])
        if len(kept) >= 2 * _KEPT:
            kept, every = kept[::2], 2 * every
    if not kept:
        return None
    columns = list(zip(*kept, strict=True))
    inner = _Inner([_numbers(cells) for cells in columns[1:-1]])
    return _Outer(columns[0], columns[1], inner), _Outer(columns[-1], columns[-2], inner)


class _Inner:
    """What columns that hold pixels for certain say of pixels."""

    def __init__(self, columns: Sequence[np.ndarray]) -> None:
        finite = [column[np.isfinite(column)] for column in columns]
        values = np.concatenate([*finite, np.zeros(1)])
        self.low, self.high = (-np.inf if values.min() < 0 else 0.0), (np.inf if values.max() > _WHITE else _WHITE)
        """Between which a pixel may lie: negative where others are, and beyond a byte where others are."""

        self.fractions = float(np.mean(values % 1 != 0)) > _SOME
        """Whether pixels are no whole numbers."""

        beside = np.concatenate([finite[0], finite[-1]])
        self.darkest, self.brightest = float(beside.min(initial=np.inf)), float(beside.max(initial=-np.inf))
        """Of the columns beside those at the edges."""


class _Outer:
    """A column at the edge of a table, and what speaks for its being the label."""

    def __init__(self, cells: Cells, beside: Cells, inner: _Inner) -> None:
        values = {cell for cell in cells if cell}
        numbers, others = _numbers(cells), _numbers(beside)
        zeros = np.array([_ZEROS.match(cell) is not None for cell in cells])
        self.beyond = float(np.mean(~((numbers >= inner.low) & (numbers <= inner.high)) | zeros)) > _SOME
        """Whether there is what no pixel can be: text, numbers where none are, 007."""

        all_whole = bool((numbers[np.isfinite(numbers)] % 1 == 0).all())
        self.whole_among_fractions = all_whole and inner.fractions and len(values) > 1
        """Whether its values are different whole numbers, and those of pixels are not."""

        self.outside = float(np.mean((numbers < inner.darkest) | (numbers > inner.brightest)))
        """How many of its values lie beyond those of the columns beside both."""

        self.constant = len(values) < 2
        ends = {0.0, 1.0, _WHITE, inner.darkest, inner.brightest}
        self.background = all(is_number(value) and float(value) in ends for value in values)
        whole = sorted({int(number) for number in numbers if number % 1 == 0})
        self.counted = len(whole) == len(values) > 1 and whole[0] in (0, 1) and whole[-1] - whole[0] < len(whole)
        """Whether its values are whole numbers from 0 or 1 on, without a gap."""

        even = 1 - Counter(cells).most_common(1)[0][1] / len(cells)
        self.few = even / np.log2(len(values) + 1) if values else 0.0
        """How few values there are, all of which come often: a corner has many, or one above all."""

        both = np.isfinite(numbers) & np.isfinite(others)
        a, b = numbers[both], others[both]
        varied = len(a) >= _ENOUGH and a.std() > 0 and b.std() > 0
        self.unlike = 1 - abs(float(np.corrcoef(a, b)[0, 1])) if varied else None
        """How little it goes with the column beside it; None where there is no telling."""


def _more_like_labels(first: _Outer, last: _Outer) -> int | None:
    """Return 0 or 1: which column is the label. None where nothing tells."""
    if first.beyond != last.beyond:
        return int(last.beyond)
    if first.whole_among_fractions != last.whole_among_fractions:
        return int(last.whole_among_fractions)
    if first.constant != last.constant:
        varied, same = (last, first) if first.constant else (first, last)
        if not same.background:
            return int(same is last)
        is_label = varied.counted or (varied.few > _FEW if varied.unlike is None else varied.unlike > 0.5)
        return int((varied is last) == is_label)
    if first.constant and first.background != last.background:
        return int(first.background)
    if abs(first.outside - last.outside) > _APART:
        return int(last.outside > first.outside)
    if first.counted != last.counted:
        return int(last.counted)
    if first.unlike is not None and last.unlike is not None and abs(first.unlike - last.unlike) > _APART:
        return int(last.unlike > first.unlike)
    if max(first.few, last.few) > _TIMES * min(first.few, last.few):
        return int(last.few > first.few)
    return None


def _numbers(cells: Cells) -> np.ndarray:
    return np.array([float(cell) if is_number(cell) else np.nan for cell in cells])
