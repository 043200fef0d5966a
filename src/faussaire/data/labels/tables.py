"""A table beside images: what its rows say of them, and why it gives no labels, where it might."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from faussaire.core.marks import REASONS
from faussaire.core.names import shown
from faussaire.data.labels.labels import spelt
from faussaire.data.labels.listed import Files
from faussaire.data.labels.references import (
    Columns,
    Reference,
    cells_of,
    columns_of,
    references,
    table_columns,
    text_lines,
)

_SINGLE = 0.95  # of the rows have exactly one 1, where the columns are labels
_TRUE, _FALSE = ("1", "1.0"), ("0", "0.0", "-1", "-1.0")


@dataclass(frozen=True, kw_only=True)
class Table:
    """What a table says."""

    rows: Sequence[Reference] = ()
    """Its rows, if at least half of them name images."""

    column: str = ""
    """Its column of labels, where that is not called so."""

    why: str = ""
    """Why it gives no labels, although it is about images or seems to be."""

    @property
    def gives_labels(self) -> bool:
        """Whether any of its rows gives one, or several."""
        return any(row.label is not None or row.several for row in self.rows)


def read_table(files: Files, name: str) -> Table:
    """Return what one of the texts says of the images."""

    @cache
    def exists(text: str) -> bool:
        return files.find(text, name) is not None

    lines = text_lines(content(files.texts[name]))
    first = next((line for line in lines if line.strip()), "")
    if not first or first == ",".join(REASONS):  # which `faussaire inspect` writes
        return Table()
    if name.endswith(".jsonl"):
        columns, rows = json_rows(lines)
    else:
        columns, rows = _of_cells(lines, exists)
    if 2 * sum(exists(row.target) for row in rows) < len(rows) or not rows:
        lost = next((row.target for row in rows if not exists(row.target)), "")
        named = columns is not None and columns.is_named and columns.label is not None
        return Table(why=f"most of its rows name no image here, or more than one (first: {shown(lost)[:100]})" * named)
    if columns is None:
        return Table(rows=rows)
    why = columns.why or "no column of it is called label, class …"
    label = "" if columns.is_named or columns.label is None else shown(columns.names[columns.label].strip())[:60]
    return Table(rows=rows, column=label, why="" if any(row.label for row in rows) else why)


def _of_cells(lines: Sequence[str], exists: Callable[[str], bool]) -> tuple[Columns | None, list[Reference]]:
    columns = table_columns(lines, exists)
    first = next(line for line in lines if line.strip())
    if columns is None and not any(exists(one.target) for one in references([first], exists, None)):
        return None, []
    return _of_attributes(lines, columns) or (columns, references(lines, exists, columns))


def _of_attributes(lines: Sequence[str], columns: Columns | None) -> tuple[Columns, list[Reference]] | None:
    """Return the rows of a table in which each label is a column, with 1 for the images that have it, else 0 or -1.

    Where rows have several or none, these are attributes, and no classes.
    """
    if columns is None or (columns.is_named and columns.label is not None) or len(columns.names) < 3:
        return None
    names = [name.strip() for i, name in enumerate(columns.names) if i != columns.file]
    ones: list[tuple[str, list[str]]] = []
    for line in [line for line in lines if line.strip()][1:]:
        cells = [cell.strip() for cell in cells_of(line, columns.delimiter)]
        if len(cells) != len(columns.names):
            return None
        target = cells.pop(columns.file)
        if any(cell not in (*_TRUE, *_FALSE) for cell in cells):
            return None
        ones.append((target, [name for name, cell in zip(names, cells, strict=True) if cell in _TRUE]))
    several, none = (sum(map(count, (len(own) for _, own in ones))) for count in (lambda n: n > 1, lambda n: n == 0))
    listed = ", ".join(shown(name)[:60] for name in names[:3]) + (" …" if len(names) > 3 else "")
    if several + none > (1 - _SINGLE) * len(ones):
        told = f"it gives several to {several:,} images and none to {none:,}: its columns ({listed}) are attributes"
        return Columns(names=columns.names, file=columns.file, why=told), [Reference(target) for target, _ in ones]
    rows = [Reference(target, own[0] if len(own) == 1 else None, several=len(own) > 1) for target, own in ones]
    return Columns(names=columns.names, file=columns.file, is_named=True), rows


def json_rows(lines: Sequence[str]) -> tuple[Columns | None, list[Reference]]:
    """Return the columns and rows of a table that has a line of JSON for each row."""
    rows = {number: row for number, line in enumerate(lines, start=1) if isinstance(row := parsed(line), dict)}
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    columns = columns_of(names, [[spelt(row.get(name)) or "" for name in names] for row in rows.values()])
    if columns is None:
        return None, []
    file, label = names[columns.file], None if columns.label is None else names[columns.label]
    return columns, [
        replace(reference(str(row[file]), row.get(label)), line=number) for number, row in rows.items() if file in row
    ]


def reference(target: str, value: Any) -> Reference:
    """Return what a value of some type says of an image."""
    return Reference(target, spelt(value), several=isinstance(value, (list, dict)) and len(value) > 1)


def parsed(text: str | bytes) -> Any:
    """Return what JSON says; None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def content(read: Callable[[], bytes]) -> bytes:
    """Return the content of a file; nothing where it cannot be read: it is no help, then."""
    try:
        return read()
    except Exception:  # of the system, of an archive
        return b""
