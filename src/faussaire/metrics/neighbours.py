"""Precision and recall, density and coverage: is what is forged plausible, and is all that is real forged?

Each set's manifold is estimated by balls around its samples that reach to their k-th nearest neighbour of the same
set. With B the balls around the reals and B' those around the fakes,

    precision = share of fakes inside any B,   recall = share of reals inside any B'         (arXiv 1904.06991, eq. 1-2)
    density = mean number of B that hold a fake, over k,   coverage = share of B that hold any fake
                                                                                             (arXiv 2002.09797, eq. 3-4)

The ball is closed (distance <= radius), as in Kynkäänniemi et al. 2019; the code of Naeem et al. 2020 has it open,
which differs only for exact ties. Distances are computed in chunks: 10,000 x 10,000 at D = 1280 takes some 5 s per
matrix on two cores, in about 0.5 GB. All four depend on n and k; the intervals cover their expectation at that n and k,
over new draws of both sets, by an exact delete-one jackknife: leaving a sample out removes its ball and widens the
balls of those that counted it among their k neighbours to the (k + 1)-th.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from faussaire.metrics.intervals import LEVEL, Estimate, as_features, jackknife_variance, normal, proportion

# Rows of a distance matrix held at once: 1,000 x 10,000 float64 are 80 MB.
CHUNK_ROWS = 1000


@dataclass(frozen=True)
class Balls:
    """The balls around a set of N samples that stand for its manifold."""

    centres: Tensor
    """Features [N, D], float64."""
    radius: Tensor
    """Distance to the k-th nearest other sample, [N]."""
    next_radius: Tensor
    """Distance to the (k + 1)-th, [N]: the radius after one of the k neighbours is left out."""
    neighbours: Tensor
    """Indices of the k nearest other samples, [N, k]."""


def balls(features: Tensor, *, k: int) -> Balls:
    """Return the k-nearest-neighbour balls of features [N, D].

    Raises:
        ValueError: there are fewer than k + 2 samples, or k < 1.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    features = as_features(features, name="features", at_least=k + 2)
    radii, indices = [], []
    for start, distances in distance_chunks(features, features):
        rows = torch.arange(distances.shape[0])
        distances[rows, start + rows] = torch.inf  # a sample is not its own neighbour
        nearest = distances.topk(k + 1, dim=1, largest=False)
        radii.append(nearest.values[:, k - 1 :])
        indices.append(nearest.indices[:, :k])
    radius, next_radius = torch.cat(radii).unbind(1)
    return Balls(features, radius, next_radius, torch.cat(indices))


def precision_recall(real: Tensor, fake: Tensor, *, k: int = 3, level: float = LEVEL) -> tuple[Estimate, Estimate]:
    """Return precision and recall of features [N, D] and [M, D], each in [0, 1].

    The intervals cover the expectation at this n, m and k, over new draws of both sets.

    Raises:
        ValueError: a set has fewer than k + 2 samples or a value that is not finite, or the dimensions differ.
    """
    real_balls, fake_balls = balls(real, k=k), balls(fake, k=k)
    precision = _share_inside(real_balls, fake_balls.centres, level=level)
    recall = _share_inside(fake_balls, real_balls.centres, level=level)
    return precision, recall


def density_coverage(real: Tensor, fake: Tensor, *, k: int = 5, level: float = LEVEL) -> tuple[Estimate, Estimate]:
    """Return density (>= 0, near 1 for a perfect generator) and coverage (in [0, 1]) of features [N, D] and [M, D].

    The intervals cover the expectation at this n, m and k, over new draws of both sets.

    Raises:
        ValueError: a set has fewer than k + 2 samples or a value that is not finite, or the dimensions differ.
    """
    around = balls(real, k=k)
    fake = as_features(fake, name="fake")
    n, m = len(around.centres), len(fake)
    holding, held_by, nearest, second, nearest_fake = _contacts(around, fake)

    inside, widened = holding.unbind(1)
    total = inside.sum()
    without_real = (total - inside + _spread(widened - inside, around)) / (k * m)
    without_fake = (total - held_by) / (k * (m - 1))
    variance = jackknife_variance(without_real) + jackknife_variance(without_fake)
    density = normal(float(total) / (k * m), variance, level=level)

    covered = (nearest <= around.radius).double()
    gained = (nearest <= around.next_radius).double() - covered
    without_real = (covered.sum() - covered + _spread(gained, around)) / (n - 1)
    alone = covered * (second > around.radius)  # covered by one fake only
    lost = torch.zeros(m, dtype=torch.float64).index_add_(0, nearest_fake, alone)
    variance = jackknife_variance(without_real) + jackknife_variance((covered.sum() - lost) / n)
    return density, proportion(float(covered.mean()), variance, n=n, level=level)


