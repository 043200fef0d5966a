"""Whether a generator copies its training images: the test of `memorisation` on pixels, and the pairs to look at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from faussaire.evaluation.extractors.spec import Extractor
from faussaire.evaluation.features import Progress, real_features
from faussaire.evaluation.memorisation import Memorisation, memorisation
from faussaire.evaluation.neighbours import nearest
from faussaire.evaluation.reals import ENOUGH_HELD_OUT, Reals
from faussaire.generation.generator import Generator

COPIES_TESTED = 2_000  # the first samples: each is a draw of its own


def find_copies(
    generator: Generator, reals: Reals, extractor: Extractor, fake: Tensor, seed: int, progress: Progress
) -> tuple[Memorisation | None, tuple[np.ndarray, np.ndarray] | None]:
    """Test for copies by a quick extractor, which every training image can afford, and return the closest pairs.

    Of what recurs by chance (`Modality.recurs`), exact copies are not counted: the share of new samples tells of them.
    """
    if len(reals.held_out) < ENOUGH_HELD_OUT:
        return None, None
    digest = reals.trained_on
    train = real_features(extractor, reals.modality, reals.train, f"copies:{digest}", progress)
    held_out = real_features(extractor, reals.modality, reals.held_out, f"copies-held-out:{digest}", progress)
    tested = fake[:COPIES_TESTED]
    places = torch.arange(len(tested))
    if reals.modality.recurs:
        # No held-out sample equals one of the training part, as copies lie on one side: compare with such samples.
        places = places[nearest(tested.double(), train.double())[0] > 0]
        if len(places) < ENOUGH_HELD_OUT:
            return None, None
    found = memorisation(train, held_out, tested[places])
    pairs = tuple((int(places[index]), twin, distance) for index, twin, distance in found.pairs)
    samples = generator.sample(COPIES_TESTED, seed=seed)
    twins = reals.modality.from_rows(reals.train[[train_index for _, train_index, _ in pairs]])
    return replace(found, pairs=pairs), (samples[[index for index, _, _ in pairs]], twins)
