"""The kernel distance: unlike the Fréchet distance it is unbiased at every n, so that it may come out below 0.

    MMD^2 = mean k(x, x') + mean k(y, y') - 2 mean k(x, y)  over x != x', y != y',   k(a, b) = (a.b / D + 1)^3

is KID with Inception features (Bińkowski et al. 2018, arXiv 1801.01401, section 3). It is computed over all pairs, and
not over random blocks as is the custom: the expectation is the same, no seed is needed, and where the two sets are
alike the standard deviation was a third of that of ten blocks (0.0057 and 0.0176 at n = 500, D = 64).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from faussaire.core.intervals import LEVEL, Estimate, as_features, score
from faussaire.evaluation.metrics.spec import Direction, Features, Meaning, Metric, Row
from faussaire.evaluation.neighbours import row_chunks

if TYPE_CHECKING:
    from torch import Tensor


# The cubic kernel makes the estimate skewed, its variance low where the value is low, and the measured variance noisy.
# How fast the variance grows with the distance, in units of their ratio; the least value, in standard errors, at which
# it is taken; and what the noise of the variance asks for. Chosen by coverage, on draws of other seeds than those
# of benchmarks/coverage.py.
_SLOPE = 1.2
_LEAST = 1.5
_WIDER = 1.1


def kernel_distance(real: Tensor, fake: Tensor, *, level: float = LEVEL) -> Estimate:
    """Return the unbiased squared maximum mean discrepancy of features [N, D] and [M, D].

    The interval covers the value for the two populations. By Hoeffding's decomposition the variance has a part that
    belongs to single samples and one that belongs to pairs (Serfling 1980, section 5.2.1); the variance of what the
    samples contribute, each measured on the others, holds the second twice.

    Raises:
        ValueError: a set has fewer than four rows or a value that is not finite, or the dimensions differ.
    """
    real, fake = as_features(real, name="real", at_least=4), as_features(fake, name="fake", at_least=4)
    if real.shape[1] != fake.shape[1]:
        raise ValueError(f"features of {real.shape[1]} and of {fake.shape[1]} dimensions cannot be compared")
    among_reals, of_real_pairs = _within(real)
    among_fakes, of_fake_pairs = _within(fake)
    to_fakes, to_reals, of_both = _across(real, fake)
    value = float(among_reals.mean() + among_fakes.mean() - 2 * to_fakes.mean())
    of_samples = (among_reals - to_fakes).var() / len(real) + (among_fakes - to_reals).var() / len(fake)
    of_pairs = of_real_pairs + of_fake_pairs + of_both
    variance = _WIDER * max(4 * float(of_samples) - of_pairs / 2, of_pairs)
    slope = _SLOPE * variance / max(value, _LEAST * variance**0.5) if variance > 0 else 0.0
    return score(value, variance, slope, level=level)


def _within(x: Tensor) -> tuple[Tensor, float]:
    """Return the mean kernel of each sample of x [N, D] with the others, [N], and the variance that the pairs add.

    The variance of a pair beyond what its two samples explain is unbiased (Székely & Rizzo 2014, arXiv 1310.2926).
    """

    import torch

    n, sums, squares = len(x), [], 0.0
    for start, rows in row_chunks(x, n):
        kernel = _kernel(rows, x)
        index = torch.arange(len(rows))
        kernel[index, start + index] = 0.0
        sums.append(kernel.sum(1))
        squares += float(kernel.square().sum())
    row = torch.cat(sums)
    beyond = squares - 2 * float(row.square().sum()) / (n - 2) + float(row.sum()) ** 2 / ((n - 1) * (n - 2))
    return row / (n - 1), max(0.0, 2 * beyond / (n * (n - 3)) / (n * (n - 1)))


def _across(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, float]:
    """Return the mean kernel of each sample of x [N, D] with y [M, D], [N], of each of y with x, [M], and as above."""

    import torch

    n, m, of_x, of_y, squares = len(x), len(y), [], torch.zeros(len(y), dtype=torch.float64), 0.0
    for _, rows in row_chunks(x, m):
        kernel = _kernel(rows, y)
        of_x.append(kernel.mean(1))
        of_y += kernel.sum(0)
        squares += float(kernel.square().sum())
    to_y, to_x = torch.cat(of_x), of_y / n
    beyond = squares - m * float(to_y.square().sum()) - n * float(to_x.square().sum()) + n * m * float(to_y.mean()) ** 2
    return to_y, to_x, max(0.0, 4 * beyond / ((n - 1) * (m - 1)) / (n * m))


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    """Return (x.y / D + 1)^3 for all pairs: [N, M]."""
    return (x @ y.T).div_(x.shape[1]).add_(1).pow_(3)


def _rows(features: Features) -> list[Row]:
    protocol, real, fake = features.protocol, features.real, features.fake
    return [("kernel", kernel_distance(real, fake, level=protocol.level), len(real), len(fake))]


METRIC = Metric(
    short="kd",
    compute=_rows,
    figures=(
        Meaning(
            name="kernel",
            direction=Direction.LOWER,
            title={"en": "Kernel distance", "fr": "Distance à noyau"},
            sentence={
                "en": "Another distance of the samples from the real images, which does not depend on how "
                "many there are; about 0, now and then a little below, for a perfect generator.",
                "fr": "Une autre distance des échantillons aux images réelles, qui ne dépend pas de leur "
                "nombre ; environ 0, parfois un peu moins, pour un générateur parfait.",
            },
        ),
    ),
)
