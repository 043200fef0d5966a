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
from faussaire.data.decode.outcomes import DROPPED, FOR_NOW, KEPT, UNREAD
from faussaire.data.store.folder import INDEX, read_index, read_records, read_shards, write_text
from faussaire.data.store.rows import Rows

_BLOCK_BYTES = 2**25  # of pixels taken over in one go


class Earlier:
    """A finished store.

    Args:
        folder: where it lies.

    Raises:
        DataError: it is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._index = read_index(folder)

    def fits(self, fingerprint: str | None) -> bool:
        """Whether a run that recorded `fingerprint` was trained on its images."""
        return fingerprint in (self._index["fingerprint"], self._index.get("formerly"))

    @property
    def rule(self) -> Rule:
        """By which it was decoded."""
        rule = self._index["rule"]
        depths = tuple((str(kind), float(low), float(high)) for kind, low, high in rule["depths"])
        return Rule(**{**rule, "background": tuple(rule["background"]), "depths": depths})

    def doubtful(self) -> np.ndarray:
        """Return the places int64 of the items that were left out for what may be gone now."""
        mask = FOR_NOW | (UNREAD if self._index["decoders"] != decoders() else 0)
        if not mask & self._index["left_out_for"]:
            return np.empty(0, np.int64)
        flags = read_records(self._folder, self._index).facts["flags"]
        return np.flatnonzero((flags & KEPT == 0) & (flags & mask > 0))

    def is_of(self, names: Sequence[str]) -> bool:
        """Whether it is of items of these names."""
        return len(names) == self._index["num_items"] and list(read_records(self._folder, self._index).names) == [
            *names
        ]

    def settle(self) -> None:
        """Take note that the decoders of today can read no more of it."""
        if self._index["decoders"] != decoders():
            write_text(self._folder / INDEX, json.dumps(self._index | {"decoders": decoders()}, indent=1))

    def to_decode(self) -> np.ndarray:
        """Return the places int64 of what cannot be taken over: the doubtful items, and copies that were dropped."""
        flags = read_records(self._folder, self._index).facts["flags"]
        return np.union1d(self.doubtful(), np.flatnonzero(flags & DROPPED))

    def with_fresh(self, fresh: Iterator[Chunk], places: np.ndarray, *, start: int) -> Iterator[Chunk]:
        """Give all items from place `start` on: those of `places` int64 out of `fresh`, the others as they were."""
        done, num = start, int(self._index["num_items"])
        for chunk in fresh:
            here, places = places[: len(chunk.facts)], places[len(chunk.facts) :]
            for row, place in enumerate(here.tolist()):
                yield from self._taken_over(done, place)
                yield replace(chunk, pixels=chunk.pixels[row : row + 1], facts=chunk.facts[row : row + 1])
                done = place + 1
        yield from self._taken_over(done, num)

    def _taken_over(self, start: int, stop: int) -> Iterator[Chunk]:
        """Give the items from `start` to `stop` as they were decoded."""
        records = read_records(self._folder, self._index)
        shape = tuple(self._index["shape"])
        rows = Rows(read_shards(self._folder, self._index), shape)
        channels = self.rule.channels
        step = max(1, _BLOCK_BYTES // (channels * shape[1] * shape[2]))
        for first in range(start, stop, step):
            last = min(first + step, stop)
            facts, pixels = np.array(records.facts[first:last]), rows[first:last]
            if shape[0] < channels:  # all were grey, of which one channel was kept
                pixels = np.repeat(pixels, channels, axis=1)
                measure(pixels, facts)
            yield Chunk(pixels=pixels, facts=facts, words=list(records.words))
