"""Distances built on pairs of samples: the kernel distance, and how widely fakes are spread beside reals.

    MMD^2 = mean k(x, x') + mean k(y, y') - 2 mean k(x, y)  over x != x', y != y',   k(a, b) = (a.b / D + 1)^3

is the kernel distance (KID with Inception features) of Bińkowski et al. 2018, arXiv 1801.01401, section 3. Unlike the
Fréchet distance it is unbiased at every n, so that it may come out below 0. It is averaged over disjoint random blocks,
and not over the customary overlapping subsets: the blocks are independent, and Student's interval over them is nearly
exact, where the spread over overlapping subsets says nothing about the error of their mean.
"""

from __future__ import annotations

import torch
from torch import Tensor

from faussaire.metrics.intervals import LEVEL, Estimate, as_features, jackknife_variance, normal, student
from faussaire.metrics.neighbours import distance_chunks
from faussaire.rng import generator_for


def kernel_distance(
    real: Tensor, fake: Tensor, *, num_blocks: int = 10, seed: int = 0, level: float = LEVEL
) -> Estimate:
    """Return the unbiased squared maximum mean discrepancy of features [N, D] and [M, D], averaged over blocks.

    The interval covers the value for the two populations. At n = 10,000 the ten blocks have 1,000 samples each, as in
    the literature.

    Args:
        real, fake: features; up to num_blocks - 1 samples at the end of a random order are left out.
        num_blocks: how many disjoint blocks, >= 2. More narrow Student's quantile (2.26 for 10, 2.09 for 20) but widen
            the interval where the two sets are alike.
        seed: of the random order.
        level: coverage of the interval.

    Raises:
        ValueError: a block would have fewer than two samples, or the dimensions differ.
    """
    real = as_features(real, name="real", at_least=2 * num_blocks)
    fake = as_features(fake, name="fake", at_least=2 * num_blocks)
    if real.shape[1] != fake.shape[1]:
        raise ValueError(f"features of {real.shape[1]} and of {fake.shape[1]} dimensions cannot be compared")
    blocks = [_blocks(features, num_blocks, seed, which) for which, features in (("real", real), ("fake", fake))]
    return student(torch.stack([_squared_mmd(x, y) for x, y in zip(*blocks, strict=True)]), level=level)


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


def _blocks(features: Tensor, num_blocks: int, seed: int, which: str) -> list[Tensor]:
    """Return disjoint random blocks [N // num_blocks, D] of features [N, D]."""
    size = len(features) // num_blocks
    order = torch.randperm(len(features), generator=generator_for(seed, f"eval blocks {which}"))
    return [features[order[start * size : (start + 1) * size]] for start in range(num_blocks)]


def _squared_mmd(x: Tensor, y: Tensor) -> Tensor:
    """Return the unbiased MMD^2 of x [N, D] and y [M, D] under the cubic kernel: a scalar."""
    within = [(k.sum() - k.trace()) / (len(k) * (len(k) - 1)) for k in (_kernel(x, x), _kernel(y, y))]
    return within[0] + within[1] - 2 * _kernel(x, y).mean()


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    """Return (x.y / D + 1)^3 for all pairs: [N, M]."""
    return (x @ y.T / x.shape[1] + 1) ** 3


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
