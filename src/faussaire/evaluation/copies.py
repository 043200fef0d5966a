"""Whether a generator copies its training images: the test of `memorisation` on pixels, and the pairs to look at."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from faussaire.evaluation.extractors.spec import Extractor
from faussaire.evaluation.features import Progress, real_features
from faussaire.evaluation.memorisation import Memorisation, memorisation
from faussaire.evaluation.reals import ENOUGH_HELD_OUT, Reals
from faussaire.generation.generator import Generator

COPIES_TESTED = 2_000  # the first samples: each is a draw of its own


def find_copies(
    generator: Generator, reals: Reals, pixels: Extractor, fake: Tensor, seed: int, progress: Progress
) -> tuple[Memorisation | None, tuple[np.ndarray, np.ndarray] | None]:
    """Test for copies in the space of pixels, which every training image can afford, and return the closest pairs."""
    if len(reals.held_out) < ENOUGH_HELD_OUT:
        return None, None
    digest = reals.trained_on
    train = real_features(pixels, reals.train, f"copies:{digest}", progress)
    held_out = real_features(pixels, reals.held_out, f"copies-held-out:{digest}", progress)
    found = memorisation(train, held_out, fake[:COPIES_TESTED])
    samples = generator.sample(COPIES_TESTED, seed=seed)
    twins = reals.train[[train_index for _, train_index, _ in found.pairs]].transpose(0, 2, 3, 1)
    return found, (samples[[index for index, _, _ in found.pairs]], np.ascontiguousarray(twins))
