"""Distances built on pairs of samples: the kernel distance, and how widely fakes are spread beside reals.

    MMD^2 = mean k(x, x') + mean k(y, y') - 2 mean k(x, y)  over x != x', y != y',   k(a, b) = (a.b / D + 1)^3

is the kernel distance (KID with Inception features) of Bińkowski et al. 2018, arXiv 1801.01401, section 3. Unlike the
Fréchet distance it is unbiased at every n, so that it may come out below 0. It is computed over all pairs, and not over
random blocks as is the custom: the expectation is the same, no seed is needed, and where the two sets are alike the
standard deviation was a third of that of ten blocks (0.0057 and 0.0176 at n = 500, D = 64).
"""

from __future__ import annotations

import torch
from torch import Tensor

from faussaire.metrics.intervals import LEVEL, Estimate, as_features, jackknife_variance, normal, score
from faussaire.metrics.neighbours import distance_chunks, row_chunks

# How fast the variance grows with the distance, in units of their ratio, and what the noise of the variance itself asks
# for. The cubic kernel makes the estimate skewed, and its standard error low where the estimate is low; both numbers
# were chosen by coverage.
_SLOPE = 1.53
_WIDER = 1.2


def kernel_distance(real: Tensor, fake: Tensor, *, level: float = LEVEL) -> Estimate:
    """Return the unbiased squared maximum mean discrepancy of features [N, D] and [M, D].

    The interval covers the value for the two populations. Its variance is that of what the samples contribute, each
    measured on the others: it counts the part that belongs to pairs twice, and so is up to 41 % too wide for two sets
    that are alike.

    Raises:
        ValueError: a set has fewer than three rows or a value that is not finite, or the dimensions differ.
    """
    real, fake = as_features(real, name="real", at_least=3), as_features(fake, name="fake", at_least=3)
    if real.shape[1] != fake.shape[1]:
        raise ValueError(f"features of {real.shape[1]} and of {fake.shape[1]} dimensions cannot be compared")
    among_reals, among_fakes = _within(real), _within(fake)
    to_fakes, to_reals = _across(real, fake)
    value = float(among_reals.mean() + among_fakes.mean() - 2 * to_fakes.mean())
    parts = ((among_reals - to_fakes).var() / len(real), (among_fakes - to_reals).var() / len(fake))
    variance = _WIDER * 4 * float(sum(parts))
    slope = _SLOPE * variance / max(value, 2 * variance**0.5) if variance > 0 else 0.0
    return score(value, variance, slope, level=level)


def diversity(real: Tensor, fake: Tensor, *, level: float = LEVEL) -> Estimate:
    """Return the mean distance between two fakes over that between two reals: 1 when as diverse, 0 when all alike.

    The interval, by the delete-one jackknife, covers the ratio for the two populations.

    Args:
        real, fake: features [N, D] and [M, D].
        level: coverage of the interval.

    Raises:
        ValueError: a set has fewer than three rows, or the reals are all alike.
    """
    mean_real, without_real = _mean_pair_distance(as_features(real, name="real", at_least=3))
    mean_fake, without_fake = _mean_pair_distance(as_features(fake, name="fake", at_least=3))
    if mean_real == 0:
        raise ValueError("the reals are all alike: diversity has no unit to be measured in")
    variance = jackknife_variance(mean_fake / without_real) + jackknife_variance(without_fake / mean_real)
    return normal(mean_fake / mean_real, variance, level=level)


def _within(x: Tensor) -> Tensor:
    """Return the mean kernel of each sample of x [N, D] with the others: [N]."""
    sums = []
    for start, rows in row_chunks(x, len(x)):
        kernel = _kernel(rows, x)
        index = torch.arange(len(rows))
        sums.append(kernel.sum(1) - kernel[index, start + index])
    return torch.cat(sums) / (len(x) - 1)


def _across(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean kernel of each sample of x [N, D] with y [M, D], [N], and of each of y with x, [M]."""
    of_x, of_y = [], torch.zeros(len(y), dtype=torch.float64)
    for _, rows in row_chunks(x, len(y)):
        kernel = _kernel(rows, y)
        of_x.append(kernel.mean(1))
        of_y += kernel.sum(0)
    return torch.cat(of_x), of_y / len(x)


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    """Return (x.y / D + 1)^3 for all pairs: [N, M]."""
    return (x @ y.T).div_(x.shape[1]).add_(1).pow_(3)


def _mean_pair_distance(features: Tensor) -> tuple[float, Tensor]:
    """Return the mean distance over the pairs of features [N, D], and the same with each sample left out: [N]."""
    n = len(features)
    sums = []
    for start, distances in distance_chunks(features, features):
        rows = torch.arange(len(distances))
        distances[rows, start + rows] = 0.0  # what rounding leaves of it
        sums.append(distances.sum(1))
    row = torch.cat(sums)
    return float(row.sum()) / (n * (n - 1)), (row.sum() - 2 * row) / ((n - 1) * (n - 2))
