"""Does the generator copy its training set? A scored test, and the pairs to look at.

A fake is held against the nearest training image, and real images that were held out of training set the scale. If the
fakes are new draws of the same distribution, both distances have the same law and two exact rank statistics follow:

    all        Mann-Whitney's U on the two sets of distances, ties counted half (Meehan et al. 2020, arXiv 2004.05675, eq. 2)
    closest    how many fakes are nearer than the r-th nearest held-out image, r = 1 % of them: beta-binomial

The second sees a generator that copies one time in ten, which hardly moves the first. The smaller p-value, doubled
(Bonferroni), is the test's. Being nearer than real images are is no proof of copying: blurred or averaged pictures are
nearer to everything. So the verdict also asks whether the suspects are nearer to training images than to as many
held-out ones, which a copy is and an average is not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import torch
from torch import Tensor

from faussaire.metrics.intervals import LEVEL, Estimate, as_features, wilson
from faussaire.metrics.neighbours import nearest
from faussaire.rng import generator_for

_CLOSEST_SHARE = 0.01
COPIER_BELOW = 0.001
"""p-value below which a generator is called a copier."""


@dataclass(frozen=True, kw_only=True)
class Memorisation:
    """The outcome of the test."""

    p_value: float
    """Probability of distances this small, or smaller, from a generator that has not copied."""
    z_score: float
    """Mann-Whitney's U in standard deviations; large when the fakes are too near to the training images."""
    nearer_than_held_out: float
    """Probability that a fake is nearer to the training images than a held-out image is: 1/2 for a fair generator."""
    num_closest: int
    """Fakes nearer than the 1st percentile of the held-out images: the suspects."""
    p_all: float
    """p-value of U alone."""
    p_closest: float
    """p-value of `num_closest` alone."""
    suspects_on_training_side: Estimate
    """Share of the suspects (of all fakes, where the suspects are no more than chance would have) nearer to a training
    image than to any of as many held-out images: 1/2 for averages and blurs, near 1 for copies."""
    is_copier: bool
    """p_value < 0.001 and the suspects lie on the training side."""
    pairs: tuple[tuple[int, int, float], ...]
    """The closest pairs, nearest first: index of the fake, index of the training image, distance."""


def memorisation(
    train: Tensor, held_out: Tensor, fake: Tensor, *, num_pairs: int = 32, seed: int = 0, level: float = LEVEL
) -> Memorisation:
    """Test whether fakes are copies of training images.

    Args:
        train: features of the images that the generator was trained on, [T, D].
        held_out: features of real images that it has not seen, [H, D]; as good as duplicates of training images that
            are among them blunt the test, which stays valid.
        fake: features of generated images, [F, D].
        num_pairs: how many of the closest pairs to return.
        seed: of the training images drawn to be as many as the held-out ones.
        level: coverage of the interval of `suspects_on_training_side`.

    Raises:
        ValueError: a set has fewer than two rows or a value that is not finite, or the dimensions differ.
    """
    train, held_out = as_features(train, name="train"), as_features(held_out, name="held_out")
    fake = as_features(fake, name="fake")
    distance_real, _ = nearest(held_out, train)
    distance_fake, twin = nearest(fake, train)
    chance, z_score = _mann_whitney(distance_fake, distance_real)
    p_all = NormalDist().cdf(-z_score)
    rank = max(1, math.ceil(_CLOSEST_SHARE * len(held_out)))
    suspects = distance_fake < distance_real.kthvalue(rank).values
    num_closest = int(suspects.sum())
    p_closest = _closest_tail(num_closest, fakes=len(fake), held_out=len(held_out), rank=rank)
    p_value = min(1.0, 2 * min(p_all, p_closest))

    asked = fake[suspects] if p_closest < COPIER_BELOW else fake
    side = _training_side(asked, train, held_out, seed=seed, level=level)
    closest = distance_fake.argsort(stable=True)[:num_pairs].tolist()
    return Memorisation(
        p_value=p_value,
        z_score=z_score,
        nearer_than_held_out=chance,
        num_closest=num_closest,
        p_all=p_all,
        p_closest=p_closest,
        suspects_on_training_side=side,
        is_copier=p_value < COPIER_BELOW and side.low > 0.5,
        pairs=tuple((i, int(twin[i]), float(distance_fake[i])) for i in closest),
    )


def _mann_whitney(smaller: Tensor, larger: Tensor) -> tuple[float, float]:
    """Return P(a < b) + P(a = b)/2 for a of smaller [N], b of larger [M], and its z-score under equality of laws."""
    n, m = len(smaller), len(larger)
    ordered = larger.sort().values
    below = torch.searchsorted(ordered, smaller, right=True)  # b <= a
    strictly = torch.searchsorted(ordered, smaller)  # b < a
    wins = n * m - float(below.sum() + strictly.sum()) / 2
    _, ties = torch.cat([smaller, larger]).unique(return_counts=True)
    correction = float((ties.double() ** 3 - ties).sum()) / ((n + m) * (n + m - 1))
    variance = n * m / 12 * (n + m + 1 - correction)
    # Where every distance is the same nothing speaks for either side.
    z_score = (wins - n * m / 2) / math.sqrt(variance) if variance > 0 else 0.0
    return wins / (n * m), z_score


def _closest_tail(count: int, *, fakes: int, held_out: int, rank: int) -> float:
    """Return the probability that `count` fakes or more are nearer than the rank-th nearest held-out image.

    That image's place among all images is Beta(rank, held_out - rank + 1), whatever the law of the distances, so the
    count is beta-binomial: exact, however few the held-out images.
    """
    beta = held_out - rank + 1

    def probability(i: int) -> float:
        ways = math.lgamma(fakes + 1) - math.lgamma(i + 1) - math.lgamma(fakes - i + 1)
        place = math.lgamma(rank + i) + math.lgamma(beta + fakes - i) - math.lgamma(rank + beta + fakes)
        whole = math.lgamma(rank) + math.lgamma(beta) - math.lgamma(rank + beta)
        return math.exp(ways + place - whole)

    return min(1.0, math.fsum(probability(i) for i in range(count, fakes + 1)))


def _training_side(fake: Tensor, train: Tensor, held_out: Tensor, *, seed: int, level: float) -> Estimate:
    """Return the share of fakes [F, D] nearer to the training images than to the held-out ones, of each as many.

    All the training images are used when they are fewer; ties count half.
    """
    drawn = []
    size = min(len(train), len(held_out))
    for which, reals in (("train", train), ("held out", held_out)):
        order = torch.randperm(len(reals), generator=generator_for(seed, f"eval sides {which}"))
        drawn.append(nearest(fake, reals[order[:size]])[0])
    wins = float((drawn[0] < drawn[1]).sum()) + float((drawn[0] == drawn[1]).sum()) / 2
    return wilson(wins, len(fake), level=level)
