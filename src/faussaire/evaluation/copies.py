"""Whether a generator copies its training images: the test of `memorisation` on pixels, and the pairs to look at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from faussaire.core.rng import draw_places, generator_for
from faussaire.evaluation.extractors.spec import Extractor
from faussaire.evaluation.features import Progress, real_features
from faussaire.evaluation.memorisation import Memorisation, memorisation
from faussaire.evaluation.neighbours import nearest
from faussaire.evaluation.reals import ENOUGH_HELD_OUT, Reals
from faussaire.generation.generator import Generator
from faussaire.models.augment import apply, draw

COPIES_TESTED = 2_000  # the first samples: each is a draw of its own
LEAST_HELD_OUT = 5  # images, of which the ranks can tell a generator that copies nearly always
AUGMENTED = 1_000  # augmented training images that set the scale where few are held out


def find_copies(
    generator: Generator, reals: Reals, extractor: Extractor, fake: Tensor, seed: int, progress: Progress
) -> tuple[Memorisation | None, tuple[np.ndarray, np.ndarray] | None]:
    """Test for copies by a quick extractor, which every training image can afford, and return the closest pairs.

    Of what recurs by chance (`Modality.recurs`), exact copies are not counted: the share of new samples tells of them.
    """
    num_held_out = len(reals.held_out)
    augmented = _augmented(reals, extractor) if LEAST_HELD_OUT <= num_held_out < ENOUGH_HELD_OUT else None
    if num_held_out < ENOUGH_HELD_OUT and augmented is None:
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
    found = memorisation(train, held_out, tested[places], augmented=augmented)
    pairs = tuple((int(places[index]), twin, distance) for index, twin, distance in found.pairs)
    samples = generator.sample(COPIES_TESTED, seed=seed)
    twins = reals.modality.from_rows(reals.train[[train_index for _, train_index, _ in pairs]])
    return replace(found, pairs=pairs), (samples[[index for index, _, _ in pairs]], twins)


def _augmented(reals: Reals, extractor: Extractor) -> Tensor | None:
    """Return features `[A, D]` of training images as D may see them, by the mildest operation; None of a kind without.

    To D such an image is the same as the one that it was made of, so a sample as near as that is a copy.
    """
    policy = reals.modality.augmentations(reals.train.shape[1:])[:1]
    if not policy:
        return None
    chosen = draw_places(len(reals.train), AUGMENTED, seed=0, stream="copies-augmented")
    images = reals.modality.to_real(reals.train[chosen])
    turns = -(-AUGMENTED // len(images))
    images = images.repeat(turns, *[1] * (images.ndim - 1))[:AUGMENTED]
    draws = draw(policy, len(images), tuple(images.shape[1:]), 1.0, generator_for(0, "copies-augmentation"))
    return extractor(apply(images, draws))
