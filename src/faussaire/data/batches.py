"""Which images D sees, as a function of how many it has seen.

Each pass over the data is a permutation of its own, a function of the seed and the pass; a batch may straddle two.
So any position can be reached at once, which is what makes a resumed run exact. Up to a million images the permutation
is drawn and kept; beyond that, where it would take more memory than the networks do, it is computed at the positions
that are wanted, by a small cipher over the numbers of the images (a Feistel network, Luby and Rackoff 1988).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from faussaire.core.rng import numpy_generator_for
from faussaire.data.store.rows import Rows

DRAWN_UP_TO = 2**20
"""Images of which a permutation is kept, in 8 MB."""

_ROUNDS = 6


class Batches:
    """Batches of real samples by position.

    Args:
        samples: rows `[N, *shape]`; an array or mapped.
        to_real: turns rows `[n, *shape]` into float32 in [-1, 1]: `Modality.to_real`.
        batch_size: images in a batch.
        seed: of the run.
        labels: the class of each sample, whole numbers `[N]`, where the game is conditional; else none reach a batch.
        num_classes: how many classes there are.
    """

    def __init__(
        self,
        samples: np.ndarray | Rows,
        *,
        to_real: Callable[[np.ndarray], Tensor],
        batch_size: int,
        seed: int,
        labels: np.ndarray | None = None,
        num_classes: int = 0,
    ) -> None:
        self.samples = samples
        self.to_real = to_real
        self.classes = labels
        self.num_classes = num_classes
        self.batch_size = batch_size
        self.seed = seed
        self._epoch = -1
        self._order = np.empty(0, np.int64)

    def indices_at(self, nimg: int) -> np.ndarray:
        """Return the indices `[batch_size]` of the batch that follows after `nimg` images."""
        positions = np.arange(nimg, nimg + self.batch_size)
        epochs = positions // len(self.samples)
        indices = np.empty(self.batch_size, np.int64)
        for epoch in np.unique(epochs):
            here = epochs == epoch
            indices[here] = self._permuted(int(epoch), positions[here] % len(self.samples))
        return indices

    def real(self, nimg: int) -> Tensor:
        """Return that batch as float32 `[batch_size, *shape]` in [-1, 1]."""
        return self.to_real(self.samples[self.indices_at(nimg)])

    def labels(self, nimg: int) -> Tensor | None:
        """Return the classes int64 `[batch_size]` of that batch; None where the game is not conditional."""
        if self.classes is None:
            return None
        return torch.from_numpy(self.classes[self.indices_at(nimg)].astype(np.int64))

    def _permuted(self, epoch: int, positions: np.ndarray) -> np.ndarray:
        """Return what lies at `positions` int64 `[n]` of the permutation of one pass."""
        count = len(self.samples)
        if count > DRAWN_UP_TO:
            return enciphered(positions, count, numpy_generator_for(self.seed, "order", epoch))
        if epoch != self._epoch:
            self._order = numpy_generator_for(self.seed, "order", epoch).permutation(count)
            self._epoch = epoch
        drawn: np.ndarray = self._order[positions]
        return drawn


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
