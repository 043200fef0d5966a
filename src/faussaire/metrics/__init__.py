"""Figures that can be trusted: features, distances between sets of them, intervals, memorisation, protocols.

All metrics are pure functions of features [N, D], computed in float64 and seeded by position: the same features give
the same bytes. Which quantity an interval covers is said in each docstring, and how often it does is measured by
benchmarks/coverage.py. docs/method/metrics.md has the equations and the conventions.
"""

from __future__ import annotations

from collections.abc import Callable

from faussaire.metrics.classifier import ClassifierExtractor, train_classifier
from faussaire.metrics.distances import diversity, kernel_distance
from faussaire.metrics.efficientnet import EfficientNetExtractor
from faussaire.metrics.features import Extractor
from faussaire.metrics.frechet import (
    FrechetEstimates,
    frechet_distance,
    frechet_estimates,
    frechet_floor,
    frechet_from_moments,
    moments,
)
from faussaire.metrics.inception import InceptionExtractor
from faussaire.metrics.intervals import Estimate, wilson
from faussaire.metrics.labels import class_histogram, known_modes, kullback_leibler, total_variation
from faussaire.metrics.memorisation import Memorisation, memorisation
from faussaire.metrics.neighbours import density_coverage, precision_recall
from faussaire.metrics.pixels import PixelsExtractor
from faussaire.metrics.protocols import METRICS, PROTOCOLS, Protocol, Score, compute, score_row

EXTRACTORS: dict[str, Callable[[], Extractor]] = {
    "efficientnet-lite0": EfficientNetExtractor,
    "inception-v3": InceptionExtractor,
    "pixels-dct": PixelsExtractor,
}
"""Name to factory. `labels-cnn` is not among them: `train_classifier` makes it from the user's labelled images."""

__all__ = [
    "EXTRACTORS",
    "METRICS",
    "PROTOCOLS",
    "ClassifierExtractor",
    "Estimate",
    "Extractor",
    "FrechetEstimates",
    "Memorisation",
    "Protocol",
    "Score",
    "class_histogram",
    "compute",
    "density_coverage",
    "diversity",
    "frechet_distance",
    "frechet_estimates",
    "frechet_floor",
    "frechet_from_moments",
    "kernel_distance",
    "known_modes",
    "kullback_leibler",
    "memorisation",
    "moments",
    "precision_recall",
    "score_row",
    "total_variation",
    "train_classifier",
    "wilson",
]
