"""Which images D sees, as a function of how many it has seen.

Each pass over the data is a permutation of its own, a function of the seed and the pass; a batch may straddle two.
So any position can be reached at once, which is what makes a resumed run exact.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from faussaire.rng import numpy_generator_for


class Batches:
    """Batches of real samples by position.

    Args:
        samples: uint8 `[N, *shape]`, or float32 `[N, *shape]` already in [-1, 1]; an array or a memory map.
        batch_size: images in a batch.
        seed: of the run.
        labels: the class of each sample, int64 `[N]`, where the game is conditional.
        num_classes: how many classes there are.
    """

    def __init__(
        self,
        samples: np.ndarray,
        *,
        batch_size: int,
        seed: int,
        labels: np.ndarray | None = None,
        num_classes: int = 0,
    ) -> None:
        self.samples = samples
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
            indices[here] = self._order_of(int(epoch))[positions[here] % len(self.samples)]
        return indices

    def real(self, nimg: int) -> Tensor:
        """Return that batch as float32 `[batch_size, *shape]` in [-1, 1]."""
        return as_real(self.samples[self.indices_at(nimg)])

    def labels(self, nimg: int) -> Tensor | None:
        """Return the classes int64 `[batch_size]` of that batch; None where the game is not conditional."""
        return None if self.classes is None else torch.from_numpy(self.classes[self.indices_at(nimg)])

    def _order_of(self, epoch: int) -> np.ndarray:
        if epoch != self._epoch:
            self._order = numpy_generator_for(self.seed, "order", epoch).permutation(len(self.samples))
            self._epoch = epoch
        return self._order


def as_real(samples: np.ndarray) -> Tensor:
    """Turn uint8 into float32 in [-1, 1] (0 is -1, 255 is 1); float32 passes as it is."""
    tensor = torch.from_numpy(np.ascontiguousarray(samples))
    return tensor.float().div_(127.5).sub_(1.0) if tensor.dtype == torch.uint8 else tensor
