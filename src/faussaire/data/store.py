"""Where decoded pixels lie: in memory, or, above a gigabyte, in a memory-mapped file.

A mapped file costs no memory that the system cannot take back, and gives the same random access as an array.
Space on the disk is claimed when the file is made: a sparse file that meets a full disk later kills the
process (SIGBUS).
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import numpy as np

from faussaire.errors import DataError

IN_MEMORY_BYTES = 2**30
"""Arrays up to this many bytes are kept in memory."""

_BLOCK_BYTES = 2**24  # how much is copied at a time


def allocate(shape: tuple[int, ...], *, scratch: Path | None, name: str) -> np.ndarray:
    """Return a new uint8 array of that shape, its content undefined; a large one lies in `scratch/name.npy`.

    Raises:
        DataError: neither the memory nor the disk has that much room.
    """
    num_bytes = int(np.prod(shape, dtype=np.int64))
    try:
        if num_bytes <= IN_MEMORY_BYTES or scratch is None:
            return np.empty(shape, np.uint8)
        return _map_new(scratch / f"{name}.npy", shape, num_bytes)
    except (MemoryError, OSError) as error:
        place = scratch if scratch is not None else "memory"
        raise DataError(
            f"no room for {num_bytes / 2**30:.1f} GiB of decoded images in {place} ({error}): "
            "lower --resolution, or give fewer images"
        ) from error


def _map_new(path: Path, shape: tuple[int, ...], num_bytes: int) -> np.ndarray:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)  # a process that still has the old file mapped keeps it, unharmed
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    assert array.nbytes == num_bytes
    return array


def take(staged: np.ndarray, indices: np.ndarray, *, channels: int, scratch: Path | None, name: str) -> np.ndarray:
    """Copy rows `indices` (int `[n]`, rising), and their first channels, of `[N, C, H, W]` to a new array."""
    num, _, height, width = staged.shape
    if len(indices) == num and channels == staged.shape[1]:
        return staged
    taken = allocate((len(indices), channels, height, width), scratch=scratch, name=name)
    step = max(1, _BLOCK_BYTES // (channels * height * width))
    for start in range(0, len(indices), step):
        rows = indices[start : start + step]
        taken[start : start + step] = staged[rows][:, :channels]
    return taken


def discard(scratch: Path | None, name: str) -> None:
    """Remove the file of an array that `allocate` mapped, if there is one; who has it mapped keeps it."""
    if scratch is not None:
        with contextlib.suppress(OSError):  # Windows removes no file that is mapped; the next run will
            (scratch / f"{name}.npy").unlink(missing_ok=True)
