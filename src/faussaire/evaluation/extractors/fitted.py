"""Extractors that are fitted to the data of a run before they judge it: an entry each.

The metrics that need one name it, and a modality says which are for its samples (`Modality.told_by`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from faussaire.core.rng import draw_places
from faussaire.evaluation.extractors.classifier import ClassifierExtractor, SoundClassifier, train_classifier
from faussaire.evaluation.extractors.lines import LinesExtractor
from faussaire.evaluation.extractors.spec import Extractor
from faussaire.evaluation.reals import Reals

CLASSIFIER_IMAGES = 10_000  # drawn at random: the classifier of the labels learns from at most so many
CLASSIFIER_EPOCHS = 4
SOUNDS_SHOWN = 40_000  # to the recogniser of sounds, however many there are: sets of recordings are small
LINES = 1_000_000  # drawn at random: no text of short lines has many more


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """How one is made."""

    fit: Callable[[Reals, int], Extractor]
    """(the training part of the data, a seed) -> the extractor.

    Raises:
        ExtractorError: there is too little to learn from.
    """

    doing: str
    """What is said while it is made."""

    labelled: bool = False
    """Whether it needs data with labels."""


def label_classifier(reals: Reals, seed: int) -> ClassifierExtractor:
    """Train the classifier on the run's labelled training images."""
    assert reals.labels is not None
    places = draw_places(len(reals.train), CLASSIFIER_IMAGES, seed=seed, stream="eval classifier")
    images, labels = reals.train[places], reals.labels[places]
    return train_classifier(
        reals.modality.to_real(images),
        torch.from_numpy(labels.astype(np.int64)),
        num_classes=len(reals.classes),
        epochs=CLASSIFIER_EPOCHS,
        seed=seed,
    )


def sound_classifier(reals: Reals, seed: int) -> ClassifierExtractor:
    """Train the recogniser of sounds on the spectra of the labelled training part."""
    assert reals.labels is not None
    places = draw_places(len(reals.train), SOUNDS_SHOWN, seed=seed, stream="eval classifier")
    return train_classifier(
        reals.modality.to_real(reals.train[places]),
        torch.from_numpy(reals.labels[places].astype(np.int64)),
        num_classes=len(reals.classes),
        epochs=max(1, round(SOUNDS_SHOWN / len(places))),
        seed=seed,
        kind=SoundClassifier,
    )


def lines_extractor(reals: Reals, seed: int) -> LinesExtractor:
    """Learn which lines the training part of a text has, and fit the 4-gram model to it."""
    places = draw_places(len(reals.train), LINES, seed=seed, stream="eval lines")
    return LinesExtractor(reals.train[places], trained_on=reals.trained_on)


FITTED: dict[str, Fitted] = {
    "labels-cnn": Fitted(fit=label_classifier, doing="training a classifier of the labels", labelled=True),
    "sound-cnn": Fitted(fit=sound_classifier, doing="training a recogniser of the sounds", labelled=True),
    "lines": Fitted(fit=lines_extractor, doing="fitting a 4-gram model"),
}
"""By the name of the extractor."""
