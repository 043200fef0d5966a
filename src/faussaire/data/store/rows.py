"""Samples by position, out of a file: the memory that they take does not grow with their number.

A `Rows` is indexed like an array `[N, *shape]` and always gives a copy. Sets below 64 MiB are memory-mapped. Of larger
ones just the bytes that are asked for are read: Linux maps up to two megabytes around each image that is touched,
and counts them as the process's own. So a set of 30 GB costs a training no more memory than one of 30 MB; the system
keeps what it can in its own cache. A batch of 64 takes 0.1 ms either way.
"""

from __future__ import annotations

import mmap
import os
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from faussaire.core.errors import DataError

MAP_BYTES = 2**26
"""Sets of fewer bytes are mapped: they fit into the memory of any machine that trains."""


@dataclass(frozen=True, kw_only=True)
class PixelFile:
    """A file of images, one after the other."""

    path: Path
    count: int
    """Images in it."""

    offset: int = 0
    """Bytes before the first one: the header of an .npy."""


class Rows:
    """Samples `[N, *shape]` in a file.

    Args:
        file: the file.
        shape: of a sample.
        index: int64 `[N]`, the place in the file of each sample; None for all of them, in order.
        dtype: number type.

    Raises:
        DataError: the file is missing or too short.
    """

    def __init__(
        self,
        file: PixelFile,
        shape: tuple[int, ...],
        index: np.ndarray | None = None,
        *,
        dtype: np.dtype | type = np.uint8,
    ) -> None:
        self.file, self.index, self.dtype = file, index, np.dtype(dtype)
        self._row_bytes = int(np.prod(shape)) * self.dtype.itemsize
        reads = file.count * self._row_bytes > MAP_BYTES and hasattr(os, "preadv")
        self._file = (_Read if reads else _Mapped)(file, self._row_bytes)
        self._index: np.ndarray | _Read | None = index
        if reads and isinstance(index, np.memmap) and index.filename is not None:
            path = Path(index.filename)
            self._index = _Read(PixelFile(path=path, count=len(index), offset=index.offset), index.itemsize)
        self.shape = (file.count if index is None else len(index), *shape)

    def __len__(self) -> int:
        return self.shape[0]

    def at(self, index: np.ndarray) -> Rows:
        """Return those at places int64 `[n]` of the file."""
        return Rows(self.file, self.shape[1:], index, dtype=self.dtype)

    @property
    def ndim(self) -> int:
        """Number of axes, that of the samples included."""
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
        """Copy the images at positions int64 `[n]` to `[n, *shape]`."""
        places = positions
        if isinstance(self._index, _Read):
            places = np.empty(len(positions), np.int64)
            self._index.take(positions, places.view(np.uint8).reshape(-1, 8))
        elif self._index is not None:
            places = np.asarray(self._index[positions])
        out = np.empty((len(places), self._row_bytes), np.uint8)
        self._file.take(places, out)
        return out.view(self.dtype).reshape(-1, *self.shape[1:])


class _Mapped:
    """A file in a memory map."""

    def __init__(self, file: PixelFile, row_bytes: int) -> None:
        num_bytes = file.count * row_bytes
        descriptor = _opened(file, num_bytes)
        try:
            mapped = mmap.mmap(descriptor, file.offset + num_bytes, access=mmap.ACCESS_READ)
        finally:
            os.close(descriptor)
        self._rows = np.frombuffer(mapped, np.uint8, num_bytes, file.offset).reshape(file.count, row_bytes)

    def take(self, places: np.ndarray, out: np.ndarray) -> None:
        """Copy the rows at `places` int64 `[n]` to uint8 `[n, row_bytes]`."""
        np.take(self._rows, places, axis=0, out=out, mode="clip")  # without "clip", a second copy


class _Read:
    """A file that is open."""

    def __init__(self, file: PixelFile, row_bytes: int) -> None:
        self._path, self._offset, self._row_bytes = file.path, file.offset, row_bytes
        self._descriptor = _opened(file, file.count * row_bytes)
        weakref.finalize(self, os.close, self._descriptor)

    def take(self, places: np.ndarray, out: np.ndarray) -> None:
        """Read the rows at `places` int64 `[n]` into uint8 `[n, row_bytes]`, neighbours in one go."""
        ends = [*(np.flatnonzero(np.diff(places) != 1) + 1).tolist(), len(places)]
        start = 0
        for end in ends if len(places) else ():
            part = out[start:end]
            place = self._offset + int(places[start]) * self._row_bytes
            if os.preadv(self._descriptor, [part.data], place) != part.nbytes:
                raise DataError(f"{self._path} has become shorter: prepare the data again")
            start = end


def _opened(file: PixelFile, num_bytes: int) -> int:
    """Open a file that is as long as it shall be, and return its descriptor."""
    try:
        descriptor = os.open(file.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        if os.fstat(descriptor).st_size < file.offset + num_bytes:
            os.close(descriptor)
            raise OSError(f"it has fewer than {file.offset + num_bytes} bytes")
    except OSError as error:
        raise DataError(f"{file.path} is missing, or shorter than it was ({error}): prepare the data again") from error
    return descriptor
