"""Does the generator copy its training set? A scored test, and the pairs to look at.

A fake is held against its nearest training image, and real images that were held out of training set the scale. Fakes
that are new draws of the same distribution have the same law of distances as the held-out images; copies are nearer.
Two rank statistics, both indifferent to the law itself, are computed of it:

    all        Mann-Whitney's U, ties counted half                     (Meehan et al. 2020, arXiv 2004.05675, eq. 2)
    closest    how many fakes are nearer than the r-th nearest held-out image, r = 1 % of them: beta-binomial

The second sees a generator that copies one time in ten, which hardly moves the first; the smaller p-value is doubled
(Bonferroni). Where few are held out the ranks stay valid, but they tell which is nearer, not what near is: augmented
training images set that scale, and a copier is one whose samples are mostly as near as those. Blurred or averaged
pictures are nearer to everything, so nearness alone convicts the innocent. The test is therefore made twice, of the
distance d and of the share d / (d + e), e being the distance to the nearest held-out image, which shrinks for a blur
as d does; the larger of the two p-values counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

from faussaire.core.intervals import as_features
from faussaire.evaluation.neighbours import nearest

if TYPE_CHECKING:
    from torch import Tensor

NUM_PAIRS = 32
"""How many of the closest pairs are kept, to be looked at."""

_CLOSEST_SHARE = 0.01
COPIER_BELOW = 0.001
"""p-value below which a generator is called a copier."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What one of the two quantities, distance or share, says against the generator."""

    p_value: float
    """Twice the smaller of `p_all` and `p_closest`, at most 1."""
    p_all: float
    """One-sided p-value of Mann-Whitney's U."""
    z_score: float
    """U in standard deviations: large when the fakes are too near to the training images."""
    nearer_than_held_out: float
    """Probability that a fake is nearer to the training images than a held-out image is: 1/2 for a fair generator."""
    p_closest: float
    """p-value of `num_closest`."""
    num_closest: int
    """Fakes nearer than the 1st percentile of the held-out images."""


@dataclass(frozen=True, kw_only=True)
class Memorisation:
    """The outcome of the test."""

    p_value: float
    """The larger of the two p-values: how often a generator that has not copied looks this guilty, or more."""
    is_copier: bool
    """p_value < 0.001, and most fakes as near as augmented training images where these are the scale."""
    distance: Evidence
    """Of the distance to the nearest training image."""
    share: Evidence
    """Of that distance over its sum with the distance to the nearest held-out image."""
    num_train: int
    """Training images compared with."""
    num_held_out: int
    """Held-out images compared with."""
    num_fake: int
    """Fakes tested."""
    pairs: tuple[tuple[int, int, float], ...]
    """The closest pairs, nearest first: index of the fake, index of the training image, distance."""
    as_near: float | None = None
    """Share of the fakes as near to a training image as one half of the augmented ones; None without these."""

    @property
    def with_few(self) -> bool:
        """Whether few images are held out, so that only a generator that copies nearly always can be told."""
        return self.as_near is not None


def memorisation(train: Tensor, held_out: Tensor, fake: Tensor, *, augmented: Tensor | None = None) -> Memorisation:
    """Test whether fakes are copies of training images.

    The test is valid for any distance, but only as sharp as the features: copies with noise are found in features that
    ignore the noise.

    Args:
        train: features of the images that the generator was trained on, [T, D].
        held_out: features of real images that it has not seen, [H, D]; duplicates of training images among them blunt
            the test, which stays valid.
        fake: features of generated images, [F, D].
        augmented: features of augmented training images, [A, D], where few images are held out.

    Raises:
        ValueError: a set has fewer than two rows or a value that is not finite, or the dimensions differ.
    """
    train, held_out = as_features(train, name="train"), as_features(held_out, name="held_out")
    fake = as_features(fake, name="fake")
    distance_fake, twin = nearest(fake, train)
    distance_real, _ = nearest(held_out, train)
    distance = _evidence(distance_fake, distance_real)
    share = _evidence(_share(distance_fake, nearest(fake, held_out)[0]), _share(distance_real, nearest(held_out)[0]))
    p_value = max(distance.p_value, share.p_value)
    as_near = None if augmented is None else _as_near(distance_fake, nearest(augmented.to(train), train)[0])
    closest = distance_fake.argsort(stable=True)[:NUM_PAIRS].tolist()
    return Memorisation(
        p_value=p_value,
        is_copier=p_value < COPIER_BELOW and (as_near is None or as_near > 0.5),
        distance=distance,
        share=share,
        num_train=len(train),
        num_held_out=len(held_out),
        num_fake=len(fake),
        pairs=tuple((i, int(twin[i]), float(distance_fake[i])) for i in closest),
        as_near=as_near,
    )


