"""Precision and recall, density and coverage: is what is forged plausible, and is all that is real forged?

Each set's manifold is estimated by balls around its samples that reach to their k-th nearest neighbour of the same
set. With B the balls around the reals and B' those around the fakes,

    precision = share of fakes inside any B,   recall = share of reals inside any B'         (arXiv 1904.06991, eq. 1-2)
    density = mean number of B that hold a fake, over k,   coverage = share of B that hold any fake
                                                                                             (arXiv 2002.09797, eq. 3-4)

The ball is closed (distance <= radius), as in Kynkäänniemi et al. 2019; the code of Naeem et al. 2020 has it open,
which differs only for exact ties. All four depend on n and k; the intervals cover their expectation at that n and k
over new draws of both sets. They are neither independent trials (the balls are shared: a plain Wilson interval covers
in 80-90 %) nor smooth, so the variance comes from random halves, computed from short lists of nearest samples.
Distances go in chunks: 10,000 x 10,000 at D = 1280 takes about 5 s per matrix on two cores.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from faussaire.metrics.intervals import LEVEL, Estimate, as_features, half_sample_variance, normal, proportion

# Entries of a distance matrix held at once: 80 MB as float64.
_CHUNK_ENTRIES = 10_000_000
# Samples nearest to each sample that are kept for the half-samples: with 24, none is in the half once in 10^7.
_SHORT_LIST = 24


@dataclass(frozen=True)
class Balls:
    """The balls around a set of N samples that stand for its manifold."""

    centres: Tensor
    """Features [N, D], float64."""
    k: int
    """Which neighbour a ball reaches to."""
    distances: Tensor
    """Distances to the nearest other samples, ascending, [N, K] with K well above k: a half-sample's k-th neighbour is
    among them."""
    neighbours: Tensor
    """Their indices, [N, K]."""

    @property
    def radius(self) -> Tensor:
        """Distance to the k-th nearest other sample, [N]."""
        return self.distances[:, self.k - 1]

    def rank_among(self, kept: Tensor) -> Tensor:
        """Return the position [N] in `neighbours` of the k-th neighbour among the samples kept, bool [N]."""
        reached = kept[self.neighbours].cumsum(1) >= self.k
        # Where fewer than k of the K are kept (once in 10^6 at k = 5) the last stands in.
        reached[:, -1] = True
        return reached.byte().argmax(1)

    def radius_among(self, kept: Tensor) -> Tensor:
        """Return the radius [N] that the balls would have if only the samples kept, bool [N], existed."""
        return self.distances.gather(1, self.rank_among(kept)[:, None])[:, 0]


def balls(features: Tensor, *, k: int) -> Balls:
    """Return the k-nearest-neighbour balls of features [N, D].

    Raises:
        ValueError: there are fewer than 2 k + 2 samples (a half must have k neighbours), or k < 1.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    features = as_features(features, name="features", at_least=2 * k + 2)
    length = min(len(features) - 1, 4 * k + 12)
    found = []
    for start, distances in distance_chunks(features, features):
        rows = torch.arange(len(distances))
        distances[rows, start + rows] = torch.inf  # a sample is not its own neighbour
        found.append(distances.topk(length, dim=1, largest=False))
    return Balls(features, k, torch.cat([f.values for f in found]), torch.cat([f.indices for f in found]))


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
        inside = holding.gather(1, around.rank_among(kept)[:, None])[:, 0]
        return inside[kept].sum().double() / (k * m)

    def coverage_of(kept: Tensor, kept_fake: Tensor) -> Tensor:
        inside = kept_fake[index] & (nearest <= around.radius_among(kept)[:, None])
        return inside.any(1)[kept].double().mean()

    # Given the reals, density is a mean over independent fakes, so only the reals need halves.
    variance = half_sample_variance(density_over_reals, n, m, seed=seed, wide=0.1) + float(held_by.var()) / (k * k * m)
    density = normal(float(held_by.mean()) / k, variance, level=level)
    density = replace(density, low=max(0.0, density.low))  # a count is never below 0
    covered = float((nearest[:, 0] <= around.radius).double().mean())
    variance = half_sample_variance(coverage_of, n, m, seed=seed)
    return density, proportion(covered, variance, n=n, level=level)


