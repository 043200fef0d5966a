"""Features of reals and of samples: those of reals are kept in a cache, so that a second evaluation costs samples only.

A file of the cache is named by the fingerprint of the images and by the extractor's name, version and weights.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress

import numpy as np
import torch
from torch import Tensor

from faussaire.core.errors import CheckpointError, DataError
from faussaire.core.files import replacing
from faussaire.core.paths import cache_folder
from faussaire.core.rng import draw_places
from faussaire.data import Rows
from faussaire.evaluation.extractors.classifier import ClassifierExtractor, train_classifier
from faussaire.evaluation.extractors.spec import Extractor
from faussaire.evaluation.reals import Reals
from faussaire.generation.generator import Generator
from faussaire.modalities import Modality

PIECE = 256
CLASSIFIER_IMAGES = 10_000  # drawn at random: the classifier of the labels learns from at most so many
CLASSIFIER_EPOCHS = 4

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def fake_features(
    generator: Generator, extractors: Mapping[str, Extractor], count: int, seed: int, progress: Progress
) -> dict[str, Tensor]:
    """Make `count` samples piece by piece, and return each extractor's features `[count, D]`."""
    found: dict[str, list[Tensor]] = {name: [] for name in extractors}
    done = 0
    for piece in generator.chunks(count, seed=seed):
        for name, extractor in extractors.items():
            found[name].append(extractor(piece))
        done += len(piece)
        progress("making samples", done, count)
    return {name: torch.cat(pieces) for name, pieces in found.items()}


def real_features(
    extractor: Extractor, kind: Modality, images: Rows | np.ndarray, key: str, progress: Progress
) -> Tensor:
    """Return the features `[N, D]` of rows `[N, *shape]`, from the cache where they are there."""
    text = f"{key}:{extractor.name}:{extractor.version}:{extractor.sha256}"
    name = f"{hashlib.sha256(text.encode()).hexdigest()}.npy"
    try:
        path = cache_folder("features", serves=lambda folder: (folder / name).is_file()) / name
        return torch.from_numpy(np.load(path, allow_pickle=False))
    except DataError:
        path = None  # a stranger could change them, or there is no place to keep them
    except (OSError, ValueError):
        pass  # not there, or damaged: computed anew
    pieces = []
    for first in range(0, len(images), PIECE):
        pieces.append(extractor(kind.to_real(images[first : first + PIECE])))
        progress(f"features of reals ({extractor.name})", first, len(images))
    features = torch.cat(pieces)
    if path is not None:
        # A full disk costs time, nothing else.
        with suppress(CheckpointError), replacing(path) as beside, beside.open("wb") as file:
            np.save(file, features.numpy())
    return features


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
