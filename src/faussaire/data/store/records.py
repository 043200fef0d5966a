"""What became of every item of a source, in columns on the disk: a record is read when somebody asks for it.

Ten million records as Python objects would take three gigabytes; as columns they take 60 bytes each, in files that
are mapped. `OUTCOME` is a row; notes and modes are numbers into a list of words, as the same few come again and again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np

from faussaire.data.decode.outcomes import KEPT

_BLOCK = 2**16  # rows read at a time


@dataclass(frozen=True, kw_only=True)
class Record:
    """What became of one item of the source."""

    name: str
    """Path within the folder or archive, or `file[i]` for a row of an array."""

    label: int | None
    """Index into `Inventory.classes`; None without labels."""

    kept: bool
    """Whether training may see it."""

    width: int = 0
    """Pixels, upright, before the crop; 0 when unknown."""

    height: int = 0
    """Pixels, upright, before the crop; 0 when unknown."""

    mode: str = ""
    """How the file stores colour, as Pillow names it: L, RGB, RGBA, P, CMYK, I;16 …; empty when unknown."""

    note: str = ""
    """Kept: what had to be done to it, in words. Rejected: why."""


class Records(Sequence[Record]):
    """Records by position, read from columns.

    Args:
        facts: OUTCOME `[N]`, usually mapped.
        words: what `note` and `mode` are numbers of.
        names: name of each item.
        labels: whole numbers `[N]`, -1 for none; None without labels.
        rows: int64 `[n]`, the ones that are meant; None for all.
    """

    def __init__(
        self,
        facts: np.ndarray,
        words: Sequence[str],
        names: Sequence[str],
        labels: np.ndarray | None,
        rows: np.ndarray | None = None,
    ) -> None:
        self.facts, self.words, self.names, self.labels, self.rows = facts, words, names, labels, rows

    def __len__(self) -> int:
        return len(self.facts) if self.rows is None else len(self.rows)

    @overload
    def __getitem__(self, i: int) -> Record: ...
    @overload
    def __getitem__(self, i: slice) -> Records: ...
    def __getitem__(self, i: int | slice) -> Record | Records:
        """Return one record, or those of a slice."""
        if isinstance(i, slice):
            chosen = np.arange(len(self))[i]
            return self.at(chosen if self.rows is None else self.rows[chosen])
        if not -len(self) <= i < len(self):
            raise IndexError(f"record {i} of {len(self)}")
        row = i % len(self) if self.rows is None else int(self.rows[i])
        return self._record(row, self.facts[row])

    def __iter__(self) -> Iterator[Record]:
        for start in range(0, len(self), _BLOCK):
            stop = min(start + _BLOCK, len(self))
            rows = np.arange(start, stop) if self.rows is None else self.rows[start:stop]
            for row, fact in zip(rows.tolist(), self.facts[rows], strict=True):
                yield self._record(row, fact)

    def at(self, rows: np.ndarray) -> Records:
        """Return the records of rows int64 `[n]` of the source."""
        return Records(self.facts, self.words, self.names, self.labels, rows)

    def _record(self, row: int, fact: np.void) -> Record:
        label = -1 if self.labels is None else int(self.labels[row])
        return Record(
            name=self.names[row],
            label=label if label >= 0 else None,
            kept=bool(fact["flags"] & KEPT),
            width=int(fact["width"]),
            height=int(fact["height"]),
            mode=self.words[fact["mode"]],
            note=self.words[fact["note"]],
        )


class Names(Sequence[str], ABC):
    """Names that are not held in memory, but made when they are asked for."""

    @abstractmethod
    def name(self, place: int) -> str:
        """Return the name at a place, from 0 on."""

    @overload
    def __getitem__(self, i: int) -> str: ...
    @overload
    def __getitem__(self, i: slice) -> list[str]: ...
    def __getitem__(self, i: int | slice) -> str | list[str]:
        """Return one name, or those of a slice."""
        if isinstance(i, slice):
            return [self.name(k) for k in range(*i.indices(len(self)))]
        if not -len(self) <= i < len(self):
            raise IndexError(f"name {i} of {len(self)}")
        return self.name(i % len(self))


class Numbered(Names):
    """The names `file[0]`, `file[1]` … of the rows of an array, made when they are asked for."""

    def __init__(self, file: str, count: int) -> None:
        self.file, self._num = file, count

    def __len__(self) -> int:
        return self._num

    def name(self, place: int) -> str:
        """Return one name."""
        return f"{self.file}[{place}]"


class Lines(Names):
    """Names out of a file with one a line, whose ends lie in another: neither is read whole.

    Args:
        path: text in UTF-8.
        ends: path of int64 `[N]`, the byte after the end of each line.
        count: N.
    """

    def __init__(self, path: Path, ends: Path, count: int) -> None:
        self._ends = np.memmap(ends, np.int64, "r", shape=(count,)) if count else np.empty(0, np.int64)
        self._text = np.memmap(path, np.uint8, "r") if count else np.empty(0, np.uint8)

    def __len__(self) -> int:
        return len(self._ends)

    def name(self, place: int) -> str:
        """Return one name."""
        begin = int(self._ends[place - 1]) if place else 0
        return self._text[begin : int(self._ends[place]) - 1].tobytes().decode()

    @staticmethod
    def write(names: Sequence[str], path: Path, ends: Path) -> None:
        """Write both files."""
        position = 0
        with path.open("wb") as text, ends.open("wb") as numbers:
            for start in range(0, len(names), _BLOCK):
                lines = [f"{name}\n".encode() for name in names[start : start + _BLOCK]]
                text.writelines(lines)
                after = position + np.cumsum([len(line) for line in lines], dtype=np.int64)
                numbers.write(after.tobytes())
                position = int(after[-1])
