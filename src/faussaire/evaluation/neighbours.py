"""Nearest neighbours among features, and the balls around samples by which a set's manifold is estimated.

Each ball reaches from a sample to its k-th nearest neighbour of the same set (Kynkäänniemi et al. 2019, arXiv
1904.06991). Distances go in chunks: 10,000 x 10,000 at D = 1280 takes about 5 s per matrix on two cores.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from faussaire.core.intervals import as_features

if TYPE_CHECKING:
    from torch import Tensor

# Entries of a distance matrix held at once: 80 MB as float64.
_CHUNK_ENTRIES = 10_000_000
# Samples nearest to each sample that are kept for the half-samples: with 24, none is in the half once in 10^7.
SHORT_LIST = 24


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
        """Return the position [..., N] in `neighbours` of the k-th neighbour among the samples kept, bool [..., N]."""
        reached = kept[..., self.neighbours].cumsum(-1) >= self.k
        # Where fewer than k of the K are kept (once in 10^6 at k = 5) the last stands in.
        reached[..., -1] = True
        return reached.byte().argmax(-1)

    def radius_among(self, kept: Tensor) -> Tensor:
        """Return the radius [..., N] that the balls would have if only the samples kept, bool [..., N], existed."""
        return at_rank(self.distances, self.rank_among(kept))


def at_rank(table: Tensor, rank: Tensor) -> Tensor:
    """Return of each row of a table [N, K] the entry [..., N] at a rank [..., N]."""
    return table.expand(*rank.shape, -1).gather(-1, rank[..., None])[..., 0]


def balls(features: Tensor, *, k: int) -> Balls:
    """Return the k-nearest-neighbour balls of features [N, D].

    Raises:
        ValueError: there are fewer than 2 k + 2 samples (a half must have k neighbours), or k < 1.
    """

    import torch

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


def distance_chunks(first: Tensor, second: Tensor) -> Iterator[tuple[int, Tensor]]:
    """Yield (start, distances [chunk, M]) of the rows of first [N, D] to those of second [M, D], both float64.

    Raises:
        ValueError: the dimensions differ.
    """

    import torch

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

    import torch

    targets = points if among is None else among
    indices = []
    for start, distances in distance_chunks(points, targets):
        if among is None:
            rows = torch.arange(len(distances))
            distances[rows, start + rows] = torch.inf
        indices.append(distances.argmin(1))
    index = torch.cat(indices)
    return (points - targets[index]).square().sum(1).sqrt(), index
