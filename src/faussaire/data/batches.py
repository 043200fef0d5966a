"""Which images D sees, as a function of how many it has seen.

Each pass over the data is a permutation of its own, a function of the seed and the pass; a batch may straddle two.
So any position can be reached at once, which is what makes a resumed run exact. Up to a million images the permutation
is drawn and kept; beyond that, where it would take more memory than the networks do, it is computed at the positions
that are wanted, by a small cipher over the numbers of the images (a Feistel network, Luby and Rackoff 1988).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from torch import Tensor

from faussaire.core.devices import CPU, is_host, pinned
from faussaire.core.rng import numpy_generator_for
from faussaire.data.store.rows import Rows

DRAWN_UP_TO = 2**20
"""Images of which a permutation is kept, in 8 MB."""

ALL = slice(None)

_ROUNDS = 6

Place = tuple[int, slice]
"""Images seen before a batch, and which of its rows are wanted."""


class Batches:
    """Batches of real samples by position.

    Args:
        samples: rows `[N, *shape]`; an array or mapped.
        to_real: turns rows `[n, *shape]` into float32 in [-1, 1]: `Modality.to_real`.
        batch_size: images in a batch.
        seed: of the run.
        labels: the class of each sample, whole numbers `[N]`, where the game is conditional; else none reach a batch.
        num_classes: how many classes there are.
        device: where batches are wanted.
        is_resident: whether the rows themselves shall lie there, and `to_real` takes them as a tensor.
    """

    def __init__(
        self,
        samples: np.ndarray | Rows,
        *,
        to_real: Callable[[Any], Tensor],
        batch_size: int,
        seed: int,
        labels: np.ndarray | None = None,
        num_classes: int = 0,
        device: torch.device = CPU,
        is_resident: bool = False,
    ) -> None:
        self.samples = samples
        self.to_real = to_real
        self.classes = labels
        self.num_classes = num_classes
        self.batch_size = batch_size
        self.seed = seed
        self.device = device
        self._resident = torch.from_numpy(samples[:]).to(device) if is_resident else None
        self._ahead: Ahead | None = None if is_resident or is_host(device) else Ahead(self._pinned)
        self._drawn = (-1, np.empty(0, np.int64))  # the pass and its permutation: one object, for two threads

    def indices_at(self, nimg: int) -> np.ndarray:
        """Return the indices `[batch_size]` of the batch that follows after `nimg` images."""
        positions = np.arange(nimg, nimg + self.batch_size)
        epochs = positions // len(self.samples)
        indices = np.empty(self.batch_size, np.int64)
        for epoch in np.unique(epochs):
            here = epochs == epoch
            indices[here] = self._permuted(int(epoch), positions[here] % len(self.samples))
        return indices

    def real(self, nimg: int, rows: slice = ALL) -> Tensor:
        """Return that batch, or some rows of it, as float32 `[n, *shape]` in [-1, 1] on the device."""
        if self._resident is not None:
            return self.to_real(self._resident[torch.from_numpy(self.indices_at(nimg)[rows]).to(self.device)])
        if self._ahead is not None:
            return self._ahead.take((nimg, rows), then=(nimg + self.batch_size, rows)).to(
                self.device, non_blocking=True
            )
        return self.to_real(self.samples[self.indices_at(nimg)[rows]])

    def labels(self, nimg: int, rows: slice = ALL) -> Tensor | None:
        """Return the classes int64 `[n]` of that batch, or of some rows; None where the game is not conditional."""
        if self.classes is None:
            return None
        return torch.from_numpy(self.classes[self.indices_at(nimg)[rows]].astype(np.int64)).to(self.device)

    def _pinned(self, place: Place) -> Tensor:
        """Return rows of a batch in memory that a device copies from by itself, while the processor does other things.

        Only this is called beside the training, and it alone reads images.
        """
        nimg, rows = place
        return pinned(self.to_real(self.samples[self.indices_at(nimg)[rows]]), self.device)

    def _permuted(self, epoch: int, positions: np.ndarray) -> np.ndarray:
        """Return what lies at `positions` int64 `[n]` of the permutation of one pass."""
        count = len(self.samples)
        if count > DRAWN_UP_TO:
            return enciphered(positions, count, numpy_generator_for(self.seed, "order", epoch))
        drawn = self._drawn
        if epoch != drawn[0]:
            self._drawn = drawn = (epoch, numpy_generator_for(self.seed, "order", epoch).permutation(count))
        found: np.ndarray = drawn[1][positions]
        return found


class Ahead:
    """Reads the batch that comes next while a device is busy with this one.

    Args:
        read: returns what is at a place; called in a thread of its own.
    """

    def __init__(self, read: Callable[[Place], Tensor]) -> None:
        self._read = read
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="next batch")
        self._place: Place | None = None
        self._coming: Future[Tensor] | None = None

    def take(self, place: Place, *, then: Place) -> Tensor:
        """Return what is at a place, and begin to read what will be wanted then."""
        coming = self._coming if place == self._place else None
        if coming is None:
            coming = self._thread.submit(self._read, place)
        self._place, self._coming = then, self._thread.submit(self._read, then)
        return coming.result()


def enciphered(positions: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """Return int64 `[n]`, the images of `positions` under a permutation of `count` numbers that `generator` keys."""
    half = np.uint64(max(1, ((count - 1).bit_length() + 1) // 2))
    mask = (np.uint64(1) << half) - np.uint64(1)
    keys = generator.integers(0, 2**63, _ROUNDS, dtype=np.uint64)
    numbers = _cipher(positions.astype(np.uint64), keys, half, mask)
    while (beyond := numbers >= count).any():  # the cipher permutes up to four times as many: walk on until inside
        numbers[beyond] = _cipher(numbers[beyond], keys, half, mask)
    return numbers.astype(np.int64)


def _cipher(numbers: np.ndarray, keys: np.ndarray, half: np.uint64, mask: np.uint64) -> np.ndarray:
    left, right = numbers >> half, numbers & mask
    for key in keys:
        mixed = (right ^ key) * np.uint64(0x9E3779B97F4A7C15)  # wraps around, as a hash shall
        mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
        left, right = right, left ^ ((mixed ^ (mixed >> np.uint64(32))) & mask)
    joined: np.ndarray = (left << half) | right
    return joined
