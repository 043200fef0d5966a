"""Images that lie decoded in arrays already, by position: those of one array, or of several one after the other.

They are asked for a block at a time and come as bytes, so that no array in a mapped file lies in memory as a whole.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from faussaire.data.decode.ranges import BYTES, Range
from faussaire.data.store.rows import PixelFile, let_go

_SIDE = 4  # pixels of the smallest image that a flat row is taken for


class Pixels(ABC):
    """Images by position."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """(N, C, H, W)."""

    @abstractmethod
    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Return the images of `indices` (int `[n]`) as uint8 `[n, C, H, W]`."""

    @abstractmethod
    def let_go(self) -> None:
        """Give memory that is mapped back to the system."""

    @property
    def file(self) -> PixelFile | None:
        """The file that holds these bytes as they are, one image after the other, if there is one."""
        return None


@dataclass(frozen=True, kw_only=True)
class ArrayPixels(Pixels):
    """The images of one array."""

    raw: np.ndarray
    """`[N, C, H, W]` after a transposition if need be, of any kind of number. May be memory-mapped."""

    range: Range = BYTES
    """What the values of `raw` mean."""

    path: Path | None = None
    """The file that `raw` is a plain map of, from its byte `offset` on to its end; None where it is anything else."""

    offset: int = 0
    """Bytes before the first image in that file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, C, H, W)."""
        return self.raw.shape

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Return some of them."""
        return self.range.to_bytes(self.raw[indices])

    def let_go(self) -> None:
        """Give memory that is mapped back to the system."""
        let_go(self.raw)

    @property
    def file(self) -> PixelFile | None:
        """The file that holds them as they are."""
        if self.path is None or not self.range.as_it_is:
            return None
        return PixelFile(path=self.path.resolve(), count=len(self.raw), offset=self.offset)


class StackedPixels(Pixels):
    """The images of several arrays, each of which stays where it is.

    Args:
        parts: arrays of images of one shape.
    """

    def __init__(self, parts: Sequence[Pixels]) -> None:
        self._parts = parts

    @cached_property
    def _ends(self) -> np.ndarray:
        return np.cumsum([part.shape[0] for part in self._parts])

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, C, H, W)."""
        return (int(self._ends[-1]), *self._parts[0].shape[1:])

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Return some of them."""
        out = np.empty((len(indices), *self.shape[1:]), np.uint8)
        which = np.searchsorted(self._ends, indices, side="right")
        for k in np.unique(which).tolist():
            here = which == k
            out[here] = self._parts[k][indices[here] - (int(self._ends[k - 1]) if k else 0)]
        return out

    def let_go(self) -> None:
        """Give memory that is mapped back to the system."""
        for part in self._parts:
            part.let_go()


def flat_shape(num: int) -> tuple[int, int] | None:
    """Return depth and side of a square image of so many values; those of fewer than 4×4 are not taken for such."""
    for depth in (1, 3):
        side = math.isqrt(num // depth)
        if side >= _SIDE and side * side * depth == num:
            return depth, side
    return None
