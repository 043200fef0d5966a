"""Samples that lie decoded in arrays already, by position: those of one array, or of several one after the other.

They are asked for a block at a time and come as rows, so that no array in a mapped file lies in memory as a whole.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from faussaire.core.files import let_go
from faussaire.data.store.rows import PixelFile
from faussaire.modalities import Modality
from faussaire.modalities.spec import Arranged


class SourceRows(ABC):
    """Samples by position."""

    modality: Modality
    """Of all of them."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """`[N, *shape]`."""

    @abstractmethod
    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Return the samples of `indices` (int `[n]`) as `[n, *shape]`, of the number type of rows."""

    @abstractmethod
    def let_go(self) -> None:
        """Give memory that is mapped back to the system."""

    @property
    @abstractmethod
    def parts(self) -> Sequence[Arranged]:
        """The arrays that they lie in, as their modality understands them."""

    @property
    def file(self) -> PixelFile | None:
        """The file that holds these rows as they are, one after the other, if there is one."""
        return None


@dataclass(frozen=True, kw_only=True)
class ArrayRows(SourceRows):
    """The samples of one array."""

    modality: Modality

    arranged: Arranged
    """As the modality understands it."""

    path: Path | None = None
    """The file that the array is a plain map of, to its end; None where it is anything else."""

    @property
    def shape(self) -> tuple[int, ...]:
        """`[N, *shape]`."""
        return self.arranged.raw.shape

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Return some of them."""
        return self.arranged.rows(self.arranged.raw[indices])

    def let_go(self) -> None:
        """Give memory that is mapped back to the system."""
        let_go(self.arranged.raw)

    @property
    def parts(self) -> Sequence[Arranged]:
        """The array that they lie in."""
        return (self.arranged,)

    @property
    def file(self) -> PixelFile | None:
        """The file that holds them as they are."""
        raw = self.arranged.raw
        if self.path is None or not isinstance(raw, np.memmap) or not raw.flags.c_contiguous or not self.arranged.plain:
            return None
        return PixelFile(path=self.path.resolve(), count=len(raw), offset=raw.offset)


class StackedRows(SourceRows):
    """The samples of several arrays, each of which stays where it is.

    Args:
        parts: arrays of samples of one modality and shape.
    """

    def __init__(self, parts: Sequence[SourceRows]) -> None:
        self._stacked = parts
        self.modality = parts[0].modality

    @cached_property
    def _ends(self) -> np.ndarray:
        return np.cumsum([part.shape[0] for part in self._stacked])

    @property
    def shape(self) -> tuple[int, ...]:
        """`[N, *shape]`."""
        return (int(self._ends[-1]), *self._stacked[0].shape[1:])

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Return some of them."""
        out = np.empty((len(indices), *self.shape[1:]), self._stacked[0][np.arange(0)].dtype)
        which = np.searchsorted(self._ends, indices, side="right")
        for k in np.unique(which).tolist():
            here = which == k
            out[here] = self._stacked[k][indices[here] - (int(self._ends[k - 1]) if k else 0)]
        return out

    def let_go(self) -> None:
        """Give memory that is mapped back to the system."""
        for part in self._stacked:
            part.let_go()

    @property
    def parts(self) -> Sequence[Arranged]:
        """The arrays that they lie in."""
        return [arranged for part in self._stacked for arranged in part.parts]
