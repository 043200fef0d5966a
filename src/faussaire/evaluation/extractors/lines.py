"""Lines as they are, with what their training part knows: which lines there are, and which letter follows which.

A model of likelihood stands beside the generator in every figure of lines: at text such models are better than GANs at
every trade between quality and variety (Caccia et al. 2020, arXiv 1811.02549), and whoever reads a figure shall see by
how much.
"""

from __future__ import annotations

import hashlib

import numpy as np
from torch import Tensor

from faussaire.core.errors import ExtractorError
from faussaire.core.rng import draw_places
from faussaire.evaluation.extractors.letter_groups import line_numbers
from faussaire.evaluation.fourgrams import FourGrams


class LinesExtractor:
    """The extractor `lines`: it also says which lines are new, and writes lines of its own.

    Args:
        train: the training part as whole numbers `[T, L]`, 0 from the end of a line on.
        trained_on: names that data.
    """

    name = "lines"
    version = "1"
    modalities = ("text",)
    input_size = 0
    resize = "none"

    def __init__(self, train: np.ndarray, *, trained_on: str) -> None:
        self.train = train.astype(np.int64)
        self.dimension = train.shape[1]
        self.sha256 = hashlib.sha256(trained_on.encode()).hexdigest()
        self.model = FourGrams(self.train)
        self._known = {row.tobytes() for row in self.train}

    def __call__(self, samples: Tensor) -> Tensor:
        """Return the numbers of the letters of lines `[N, V, L]` as features `[N, L]`.

        Raises:
            ExtractorError: they are of another length.
        """
        if samples.ndim != 3 or samples.shape[2] != self.dimension:
            raise ExtractorError(f"lines takes lines [N, V, {self.dimension}], not {list(samples.shape)}")
        return line_numbers(samples).float()

    def are_new(self, lines: np.ndarray) -> np.ndarray:
        """Say of each of some lines int64 `[N, L]` whether the training part has it not: bool `[N]`."""
        return np.array([row.tobytes() not in self._known for row in lines])

    def seen(self, count: int, *, seed: int) -> np.ndarray:
        """Draw lines of the training part, `[at most count, L]`."""
        drawn: np.ndarray = self.train[draw_places(len(self.train), count, seed=seed, stream="eval lines seen")]
        return drawn
