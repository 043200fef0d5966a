"""What became of every item of a source, in columns on the disk: a record is read when somebody asks for it.

Ten million records as Python objects would take three gigabytes; as rows of OUTCOME they take 60 bytes each, in a file
that is mapped. Notes and modes are numbers into a list of words, as the same few come again and again. (A table of
SQLite was tried: docs/LAB.md has the figures.)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np

from faussaire.core.files import let_go
from faussaire.data.pool.outcomes import KEPT

ORDERED_BY = 2
"""Which of the four words of a hash orders a set; what is held out goes by the first."""

_BLOCK = 2**14  # rows read at a time
_SORTED = 2**20


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
        outcomes: OUTCOME `[N]`, usually mapped.
        words: what `note` and `mode` are numbers of.
        names: name of each item.
        labels: whole numbers `[N]`, -1 for none; None without labels.
        rows: int64 `[n]`, the ones that are meant.
    """

    def __init__(
        self,
        outcomes: np.ndarray,
        words: Sequence[str],
        names: Sequence[str] | Lines,
        labels: np.ndarray | None,
        rows: np.ndarray | range,
    ) -> None:
        self.outcomes, self.words, self.names, self.labels, self._rows = outcomes, words, names, labels, rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, i: int) -> Record: ...
    @overload
    def __getitem__(self, i: slice) -> Records: ...
    def __getitem__(self, i: int | slice) -> Record | Records:
        """Return one record, or those of a slice."""
        if isinstance(i, slice):
            return self.at(self._rows[i])
        row = int(self._rows[i])
        label = -1 if self.labels is None else int(self.labels[row])
        outcome = self.outcomes[row]
        return Record(
            name=self.names[row],
            label=label if label >= 0 else None,
            kept=bool(outcome["flags"] & KEPT),
            width=int(outcome["width"]),
            height=int(outcome["height"]),
            mode=self.words[outcome["mode"]],
            note=self.words[outcome["note"]],
        )

    def at(self, rows: np.ndarray | range) -> Records:
        """Return the records of rows int64 `[n]` of the source."""
        return Records(self.outcomes, self.words, self.names, self.labels, rows)


class Lines:
    """Texts out of a file with one a line, whose ends lie in another: neither is read whole.

    Args:
        path: of the text in UTF-8; beside it, as .npy, lie int64 `[N]`, the byte after the end of each line.
    """

    def __init__(self, path: Path) -> None:
        self._ends = np.load(path.with_suffix(".npy"), mmap_mode="r")
        self._text = np.memmap(path, np.uint8, "r")

    def __getitem__(self, i: int) -> str:
        """Return one line, from 0 on."""
        begin = int(self._ends[i - 1]) if i else 0
        return self._text[begin : int(self._ends[i]) - 1].tobytes().decode()

    @staticmethod
    def write(texts: Iterator[str], path: Path, count: int) -> None:
        """Write both files."""
        ends = np.empty(count, np.int64)
        with path.open("wb") as file:
            for i, text in enumerate(texts):
                ends[i] = file.write(f"{text}\n".encode())
        np.cumsum(ends, out=ends)
        np.save(path.with_suffix(".npy"), ends)


def words_of(digests: np.ndarray) -> np.ndarray:
    """Return SHA-256 V32 `[n]` as uint64 `[n, 4]`."""
    return np.ascontiguousarray(digests).view("<u8").reshape(-1, 4)


def by_pixels(words: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    """Return the order of a set: by the word ORDERED_BY of the hashes of its pixels, copies by their labels."""
    order: np.ndarray = np.argsort(words, kind="stable") if labels is None else np.lexsort((labels, words))
    return order


def in_order(outcomes: np.ndarray, positions: np.ndarray) -> Iterator[bytes]:
    """Give the digests of items of OUTCOME `[N]` in the order of int64 `[n]`, many at a time.

    Of a mapped file those of each million are read from its beginning to its end: at random, every row takes 64 KB.
    """
    for start in range(0, len(positions), _SORTED):
        wanted = positions[start : start + _SORTED]
        found, rising = np.empty(len(wanted), "V32"), np.argsort(wanted)
        for first in range(0, len(wanted), _BLOCK):
            here = rising[first : first + _BLOCK]
            found[here] = outcomes["digest"][wanted[here]]
            let_go(outcomes)
        yield found.tobytes()


def part_digest(outcomes: np.ndarray, positions: np.ndarray, labels: np.ndarray | None) -> bytes:
    """Return what a fingerprint takes of a part: the hash of its samples in their order, and that of their labels."""
    digests, numbers = hashlib.sha256(), hashlib.sha256()
    for block in in_order(outcomes, positions):
        digests.update(block)
    if labels is not None:
        numbers.update(labels.astype("<i8").data)
    return digests.digest() + numbers.digest()


def fingerprint_head(
    shape: Sequence[int], classes: Sequence[str], num_held_out: int, facts: Mapping[str, Any]
) -> hashlib._Hash:
    """Return the hash with which a fingerprint begins: what a sample is (`SampleSpec`), how many are held out."""
    told = {"shape": shape, "classes": classes, "held_out": num_held_out, **({"facts": facts} if facts else {})}
    return hashlib.sha256(json.dumps(told).encode())
