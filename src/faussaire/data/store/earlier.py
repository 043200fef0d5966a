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

from faussaire.data.decode.chunks import Chunk, measure
from faussaire.data.decode.decode import Rule, decoders
from faussaire.data.decode.outcomes import DROPPED, FOR_NOW, UNREAD
from faussaire.data.store.folder import INDEX, load, read_index, read_pixels, write_text
from faussaire.data.store.rows import Rows

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
        self._records = self._dataset.inventory.records

    def fits(self, fingerprint: str) -> bool:
        """Whether a run that recorded `fingerprint` was trained on its images."""
        return self._dataset.fits(fingerprint)

    @property
    def rule(self) -> Rule:
        """By which it was decoded."""
        rule = self._index["rule"]
        depths = tuple((str(kind), float(low), float(high)) for kind, low, high in rule["depths"])
        return Rule(**{**rule, "background": tuple(rule["background"]), "depths": depths})

    def doubtful(self) -> list[int]:
        """Return the positions of the items that were left out for what may be gone now."""
        return self._left_out_for(FOR_NOW | (UNREAD if self._index["decoders"] != decoders() else 0))

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
        if self._index["decoders"] != decoders():
            write_text(self._folder / INDEX, json.dumps(self._index | {"decoders": decoders()}, indent=1))

    def with_fresh(self, fresh: Iterator[Chunk], positions: Sequence[int], *, start: int) -> Iterator[Chunk]:
        """Give all items from `start` on: those at `positions` out of `fresh`, the others as they were."""
        for chunk in fresh:
            here, positions = positions[: len(chunk.outcomes)], positions[len(chunk.outcomes) :]
            for row, position in enumerate(here):
                yield from self._taken_over(start, position)
                only = slice(row, row + 1)
                yield replace(chunk, pixels=chunk.pixels[only], outcomes=chunk.outcomes[only])
                start = position + 1
        yield from self._taken_over(start, len(self._records))

    def _taken_over(self, start: int, stop: int) -> Iterator[Chunk]:
        """Give the items from `start` to `stop` as they were decoded."""
        shape, channels = tuple(self._index["shape"]), self.rule.channels
        rows = Rows(read_pixels(self._folder, self._index), shape)
        step = max(1, _BLOCK_BYTES // (channels * shape[1] * shape[2]))
        for first in range(start, stop, step):
            last = min(first + step, stop)
            outcomes, pixels = np.array(self._records.outcomes[first:last]), rows[first:last]
            if shape[0] < channels:  # all were grey, of which one channel was kept
                pixels = np.repeat(pixels, channels, axis=1)
                measure(pixels, outcomes)
            yield Chunk(pixels=pixels, outcomes=outcomes, words=list(self._records.words))