def distance_chunks(first: Tensor, second: Tensor) -> Iterator[tuple[int, Tensor]]:
    """Yield (start, distances [chunk, M]) of the rows of first [N, D] to those of second [M, D], both float64.

    Raises:
        ValueError: the dimensions differ.
    """
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"features of {first.shape[1]} and of {second.shape[1]} dimensions cannot be compared")
    # Moving the origin into the data keeps |x|^2 + |y|^2 - 2 x.y from cancelling where features have a large mean.
    origin = second.mean(0)
    second = second - origin
    norms = second.square().sum(1)
    for start, chunk in row_chunks(first, len(second)):
        rows = chunk - origin
        squares = torch.addmm(norms, rows, second.T, alpha=-2).add_(rows.square().sum(1, keepdim=True))
        yield start, squares.clamp_(min=0).sqrt_()


def row_chunks(rows: Tensor, num_columns: int) -> Iterator[tuple[int, Tensor]]:
    """Yield (start, chunk [C, D]) of rows [N, D] such that a matrix [C, num_columns] takes 80 MB or less."""
    size = max(1, _CHUNK_ENTRIES // num_columns)
    for start in range(0, len(rows), size):
        yield start, rows[start : start + size]


def nearest(points: Tensor, among: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return the distance [N] and the index [N] of the row of among [M, D] that is nearest to each of points [N, D].

    Without `among`, the nearest other point. The distances are computed anew from the differences, so that a copy is
    at 0 and not at the rounding of a product.

    Raises:
        ValueError: the dimensions differ.
    """
    targets = points if among is None else among
    indices = []
    for start, distances in distance_chunks(points, targets):
        if among is None:
            rows = torch.arange(len(distances))
            distances[rows, start + rows] = torch.inf
        indices.append(distances.argmin(1))
    index = torch.cat(indices)
    return (points - targets[index]).square().sum(1).sqrt(), index


def _share_inside(around: Balls, points: Tensor, *, seed: int, level: float) -> Estimate:
    """Return the share of points [M, D] inside any ball, over new draws of points and of centres."""
    n, m = len(around.centres), len(points)
    covered, candidates, distances = [], [], []
    for _, chunk in distance_chunks(points, around.centres):
        covered.append((chunk <= around.radius).any(1))
        # The balls likeliest to hold a point, also in a half: those of which it is the deepest inside.
        depth = chunk / around.radius.clamp(min=torch.finfo(chunk.dtype).tiny)
        likeliest = depth.topk(min(_SHORT_LIST, n), dim=1, largest=False).indices
        candidates.append(likeliest)
        distances.append(chunk.gather(1, likeliest))
    candidate, distance = torch.cat(candidates), torch.cat(distances)

    def share_of(kept: Tensor, kept_points: Tensor) -> Tensor:
        inside = kept[candidate] & (distance <= around.radius_among(kept)[candidate])
        return inside.any(1)[kept_points].double().mean()

    variance = half_sample_variance(share_of, n, m, seed=seed)
    return proportion(float(torch.cat(covered).double().mean()), variance, n=m, level=level)


def _contacts(around: Balls, fake: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return how many fakes lie within each of a centre's K neighbour distances, [N, K]; how many balls hold each
    fake, [M]; and the distances [N, L] and indices [N, L] of the fakes nearest to each centre, ascending.
    """
    holding, nearest, indices = [], [], []
    held_by = torch.zeros(len(fake), dtype=torch.float64)
    for start, distances in distance_chunks(around.centres, fake):
        limits = around.distances[start : start + len(distances)]
        counts = [(distances <= limits[:, rank, None]).sum(1) for rank in range(limits.shape[1])]
        holding.append(torch.stack(counts, dim=1))
        held_by += (distances <= limits[:, around.k - 1, None]).sum(0)
        closest = distances.topk(min(_SHORT_LIST, len(fake)), dim=1, largest=False)
        nearest.append(closest.values)
        indices.append(closest.indices)
    return torch.cat(holding), held_by, torch.cat(nearest), torch.cat(indices)
