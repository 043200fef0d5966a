"""Images by position, out of memory-mapped files: the memory that they take does not grow with their number.

A `Rows` is indexed like an array `[N, C, H, W]` and always gives a copy. What was read stays mapped until 16 MiB of
pages have been touched; then the mapping lets go of them, though the system may keep them in its own cache. So a set
of 30 GB costs a training no more memory than one of 30 MB, and a batch of 64 about 0.1 ms. Sets below 64 MiB stay as
they are.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from faussaire.errors import DataError

KEEP_BYTES = 2**26
"""Sets of fewer bytes are never let go of: they fit into the memory of any machine that trains."""

_TOUCHED_BYTES = 2**24  # pages touched until the mapping lets go
_FAULT_BYTES = 2**16  # what Linux maps around one byte that is read


@dataclass(frozen=True, kw_only=True)
class Shard:
    """A file with a run of images, one after the other."""

    path: Path
    count: int
    """Images in it."""

    offset: int = 0
    """Bytes before the first one: the header of an .npy."""


class Rows:
    """uint8 `[N, C, H, W]` in shards, all of which but the last hold equally many images.

    Args:
        shards: the files.
        shape: (C, H, W) of an image.
        index: int64 `[N]`, the place in the shards of each image; None for all of them, in order.

    Raises:
        DataError: a file is missing or too short.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, shards: Sequence[Shard], shape: tuple[int, ...], index: np.ndarray | None = None) -> None:
        self._index = index
        self._shards = [_mapped(shard, shape) for shard in shards]
        self._maps = [mapped for mapped, _ in self._shards]
        self._per_shard = max(1, shards[0].count) if shards else 1
        num = sum(shard.count for shard in shards) if index is None else len(index)
        self.shape = (num, *shape)
        self._row_bytes = int(np.prod(shape))
        total = sum(shard.count for shard in shards) * self._row_bytes
        self._lets_go = total > KEEP_BYTES and hasattr(mmap, "MADV_DONTNEED")
        self._touched = 0

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def ndim(self) -> int:
        """4."""
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of all images."""
        return self.shape[0] * self._row_bytes

    def __getitem__(self, key: Any) -> np.ndarray:
        """Return the images of a whole number, a slice, a list or array of positions or a mask, as a copy."""
        if isinstance(key, tuple):
            rest = key[1:]
            part: np.ndarray = self[key[0]][rest if isinstance(key[0], (int, np.integer)) else (slice(None), *rest)]
            return part
        if isinstance(key, (int, np.integer)):
            image: np.ndarray = self._gather(np.array([self._checked(int(key))]))[0]
            return image
        if isinstance(key, slice):
            return self._gather(np.arange(*key.indices(len(self))))
        positions = np.asarray(key)
        if positions.dtype == bool:
            positions = np.flatnonzero(positions)
        if len(positions) and not (-len(self) <= int(positions.min()) and int(positions.max()) < len(self)):
            raise IndexError(f"a position beyond the {len(self)} images")
        return self._gather(np.where(positions < 0, positions + len(self), positions).astype(np.int64))

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self[:]
        return array if dtype is None else array.astype(dtype)

    def _checked(self, i: int) -> int:
        if not -len(self) <= i < len(self):
            raise IndexError(f"image {i} of {len(self)}")
        return i % len(self)

    def _gather(self, positions: np.ndarray) -> np.ndarray:
        """Copy the images at positions int64 `[n]` to uint8 `[n, C, H, W]`."""
        places = positions if self._index is None else np.asarray(self._index[positions])
        out = np.empty((len(places), *self.shape[1:]), np.uint8)
        if len(self._shards) == 1:
            np.take(self._shards[0][1], places, axis=0, out=out, mode="clip")  # without "clip", a second copy
        else:
            which = places // self._per_shard
            for shard in np.unique(which):
                here = which == shard
                out[here] = self._shards[shard][1][places[here] - shard * self._per_shard]
        self._touched += len(places) * max(_FAULT_BYTES, self._row_bytes)
        if self._lets_go and self._touched > _TOUCHED_BYTES:
            self.let_go()
        return out

    def let_go(self) -> None:
        """Give the pages back to the system; they are read again when they are asked for."""
        self._touched = 0
        for mapped in self._maps:
            mapped.madvise(mmap.MADV_DONTNEED)
        if isinstance(self._index, np.memmap):
            self._index._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined]


def _mapped(shard: Shard, shape: tuple[int, ...]) -> tuple[mmap.mmap, np.ndarray]:
    """Map one file."""
    num_bytes = shard.count * int(np.prod(shape))
    try:
        with shard.path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), shard.offset + num_bytes, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:  # ValueError: longer than the file
        raise DataError(f"{shard.path} is missing, or shorter than it was ({error}): prepare the data again") from error
    rows = np.frombuffer(mapped, np.uint8, num_bytes, shard.offset).reshape(shard.count, *shape)
    return mapped, rows
