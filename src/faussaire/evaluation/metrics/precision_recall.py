"""Precision and recall: is what is forged plausible, and is all that is real forged?

With B the balls around the reals and B' those around the fakes, each reaching to the k-th nearest neighbour,

    precision = share of fakes inside any B,   recall = share of reals inside any B'         (arXiv 1904.06991, eq. 1-2)

Neither is a mean over independent trials, as the balls are shared: a plain Wilson interval covers in 80-90 %. So the
variance comes from random halves, computed from short lists of nearest samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from faussaire.core.intervals import LEVEL, Estimate, half_sample_variance, proportion
from faussaire.evaluation.metrics.spec import Direction, Features, Meaning, Metric, Row
from faussaire.evaluation.neighbours import SHORT_LIST, Balls, balls, distance_chunks

if TYPE_CHECKING:
    from torch import Tensor


def precision_recall(
    real: Tensor, fake: Tensor, *, k: int = 3, seed: int = 0, level: float = LEVEL
) -> tuple[Estimate, Estimate]:
    """Return precision and recall of features [N, D] and [M, D], each in [0, 1].

    The intervals cover the expectation at this N, M and k, over new draws of both sets.

    Raises:
        ValueError: a set has fewer than 2 k + 2 samples or a value that is not finite, or the dimensions differ.
    """
    around_real, around_fake = balls(real, k=k), balls(fake, k=k)
    precision = _share_inside(around_real, around_fake.centres, seed=seed, level=level)
    recall = _share_inside(around_fake, around_real.centres, seed=seed, level=level)
    return precision, recall


def _share_inside(around: Balls, points: Tensor, *, seed: int, level: float) -> Estimate:
    """Return the share of points [M, D] inside any ball, over new draws of points and of centres."""

    import torch

    n, m = len(around.centres), len(points)
    covered, candidates, distances = [], [], []
    for _, chunk in distance_chunks(points, around.centres):
        covered.append((chunk <= around.radius).any(1))
        # The balls likeliest to hold a point, also in a half: those of which it is the deepest inside.
        depth = chunk / around.radius.clamp(min=torch.finfo(chunk.dtype).tiny)
        likeliest = depth.topk(min(SHORT_LIST, n), dim=1, largest=False).indices
        candidates.append(likeliest)
        distances.append(chunk.gather(1, likeliest))
    candidate, distance = torch.cat(candidates), torch.cat(distances)

    def share_of(kept: Tensor, kept_points: Tensor) -> Tensor:
        inside = kept[:, candidate] & (distance <= around.radius_among(kept)[:, candidate])
        return (inside.any(-1) & kept_points).sum(1).double() / kept_points.sum(1)

    variance = half_sample_variance(share_of, n, m, seed=seed)
    return proportion(float(torch.cat(covered).double().mean()), variance, n=m, level=level)


def _rows(features: Features) -> list[Row]:
    protocol, real, fake = features.protocol, features.real, features.fake
    both = precision_recall(real, fake, k=protocol.k, seed=protocol.seed, level=protocol.level)
    names = ("precision", "recall")
    return [(name, figure, len(real), len(fake)) for name, figure in zip(names, both, strict=True)]


METRIC = Metric(
    short="pr",
    k=3,
    compute=_rows,
    figures=(
        Meaning(
            name="precision",
            direction=Direction.HIGHER,
            title={"en": "Precision", "fr": "Précision"},
            sentence={
                "en": "The share of samples that lie among the real images: how many look real.",
                "fr": "La part des échantillons qui se trouvent parmi les images réelles : combien ont l’air vrais.",
            },
        ),
        Meaning(
            name="recall",
            direction=Direction.HIGHER,
            title={"en": "Recall", "fr": "Rappel"},
            sentence={
                "en": "The share of real images that lie among the samples: how much of the variety of the "
                "data is made.",
                "fr": "La part des images réelles qui se trouvent parmi les échantillons : quelle part de la "
                "variété des données est fabriquée.",
            },
        ),
    ),
)
