"""Which classes does the generator know, and in what shares? Modes and histograms from a classifier's predictions.

    total variation = 1/2 sum |p_c - q_c|  in [0, 1]

with p and q the shares of class c among the predictions for reals and for fakes. Counting modes with a classifier goes
back to Srivastava et al. 2017, arXiv 1705.07761, section 4. A classifier errs, so that one fake in a class proves
little: a class counts as known when the fakes hold at least a tenth of the share that it has among the reals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from faussaire.core.errors import ConfigError
from faussaire.core.intervals import LEVEL, Estimate, score, wilson
from faussaire.core.rng import numpy_generator_for
from faussaire.evaluation.metrics.spec import Direction, Features, Meaning, Metric, Row

if TYPE_CHECKING:
    from torch import Tensor


# A class counts as known from this part of its share among the reals.
_KNOWN_FROM = 0.1
_BOOTSTRAP_DRAWS = 1000
# How fast the variance of the total variation grows with it, in units of their ratio: chosen by coverage.
_SLOPE = 1.6


def class_histogram(labels: Tensor, *, num_classes: int) -> Tensor:
    """Return how many of labels [N] fall into each class: int64 [num_classes].

    Raises:
        ValueError: there are no labels, or one lies outside 0 .. num_classes - 1.
    """

    import torch

    if labels.ndim != 1 or labels.numel() == 0:
        raise ValueError(f"labels must be [N] with N >= 1, not {list(labels.shape)}")
    if int(labels.min()) < 0 or int(labels.max()) >= num_classes:
        raise ValueError(f"a label lies outside 0 .. {num_classes - 1}")
    return torch.bincount(labels, minlength=num_classes)


def known_modes(real: Tensor, fake: Tensor, *, level: float = LEVEL) -> Estimate:
    """Return the number of classes that the generator knows, of those that the reals hold.

    The interval counts the classes that are known at the lower ends of their Wilson intervals, and at the upper ends,
    each at a level raised by Bonferroni so that all hold at once.

    Args:
        real, fake: class histograms, int64 [C].
        level: coverage of the interval.

    Raises:
        ValueError: the histograms differ in length, or one is empty.
    """
    _check(real, fake)
    n, num_classes = int(fake.sum()), real.numel()
    counts = [0, 0, 0]
    for among_real, among_fake in zip((real / real.sum()).tolist(), fake.tolist(), strict=True):
        if among_real > 0:
            share = wilson(among_fake, n, level=1 - (1 - level) / num_classes)
            for end, figure in enumerate((share.low, share.value, share.high)):
                counts[end] += figure >= _KNOWN_FROM * among_real
    low, value, high = counts
    return Estimate(value=value, low=low, high=high, level=level)


def total_variation(real: Tensor, fake: Tensor, *, seed: int = 0, level: float = LEVEL) -> Estimate:
    """Return the total variation between two class histograms int64 [C]: 0 when alike, 1 when disjoint.

    At n samples it is too high by up to sqrt(C / (2 pi n)); the interval covers its expectation at this very n. Its
    variance is that of the figure when both histograms are drawn again from the shares observed. Where the two are
    alike this counts chance twice, and the figure is skewed; so the variance is taken to grow with the truth.

    Raises:
        ValueError: the histograms differ in length, or one is empty.
    """

    import torch

    _check(real, fake)
    generator = numpy_generator_for(seed, "eval histograms")
    drawn = []
    for histogram in (real, fake):
        n = int(histogram.sum())
        draws = generator.multinomial(n, (histogram.double() / n).numpy(), size=_BOOTSTRAP_DRAWS)
        drawn.append(torch.from_numpy(draws) / n)
    spread = (drawn[0] - drawn[1]).abs().sum(1) / 2
    value = float((real.double() / real.sum() - fake.double() / fake.sum()).abs().sum()) / 2
    variance = float(spread.var())
    estimate = score(value, variance, _SLOPE * variance / value if value > 0 else 0.0, level=level)
    return Estimate(value=value, low=max(0.0, estimate.low), high=min(1.0, estimate.high), level=level)


def _check(real: Tensor, fake: Tensor) -> None:
    if real.shape != fake.shape or real.ndim != 1 or not int(real.sum()) or not int(fake.sum()):
        raise ValueError("class histograms must be [C] of the same C, and neither of them empty")


def _rows(features: Features) -> list[Row]:
    from faussaire.evaluation.extractors.spec import Classifier

    protocol, real, fake, extractor = features.protocol, features.real, features.fake, features.extractor
    if not isinstance(extractor, Classifier):
        raise ConfigError(f"{protocol.name} needs an extractor that tells classes, and {extractor.name} does not")
    histograms = [class_histogram(extractor.classify(x), num_classes=extractor.num_classes) for x in (real, fake)]
    return [
        ("classes-known", known_modes(*histograms, level=protocol.level), len(real), len(fake)),
        (
            "class-distance",
            total_variation(*histograms, seed=protocol.seed, level=protocol.level),
            len(real),
            len(fake),
        ),
        ("classifier-accuracy", extractor.accuracy, extractor.num_held_out, 0),
    ]


METRIC = Metric(
    short="classes",
    extractors=("labels-cnn", "sound-cnn"),
    classifies=True,
    compute=_rows,
    figures=(
        Meaning(
            name="classes-known",
            direction=Direction.HIGHER,
            title={"en": "Classes known", "fr": "Classes connues"},
            sentence={
                "en": "How many classes of the data the samples show, as a classifier sees them that was "
                "trained on the real images.",
                "fr": "Combien de classes des données les échantillons montrent, aux yeux d’un classifieur "
                "entraîné sur les images réelles.",
            },
        ),
        Meaning(
            name="class-distance",
            direction=Direction.LOWER,
            title={"en": "Distance of the classes", "fr": "Écart entre les classes"},
            sentence={
                "en": "How far the shares of the classes among the samples are from those among the real "
                "images: 0 alike, 1 nothing in common.",
                "fr": "À quelle distance les proportions des classes parmi les échantillons sont de celles "
                "des images réelles : 0 pareilles, 1 rien en commun.",
            },
        ),
        Meaning(
            name="classifier-accuracy",
            direction=Direction.NONE,
            title={"en": "Accuracy of the classifier", "fr": "Exactitude du classifieur"},
            sentence={
                "en": "How often the classifier that counts the classes is right on real images that it has not seen.",
                "fr": "À quelle fréquence le classifieur qui compte les classes a raison sur des images "
                "réelles qu’il n’a pas vues.",
            },
        ),
    ),
)
