"""What an earlier preparation of the same data left out for reasons that may be gone, and what of it still holds.

A server that was busy, a missing permission, too little memory, a decoder that died: such items are tried again at the
next start, and those that the installed decoders could not read once there are others. If none can be had now, the
prepared images stay as they are; else they are prepared anew, and all that was decoded then is taken over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from faussaire.data.pool.chunks import Chunk, measure
from faussaire.data.pool.outcomes import DROPPED
from faussaire.data.store.folder import INDEX, load, read_index, read_rows, write_text
from faussaire.modalities import modality
from faussaire.modalities.spec import FOR_NOW, UNREAD, Rule

_BLOCK_BYTES = 2**25  # of pixels taken over in one go


class Earlier:
    """A finished store.

    Args:
        folder: where it lies.
        in_place: the file that the data is, see `load`.

    Raises:
        DataError: it is damaged.
    """

    def __init__(self, folder: Path, in_place: Path | None) -> None:
        self._dataset = load(folder, in_place)
        self._folder, self._index = folder, read_index(folder)
        self._modality = modality(self._dataset.spec.modality)
        self._records = self._dataset.inventory.records

    def fits(self, fingerprint: str) -> bool:
        """Whether a run that recorded `fingerprint` was trained on its images."""
        return self._dataset.fits(fingerprint)

    @property
    def rule(self) -> Rule:
        """By which it was decoded."""
        return self._modality.rule_from(self._index["rule"])

    def doubtful(self) -> list[int]:
        """Return the positions of the items that were left out for what may be gone now."""
        return self._left_out_for(FOR_NOW | (UNREAD if self._index["decoders"] != self._modality.decoders() else 0))

    def to_decode(self) -> list[int]:
        """Return the positions of what cannot be taken over: the doubtful items, and copies that were dropped."""
        return sorted({*self.doubtful(), *self._left_out_for(DROPPED)})

    def _left_out_for(self, flags: int) -> list[int]:
        rejected = np.load(self._folder / "rejected.npy", mmap_mode="r")
        found: list[int] = rejected[self._records.outcomes["flags"][rejected] & flags > 0].tolist()
        return found

    def is_of(self, names: Sequence[str]) -> bool:
        """Whether it is of items of these names."""
        return len(names) == len(self._records) and all(self._records.names[i] == name for i, name in enumerate(names))

    def settle(self) -> None:
        """Take note that the decoders of today can read no more of it."""
        if self._index["decoders"] != self._modality.decoders():
            write_text(
                self._folder / INDEX, json.dumps(self._index | {"decoders": self._modality.decoders()}, indent=1)
            )

    def with_fresh(self, fresh: Iterator[Chunk], positions: Sequence[int], *, start: int) -> Iterator[Chunk]:
        """Give all items from `start` on: those at `positions` out of `fresh`, the others as they were."""
        for chunk in fresh:
            here, positions = positions[: len(chunk.outcomes)], positions[len(chunk.outcomes) :]
            for row, position in enumerate(here):
                yield from self._taken_over(start, position)
                only = slice(row, row + 1)
                yield replace(chunk, rows=chunk.rows[only], outcomes=chunk.outcomes[only])
                start = position + 1
        yield from self._taken_over(start, len(self._records))

    def _taken_over(self, start: int, stop: int) -> Iterator[Chunk]:
        """Give the items from `start` to `stop` as they were decoded."""
        rows, rule = read_rows(self._folder, self._index), self.rule
        step = max(1, _BLOCK_BYTES // rule.row_bytes)
        for first in range(start, stop, step):
            last = min(first + step, stop)
            outcomes, narrow = np.array(self._records.outcomes[first:last]), rows[first:last]
            wide = self._modality.widen(narrow, rule)
            if wide is not narrow:
                measure(wide, outcomes, self._modality)
            yield Chunk(rows=wide, outcomes=outcomes, words=list(self._records.words))
