"""The Fréchet distance between two sets of features, with intervals, its bias at finite n, and its limit.

    d^2 = |m1 - m2|^2 + tr S1 + tr S2 - 2 tr (S1^{1/2} S2 S1^{1/2})^{1/2}  (Heusel et al. 2017, arXiv 1706.08500, eq. 6)

The root is symmetric, by `eigh` in float64, so fewer samples than dimensions (N < D) are no special case. Covariances
are unbiased (N - 1), as in the literature's code. The estimate from n samples is too high by about c/n (at D = 64 and
n = 500: 2.6 where the truth is 0). `frechet_estimates` therefore gives two figures: the usual one, comparable only at
the same n, and the limit n -> infinity by the regression on 1/n of Chong & Forsyth 2019, arXiv 1911.07023, section 4.

The intervals come from the influence function (the derivative of d^2 with respect to one sample): six
eigendecompositions, and not a bootstrap's thousands. docs/method/metrics.md derives them.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from faussaire.core.intervals import LEVEL, Estimate, as_features, of_another_draw, score
from faussaire.core.rng import generator_for
from faussaire.evaluation.metrics.spec import Direction, Features, Meaning, Metric, Row

if TYPE_CHECKING:
    from torch import Tensor


# Eigenvalues below this share of the largest are rounding, and are not divided by.
_RANK_TOLERANCE = 1e-10
# Weight of v1 + 2 v2 in the variance of d(n). To first order it is 1/2; the noise of the other estimate, of v1, takes
# 1 point of coverage away where v1 is near v2, and 0.53 gives it back.
_WIDE_SHARE = 0.53


@dataclass(frozen=True, kw_only=True)
class FrechetEstimates:
    """The Fréchet distance at the n that was used, and its limit at infinite n."""

    at_n: Estimate
    """The plain distance. The interval covers its expectation at these very numbers of samples."""
    at_infinity: Estimate | None
    """The extrapolated distance. The interval covers the distance of the two populations; it may reach below 0.
    None where half the samples are no more than the dimensions: there the bias is far from c/n (measured: 13 in place
    of 0 at D = 128, n = 100), and no figure is better than a wrong one."""


@dataclass(frozen=True)
class _Moments:
    mean: Tensor  # [D]
    cov: Tensor  # [D, D]


def moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean [D] and the unbiased covariance [D, D] (divided by N - 1) of features [N, D], in float64.

    Raises:
        ValueError: the features are not a finite matrix with two rows or more.
    """
    features = as_features(features, name="features")
    mean = features.mean(0)
    centred = features - mean
    return mean, centred.T @ centred / (features.shape[0] - 1)


def frechet_from_moments(mean1: Tensor, cov1: Tensor, mean2: Tensor, cov2: Tensor) -> float:
    """Return the squared Fréchet distance (which the literature calls "the distance") of two Gaussians.

    Args:
        mean1, mean2: means [D].
        cov1, cov2: covariances [D, D], symmetric and positive semi-definite; of any rank.

    Raises:
        ValueError: the shapes do not fit.
    """

    import torch

    dimension = mean1.shape[0]
    if mean2.shape != (dimension,) or cov1.shape != (dimension, dimension) or cov2.shape != cov1.shape:
        raise ValueError("the two sets of moments must have the same dimension: means [D], covariances [D, D]")
    first = _Moments(mean1.double(), cov1.double())
    second = _Moments(mean2.double(), cov2.double())
    values, vectors = torch.linalg.eigh(first.cov)
    root = _power(values, vectors, 0.5)
    return _distance(first, second, torch.linalg.eigvalsh(root @ second.cov @ root))


def frechet_distance(real: Tensor, fake: Tensor) -> float:
    """Return the squared Fréchet distance between features [N, D] and [M, D]: biased upwards at finite n.

    Raises:
        ValueError: a set is not a finite matrix with two rows or more, or the dimensions differ.
    """
    return frechet_from_moments(*moments(real), *moments(fake))