def distance_chunks(first: Tensor, second: Tensor) -> Iterator[tuple[int, Tensor]]:
    """Yield (start, distances [<= CHUNK_ROWS, M]) of the rows of first [N, D] to those of second [M, D], both float64.

    Raises:
        ValueError: the dimensions differ.
    """
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"features of {first.shape[1]} and of {second.shape[1]} dimensions cannot be compared")
    # Moving the origin into the data keeps |x|^2 + |y|^2 - 2 x.y from cancelling where features have a large mean.
    origin = second.mean(0)
    second = second - origin
    norms = second.square().sum(1)
    for start in range(0, first.shape[0], CHUNK_ROWS):
        rows = first[start : start + CHUNK_ROWS] - origin
        squares = torch.addmm(norms, rows, second.T, alpha=-2).add_(rows.square().sum(1, keepdim=True))
        yield start, squares.clamp_(min=0).sqrt_()


def _share_inside(around: Balls, points: Tensor, *, level: float) -> Estimate:
    """Return the share of points [M, D] inside any ball, with its jackknife interval over points and balls."""
    n, m = len(around.centres), len(points)
    counts, soles, pairs = [], [], []
    for start, distances in distance_chunks(points, around.centres):
        inside = distances <= around.radius
        count = inside.sum(1)
        counts.append(count)
        soles.append(inside.byte().argmax(1))  # the ball, where the point lies in one only
        shell = (distances <= around.next_radius) & ~inside & (count <= 1)[:, None]
        point, ball = shell.nonzero().unbind(1)
        pairs.append(torch.stack([point + start, ball], dim=1))
    count, sole = torch.cat(counts), torch.cat(soles)
    point, ball = torch.cat(pairs).unbind(1)

    # Without centre i: points that only ball i held fall out, points in the shell of a ball that i bounded come in.
    lost = torch.bincount(sole[count == 1], minlength=n)
    centre = around.neighbours[ball]
    comes_in = (count[point, None] == 0) | (sole[point, None] == centre)
    entries = (point[:, None] * n + centre)[comes_in].unique()
    gained = torch.bincount(entries % n, minlength=n)
    covered = (count > 0).double()
    without_centre = (covered.sum() - lost + gained) / m
    without_point = (covered.sum() - covered) / (m - 1)
    variance = jackknife_variance(without_centre) + jackknife_variance(without_point)
    return proportion(float(covered.mean()), variance, n=m, level=level)


def _contacts(around: Balls, fake: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return, of each ball, the fakes inside it and its widened self [N, 2]; of each fake the balls that hold it [M];
    of each ball the distance to its nearest fake [N], to the second [N], and the index of the nearest [N].
    """
    holding, nearest, second, index = [], [], [], []
    held_by = torch.zeros(len(fake), dtype=torch.float64)
    for start, distances in distance_chunks(around.centres, fake):
        rows = slice(start, start + len(distances))
        inside = distances <= around.radius[rows, None]
        widened = distances <= around.next_radius[rows, None]
        holding.append(torch.stack([inside.sum(1), widened.sum(1)], dim=1))
        held_by += inside.sum(0)
        closest = distances.topk(2, dim=1, largest=False)
        nearest.append(closest.values[:, 0])
        second.append(closest.values[:, 1])
        index.append(closest.indices[:, 0])
    return torch.cat(holding).double(), held_by, torch.cat(nearest), torch.cat(second), torch.cat(index)


def _spread(change: Tensor, around: Balls) -> Tensor:
    """Return for each centre the sum of change [N] over the balls that would widen if it were left out: [N]."""
    k = around.neighbours.shape[1]
    return torch.zeros_like(change).index_add_(0, around.neighbours.flatten(), change.repeat_interleave(k))
