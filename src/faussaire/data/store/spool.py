"""What can only be read from its beginning to its end, laid down once so that it can be read in any order.

Tables, parquet and the like give their images one after the other. Their bytes go to a file without a name, which
vanishes with the process, so that memory stays flat and a kill leaves nothing behind.
"""

from __future__ import annotations

import os
import tempfile
import threading
from array import array
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from faussaire.data.store.folder import writing


class Spool:
    """Pieces of bytes by number.

    Args:
        scratch: folder of the file.

    Raises:
        DataError: the folder cannot be written.
    """

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        with writing(scratch):
            self._file = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115  closed by `close`
        self._ends = array("q", [0])
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._ends) - 1

    def add(self, piece: bytes | memoryview) -> None:
        """Append a piece.

        Raises:
            DataError: the disk is full.
        """
        with writing(self._scratch):
            self._file.write(piece)
        self._ends.append(self._ends[-1] + len(piece))

    def read(self, i: int) -> bytes:
        """Return the i-th piece, from any thread."""
        start, end = self._ends[i], self._ends[i + 1]
        with self._lock:
            self._file.seek(start)
            return self._file.read(end - start)

    def rows(self, shape: tuple[int, ...], dtype: DTypeLike = np.uint8) -> np.ndarray:
        """Return all pieces as one mapped array `[N, *shape]`; each must have the bytes of one row."""
        with writing(self._scratch):
            self._file.flush()
        if not len(self):
            return np.empty((0, *shape), dtype)
        if os.name == "nt":  # a file without a name cannot be mapped there
            return np.frombuffer(b"".join(self.read(i) for i in range(len(self))), dtype).reshape(-1, *shape)
        return np.memmap(self._file, dtype, "r", shape=(len(self), *shape))

    def close(self) -> None:
        """Let the file vanish."""
        self._file.close()