def frechet_floor(real: Tensor, n: int, *, seed: int = 0, level: float = LEVEL) -> tuple[Estimate, int]:
    """Return the Fréchet distance of reals against reals, and the size of the two disjoint random sets.

    It is what a perfect generator would get at that size: pure bias, since the truth is 0. The interval holds what
    such a generator gets, which is another draw, and so is wider than one that holds the mean of all draws. The sets
    have n samples each where the reals [N, D] suffice, and N // 2 otherwise.

    Raises:
        ValueError: the reals are not a finite matrix with eight rows or more.
    """

    import torch

    real = as_features(real, name="real", at_least=8)
    size = min(n, len(real) // 2)
    order = torch.randperm(len(real), generator=generator_for(seed, "eval floor"))
    first, second = real[order[:size]], real[order[size : 2 * size]]
    return of_another_draw(frechet_estimates(first, second, seed=seed, level=level).at_n), size


def frechet_estimates(real: Tensor, fake: Tensor, *, seed: int = 0, level: float = LEVEL) -> FrechetEstimates:
    """Return the Fréchet distance at this n and at infinite n, each with an interval.

    Write the distance as a linear term of variance v1, a quadratic one of variance v2, and smaller ones. The in-sample
    variance of the influence estimates v1 + 2 v2, which happens to be the variance of the extrapolated distance
    2 d(n) - mean d(n/2), the halves being disjoint. The covariance of the influences as seen by two disjoint halves
    estimates v1 alone, since their noise is independent; the mean of the two is v1 + v2, the variance of d(n).
    n / (n - D) makes up for the influences being fitted to D directions.

    Where half the samples are no more than the dimensions, the influence seen by a half is not defined outside its
    span; the variance of d(n) is then taken as v1 + 2 v2 too: too wide by at most 41 %.

    Args:
        real, fake: features [N, D] and [M, D], independent draws in any order.
        seed: of the random halves.
        level: coverage of both intervals.

    Raises:
        ValueError: a set has fewer than four rows or a value that is not finite, or the dimensions differ.
    """
    real, fake = as_features(real, name="real", at_least=4), as_features(fake, name="fake", at_least=4)
    size, dimension = min(len(real), len(fake)), real.shape[1]
    whole, influence_real, influence_fake = _influences(real, fake, real, fake)
    wide = float(influence_real.var() / len(real) + influence_fake.var() / len(fake))
    bias_slope = wide / whole if whole > 0 else 0.0
    if size // 2 <= dimension:
        return FrechetEstimates(at_n=score(whole, wide, bias_slope, level=level), at_infinity=None)

    halves_real, halves_fake = _halves(len(real), seed, "real"), _halves(len(fake), seed, "fake")
    (distance_a, real_a, fake_a), (distance_b, real_b, fake_b) = (
        _influences(real[r], fake[f], real, fake) for r, f in zip(halves_real, halves_fake, strict=True)
    )
    limit = 2 * whole - (distance_a + distance_b) / 2
    shared = _shared_variance(real_a, real_b, halves_real) + _shared_variance(fake_a, fake_b, halves_fake)
    linear = min(max(shared, 0.0), wide)  # 0 <= v1 <= v1 + 2 v2
    fitted = size / (size - dimension)  # influences are fitted to D directions, and so look too small
    variance = (_WIDE_SHARE * wide + (1 - _WIDE_SHARE) * linear) * fitted
    # v1 grows with the distance of the populations, v2 with the bias.
    slope = linear / max(limit, 2 * wide**0.5) + (wide - linear) / whole if wide > 0 else 0.0
    return FrechetEstimates(
        at_n=score(whole, variance, slope, level=level),
        at_infinity=score(limit, wide * fitted, bias_slope, level=level),
    )


def _influences(real: Tensor, fake: Tensor, real_at: Tensor, fake_at: Tensor) -> tuple[float, Tensor, Tensor]:
    """Return d(real, fake) and the influences on it of samples at real_at [N] and at fake_at [M], up to a constant.

    With T the optimal map from one Gaussian to the other, the derivatives are 2 (m1 - m2) and I - T.
    """

    import torch

    first, second = _Moments(*moments(real)), _Moments(*moments(fake))
    values, vectors = torch.linalg.eigh(first.cov)
    root, inverse_root = _power(values, vectors, 0.5), _power(values, vectors, -0.5)
    overlap, axes = torch.linalg.eigh(root @ second.cov @ root)
    to_fake = inverse_root @ _power(overlap, axes, 0.5) @ inverse_root
    to_real = root @ _power(overlap, axes, -0.5) @ root
    gap = first.mean - second.mean
    influence_real = _influence(real_at - first.mean, gap, to_fake)
    influence_fake = _influence(fake_at - second.mean, -gap, to_real)
    return _distance(first, second, overlap), influence_real, influence_fake


def _influence(centred: Tensor, gap: Tensor, transport: Tensor) -> Tensor:
    """Return 2 gap.x + x.(I - T).x for each x of centred [N, D]: [N]."""
    return 2 * centred @ gap + (centred * (centred - centred @ transport)).sum(1)


def _shared_variance(first: Tensor, second: Tensor, halves: tuple[Tensor, Tensor]) -> float:
    """Return the variance of the mean of N influences, from the covariance of two views of them [N].

    The covariance is taken within each half: a view is too low on average on the half that it was fitted to, and
    across the halves this alone would make the two views look opposed.
    """

    import torch

    within = [torch.stack([first[half], second[half]]).cov()[0, 1] for half in halves]
    return float(sum(within)) / len(within) / first.numel()


def _distance(first: _Moments, second: _Moments, overlap: Tensor) -> float:
    """Return d^2, given the eigenvalues [D] of S1^{1/2} S2 S1^{1/2}."""
    traces = first.cov.trace() + second.cov.trace() - 2 * overlap.clamp(min=0).sqrt().sum()
    return float((first.mean - second.mean).square().sum() + traces)


def _power(values: Tensor, vectors: Tensor, exponent: float) -> Tensor:
    """Return the power of a symmetric positive semi-definite matrix on its span, from its eigendecomposition."""

    import torch

    kept = values > _RANK_TOLERANCE * values[-1]
    powers = torch.where(kept, values.clamp(min=torch.finfo(values.dtype).tiny) ** exponent, 0.0)
    return (vectors * powers) @ vectors.T


def _halves(n: int, seed: int, which: str) -> tuple[Tensor, Tensor]:
    """Return the indices of two random disjoint halves: the order of a folder, say by class, must not matter."""

    import torch

    order = torch.randperm(n, generator=generator_for(seed, f"eval halves {which}"))
    return order[: n // 2], order[n // 2 : n // 2 * 2]


def _rows(features: Features) -> list[Row]:
    protocol, real, fake = features.protocol, features.real, features.fake
    both = frechet_estimates(real, fake, seed=protocol.seed, level=protocol.level)
    rows: list[Row] = [("frechet", both.at_n, len(real), len(fake))]
    if both.at_infinity is not None:
        rows.append(("frechet-infinity", both.at_infinity, len(real), len(fake)))
    as_features(features.every_real, name="real", at_least=8)
    if len(features.every_real) >= 2 * len(real) == 2 * len(fake):  # at another n the bias is another
        floor, size = frechet_floor(features.every_real, len(fake), seed=protocol.seed, level=protocol.level)
        rows.append(("frechet-floor", floor, size, size))
    return rows


def _missing(protocol: str, figures: Set[str]) -> str:
    """Say what a distance without its floor can be read beside."""
    if "frechet-floor" in figures:
        return ""
    if "frechet-infinity" in figures:
        return (
            f"{protocol}: no frechet-floor, as it takes twice as many real images as there are samples; of a perfect "
            "generator, frechet-infinity is 0 within its interval"
        )
    return (
        f"{protocol}: no frechet-floor and no frechet-infinity, as these take more images; a perfect generator would "
        "get more than 0, and how much is not known"
    )


METRIC = Metric(
    short="fd",
    compute=_rows,
    missing=_missing,
    figures=(
        Meaning(
            name="frechet",
            direction=Direction.LOWER,
            title={"en": "Fréchet distance", "fr": "Distance de Fréchet"},
            sentence={
                "en": "How far the samples as a whole are from the real images, by the mean and the spread of "
                "what the extractor sees in them; 0 if both were the same.",
                "fr": "À quelle distance les échantillons, pris ensemble, sont des images réelles, par la "
                "moyenne et l’étalement de ce que l’extracteur y voit ; 0 si les deux étaient pareils.",
            },
        ),
        Meaning(
            name="frechet-infinity",
            direction=Direction.LOWER,
            title={"en": "Fréchet distance without the bias", "fr": "Distance de Fréchet sans biais"},
            sentence={
                "en": "The Fréchet distance extrapolated to infinitely many images, which takes away what is "
                "there only because images are few.",
                "fr": "La distance de Fréchet extrapolée à une infinité d’images, ce qui ôte la part qui "
                "n’est due qu’à leur petit nombre.",
            },
        ),
        Meaning(
            name="frechet-floor",
            direction=Direction.NONE,
            title={"en": "Floor of the Fréchet distance", "fr": "Plancher de la distance de Fréchet"},
            sentence={
                "en": "The Fréchet distance of real images from other real images: about what a perfect "
                "generator would get from so many.",
                "fr": "La distance de Fréchet d’images réelles à d’autres images réelles : à peu près ce "
                "qu’aurait un générateur parfait avec autant d’images.",
            },
        ),
    ),
)