def _as_near(fake: Tensor, augmented: Tensor) -> float:
    """Return the share of the distances of fakes [F] up to the median of those of augmented training images [A]."""
    return float((fake <= augmented.median()).double().mean())


def _share(to_train: Tensor, to_held_out: Tensor) -> Tensor:
    """Return d / (d + e) [N], and 1/2 where both are 0: an image that is in both sets speaks for neither."""

    import torch

    total = to_train + to_held_out
    return torch.where(total > 0, to_train / total, 0.5)


def _evidence(fake: Tensor, real: Tensor) -> Evidence:
    """Return both statistics of one quantity for fakes [F] and held-out images [H]; small means copied."""
    chance, z_score = _mann_whitney(fake, real)
    p_all = NormalDist().cdf(-z_score)
    rank = max(1, math.ceil(_CLOSEST_SHARE * len(real)))
    num_closest = int((fake < real.kthvalue(rank).values).sum())
    p_closest = _closest_tail(num_closest, num_fake=len(fake), num_real=len(real), rank=rank)
    return Evidence(
        p_value=min(1.0, 2 * min(p_all, p_closest)),
        p_all=p_all,
        z_score=z_score,
        nearer_than_held_out=chance,
        p_closest=p_closest,
        num_closest=num_closest,
    )


def _mann_whitney(fake: Tensor, real: Tensor) -> tuple[float, float]:
    """Return P(f < r) + P(f = r)/2 for f of fake [F] and r of real [H], and its z-score were their laws the same."""

    import torch

    n, m = len(fake), len(real)
    ordered = real.sort().values
    losses = torch.searchsorted(ordered, fake) + torch.searchsorted(ordered, fake, right=True)  # r < f, r <= f
    wins = n * m - float(losses.sum()) / 2
    _, ties = torch.unique(torch.cat([fake, real]), return_counts=True)
    correction = float((ties.double() ** 3 - ties).sum()) / ((n + m) * (n + m - 1))
    variance = n * m / 12 * (n + m + 1 - correction)
    # Where every value is the same nothing speaks for either side.
    z_score = (wins - n * m / 2) / math.sqrt(variance) if variance > 0 else 0.0
    return wins / (n * m), z_score


def _closest_tail(count: int, *, num_fake: int, num_real: int, rank: int) -> float:
    """Return the probability that `count` fakes or more are nearer than the rank-th nearest held-out image.

    That image's place among all draws is Beta(rank, num_real - rank + 1) whatever their law, so the count is
    beta-binomial: exact, however few the held-out images.
    """
    above = num_real - rank + 1
    log_beta = math.lgamma(rank) + math.lgamma(above) - math.lgamma(num_real + 1)
    terms = []
    for i in range(count, num_fake + 1):
        ways = math.lgamma(num_fake + 1) - math.lgamma(i + 1) - math.lgamma(num_fake - i + 1)
        joint = math.lgamma(rank + i) + math.lgamma(above + num_fake - i) - math.lgamma(num_real + 1 + num_fake)
        terms.append(math.exp(ways + joint - log_beta))
    return min(1.0, math.fsum(terms))
