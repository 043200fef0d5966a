"""Diversity: how widely fakes are spread beside reals, by the distances between pairs of samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faussaire.core.errors import UnmeasurableError
from faussaire.core.intervals import LEVEL, Estimate, as_features, jackknife_variance, normal
from faussaire.evaluation.metrics.spec import Direction, Features, Meaning, Metric, Row
from faussaire.evaluation.neighbours import distance_chunks

if TYPE_CHECKING:
    from torch import Tensor


def diversity(real: Tensor, fake: Tensor, *, level: float = LEVEL) -> Estimate:
    """Return the mean distance between two fakes over that between two reals: 1 when as diverse, 0 when all alike.

    The interval, by the delete-one jackknife, covers the ratio for the two populations.

    Args:
        real, fake: features [N, D] and [M, D].
        level: coverage of the interval.

    Raises:
        UnmeasurableError: a set has fewer than three rows, or the reals are all alike.
    """
    mean_real, without_real = _mean_pair_distance(as_features(real, name="real", at_least=3))
    mean_fake, without_fake = _mean_pair_distance(as_features(fake, name="fake", at_least=3))
    if mean_real == 0:
        raise UnmeasurableError("the reals are all alike: diversity has no unit to be measured in")
    variance = jackknife_variance(mean_fake / without_real) + jackknife_variance(without_fake / mean_real)
    return normal(mean_fake / mean_real, variance, level=level)


def _mean_pair_distance(features: Tensor) -> tuple[float, Tensor]:
    """Return the mean distance over the pairs of features [N, D], and the same with each sample left out: [N]."""

    import torch

    n = len(features)
    sums = []
    for start, distances in distance_chunks(features, features):
        rows = torch.arange(len(distances))
        distances[rows, start + rows] = 0.0  # what rounding leaves of it
        sums.append(distances.sum(1))
    row = torch.cat(sums)
    return float(row.sum()) / (n * (n - 1)), (row.sum() - 2 * row) / ((n - 1) * (n - 2))


def _rows(features: Features) -> list[Row]:
    protocol, real, fake = features.protocol, features.real, features.fake
    return [("diversity", diversity(real, fake, level=protocol.level), len(real), len(fake))]


METRIC = Metric(
    short="div",
    compute=_rows,
    figures=(
        Meaning(
            name="diversity",
            direction=Direction.ONE,
            title={"en": "Diversity", "fr": "Diversité"},
            sentence={
                "en": "The mean distance between two samples over that between two real images; near 0 all "
                "samples look alike.",
                "fr": "La distance moyenne entre deux échantillons, divisée par celle entre deux images "
                "réelles ; près de 0, tous les échantillons se ressemblent.",
            },
        ),
    ),
)
