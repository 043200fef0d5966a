"""Density and coverage: how closely reals stand around a fake, and how many reals have a fake close by.

With B the balls around the reals, each reaching to its k-th nearest neighbour,

    density = mean number of B that hold a fake, over k,   coverage = share of B that hold any fake
                                                                                             (arXiv 2002.09797, eq. 3-4)

The ball is closed (distance <= radius), as in Kynkäänniemi et al. 2019; the code of Naeem et al. 2020 has it open,
which differs only for exact ties. The variance comes from random halves, as in precision_recall.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from faussaire.core.intervals import LEVEL, Estimate, as_features, half_sample_variance, normal, proportion
from faussaire.evaluation.metrics.spec import Direction, Features, Meaning, Metric, Row
from faussaire.evaluation.neighbours import SHORT_LIST, Balls, at_rank, balls, distance_chunks

if TYPE_CHECKING:
    from torch import Tensor


def density_coverage(
    real: Tensor, fake: Tensor, *, k: int = 5, seed: int = 0, level: float = LEVEL
) -> tuple[Estimate, Estimate]:
    """Return density (>= 0, about 1 for a perfect generator) and coverage (in [0, 1]) of features [N, D] and [M, D].

    The intervals cover the expectation at this N, M and k, over new draws of both sets.

    Raises:
        ValueError: a set has fewer than 2 k + 2 samples or a value that is not finite, or the dimensions differ.
    """
    around, fake = balls(real, k=k), as_features(fake, name="fake", at_least=4)
    n, m = len(around.centres), len(fake)
    holding, held_by, nearest, index = _contacts(around, fake)

    def density_over_reals(kept: Tensor, _: Tensor) -> Tensor:
        inside = at_rank(holding, around.rank_among(kept))
        return (inside * kept).sum(1).double() / (k * m)

    def coverage_of(kept: Tensor, kept_fake: Tensor) -> Tensor:
        inside = kept_fake[:, index] & (nearest <= around.radius_among(kept)[..., None])
        return (inside.any(-1) & kept).sum(1).double() / kept.sum(1)

    # Given the reals, density is a mean over independent fakes, so only the reals need halves.
    variance = half_sample_variance(density_over_reals, n, m, seed=seed, wide=0.1) + float(held_by.var()) / (k * k * m)
    density = normal(float(held_by.mean()) / k, variance, level=level)
    density = replace(density, low=max(0.0, density.low))  # a count is never below 0
    covered = float((nearest[:, 0] <= around.radius).double().mean())
    variance = half_sample_variance(coverage_of, n, m, seed=seed)
    return density, proportion(covered, variance, n=n, level=level)


def _contacts(around: Balls, fake: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return how many fakes lie within each of a centre's K neighbour distances, [N, K]; how many balls hold each
    fake, [M]; and the distances [N, L] and indices [N, L] of the fakes nearest to each centre, ascending.
    """

    import torch

    holding, nearest, indices = [], [], []
    held_by = torch.zeros(len(fake), dtype=torch.float64)
    for start, distances in distance_chunks(around.centres, fake):
        limits = around.distances[start : start + len(distances)]
        counts = [(distances <= limits[:, rank, None]).sum(1) for rank in range(limits.shape[1])]
        holding.append(torch.stack(counts, dim=1))
        held_by += (distances <= limits[:, around.k - 1, None]).sum(0)
        closest = distances.topk(min(SHORT_LIST, len(fake)), dim=1, largest=False)
        nearest.append(closest.values)
        indices.append(closest.indices)
    return torch.cat(holding), held_by, torch.cat(nearest), torch.cat(indices)


def _rows(features: Features) -> list[Row]:
    protocol, real, fake = features.protocol, features.real, features.fake
    both = density_coverage(real, fake, k=protocol.k, seed=protocol.seed, level=protocol.level)
    names = ("density", "coverage")
    return [(name, figure, len(real), len(fake)) for name, figure in zip(names, both, strict=True)]


METRIC = Metric(
    short="dc",
    k=5,
    compute=_rows,
    figures=(
        Meaning(
            name="density",
            direction=Direction.ONE,
            title={"en": "Density", "fr": "Densité"},
            sentence={
                "en": "How closely real images stand around a sample, 1 on average for a perfect generator; "
                "more when samples crowd where most of the data is.",
                "fr": "À quel point les images réelles se pressent autour d’un échantillon : 1 en moyenne "
                "pour un générateur parfait ; plus quand les échantillons s’entassent là où sont la "
                "plupart des données.",
            },
        ),
        Meaning(
            name="coverage",
            direction=Direction.HIGHER,
            title={"en": "Coverage", "fr": "Couverture"},
            sentence={
                "en": "The share of real images that have a sample close by, nearly 1 for a perfect generator.",
                "fr": "La part des images réelles qui ont un échantillon tout près, presque 1 pour un "
                "générateur parfait.",
            },
        ),
    ),
)
