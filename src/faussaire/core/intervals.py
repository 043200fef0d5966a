"""Intervals for figures computed from samples: Wilson, normal, score, and the jackknifes that feed them variances.

Every metric of faussaire ends in an `Estimate`: the value with an interval and its level. Which interval and which
variance a metric uses was chosen by measured coverage (benchmarks/coverage.py), not by habit: a bootstrap over features
needs hundreds of eigendecompositions for one Fréchet distance, and duplicates every nearest neighbour for precision and
recall.

Wilson 1927, J. Am. Stat. Assoc. 22, 209; Efron & Stein 1981, Ann. Stat. 9, 586; Shao & Wu 1989, Ann. Stat. 17, 1176.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

from faussaire.core.errors import UnmeasurableError
from faussaire.core.rng import generator_for

if TYPE_CHECKING:
    from torch import Tensor

LEVEL = 0.95
HALF_SAMPLES = 50
# Samples of several halves that a statistic is asked for at once: of small sets many, which costs a call, not fifty.
_HALVES_ENTRIES = 10_000


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A figure and the interval around it."""

    value: float
    """The figure itself."""
    low: float
    """Lower end of the interval, in the unit of `value`."""
    high: float
    """Upper end of the interval."""
    level: float = LEVEL
    """Share of repetitions in which such an interval holds the quantity that the metric's docstring names."""


def wilson(successes: float, n: float, *, level: float = LEVEL) -> Estimate:
    """Return a proportion with Wilson's score interval.

    Args:
        successes: how many of `n` trials succeeded, in [0, n]; need not be whole.
        n: number of independent trials, > 0, or an effective number of them (see `proportion`).
        level: coverage wanted, in (0, 1).

    Raises:
        ValueError: `n` is not positive, or `successes` lies outside [0, n].
    """
    if not n > 0 or not 0 <= successes <= n:
        raise ValueError(f"a proportion needs 0 <= successes <= n and n > 0, not {successes} of {n}")
    z2 = normal_quantile(level) ** 2
    share = successes / n
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    # At the ends the formula gives 0 and 1 exactly, but for rounding.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return Estimate(value=share, low=low, high=high, level=level)


def proportion(value: float, variance: float, *, n: int, level: float = LEVEL) -> Estimate:
    """Return a share in [0, 1] whose trials are not independent, by Wilson at the effective number of trials.

    The effective number is the one for which value (1 - value) / n_eff is the `variance` estimated from the data.
    Where the variance is 0 (every trial alike) the data cannot tell, and `n` stands in for it.
    """
    spread = value * (1 - value)
    effective = spread / variance if spread > 0 and variance > 0 else float(n)
    estimate = wilson(value * effective, effective, level=level)
    return Estimate(value=value, low=estimate.low, high=estimate.high, level=level)


def normal(value: float, variance: float, *, level: float = LEVEL) -> Estimate:
    """Return `value` plus and minus the normal quantile times the square root of `variance`."""
    half = normal_quantile(level) * math.sqrt(max(variance, 0.0))
    return Estimate(value=value, low=value - half, high=value + half, level=level)


def score(value: float, variance: float, slope: float, *, level: float = LEVEL) -> Estimate:
    """Return `value` with the interval of all truths t for which (value - t)^2 <= z^2 (variance at t).

    The variance is taken to grow with the truth by `slope`, >= 0, from what it is at `value`. A distance's does: where
    it comes out low so does its standard error, and symmetric intervals miss the truth from below three times in four.
    For a proportion this is the idea of Wilson's interval.
    """
    z2 = normal_quantile(level) ** 2
    variance = max(variance, 0.0)
    centre = value + z2 * slope / 2
    half = math.sqrt(z2 * variance + (z2 * slope / 2) ** 2)
    return Estimate(value=value, low=centre - half, high=centre + half, level=level)


def of_another_draw(estimate: Estimate) -> Estimate:
    """Return the interval that holds what another such draw gives, where that of `estimate` holds the mean of all.

    Two draws differ by twice the variance of one. It is taken from the interval, of `score` or `normal`, whose half
    width squared is z^2 variance + shift^2, with the shift of its centre z^2 slope / 2. The slope stays: the truth is
    taken to lie half way between the two draws, and each variance grows by half of it.
    """
    centre, half = (estimate.low + estimate.high) / 2, (estimate.high - estimate.low) / 2
    shift = centre - estimate.value
    wide = math.sqrt(max(0.0, 2 * (half**2 - shift**2)) + shift**2)
    return Estimate(value=estimate.value, low=centre - wide, high=centre + wide, level=estimate.level)


def jackknife_variance(leave_one_out: Tensor) -> float:
    """Return the jackknife variance (n - 1)/n sum (t_i - mean t)^2 of a statistic from its n values [n] with sample
    i left out. Of two independent sets, the variances add up.
    """
    n = leave_one_out.numel()
    return float((leave_one_out - leave_one_out.mean()).square().sum()) * (n - 1) / n


def half_sample_variance(
    statistic: Callable[[Tensor, Tensor], Tensor],
    n: int,
    m: int,
    *,
    draws: int = HALF_SAMPLES,
    seed: int = 0,
    wide: float = 0.4,
) -> float:
    """Return the variance of a statistic of two sets, from its values on random halves and on their complements.

    Two estimates are averaged: the spread over halves (the jackknife that leaves out half at a time, Shao & Wu
    1989, Ann. Stat. 17, 1176), which is 10 to 20 % too large on the standard error for precision, recall and coverage,
    and half the difference between a half and its complement, which is 5 to 10 % too small. The delete-one jackknife is
    no choice for statistics that rough: its variance was 2 to 6 times too large.

    Args:
        statistic: takes which of the n and of the m samples are kept, bool [B, n] and [B, m]; returns its values [B].
        n, m: sizes of the two sets.
        draws: how many pairs of halves; 50 leave some 10 % of noise on the standard error.
        seed: of the halves.
        wide: weight of the wider estimate, chosen by coverage.
    """

    import torch

    drawn = []
    for draw in range(draws):
        generator = generator_for(seed, "eval half-samples", draw)
        drawn.append([torch.randperm(size, generator=generator) < size // 2 for size in (n, m)])
    values = []
    at_once = max(1, _HALVES_ENTRIES // max(n, m))
    for start in range(0, draws, at_once):
        kept, kept_too = (torch.stack(halves) for halves in zip(*drawn[start : start + at_once], strict=True))
        values.append(torch.stack([statistic(kept, kept_too), statistic(~kept, ~kept_too)], dim=1))
    pairs = torch.cat(values).double()
    return wide * float(pairs.var()) + (1 - wide) * float((pairs[:, 0] - pairs[:, 1]).square().mean()) / 4


def normal_quantile(level: float) -> float:
    """Return z such that a standard normal variable lies in [-z, z] with probability `level`."""
    return NormalDist().inv_cdf((1 + level) / 2)


def student_quantile(level: float, freedom: int) -> float:
    """Return t such that Student's variable of so many degrees of freedom lies in [-t, t] with probability `level`.

    Bisection of the finite series for whole degrees of freedom (Abramowitz & Stegun 1964, 26.7.3 and 26.7.4), in the
    angle atan(t / sqrt(freedom)).

    Raises:
        ValueError: there is no degree of freedom, or the level is not within (0, 1).
    """
    if freedom < 1 or not 0 < level < 1:
        raise ValueError(f"Student's quantile needs a degree of freedom and a level in (0, 1), not {freedom}, {level}")
    low, high = 0.0, math.pi / 2
    for _ in range(60):
        angle = (low + high) / 2
        low, high = (angle, high) if _student_within(angle, freedom) < level else (low, angle)
    return math.sqrt(freedom) * math.tan(low)


def _student_within(angle: float, freedom: int) -> float:
    """Return the probability that |t| is at most sqrt(freedom) tan(angle)."""
    odd = freedom % 2
    term = total = math.cos(angle) if odd else 1.0
    for i in range(2 + odd, freedom - 1, 2):
        term *= (i - 1) / i * math.cos(angle) ** 2
        total += term
    if not odd:
        return math.sin(angle) * total
    return 2 / math.pi * (angle + (math.sin(angle) * total if freedom > 1 else 0.0))


def as_features(features: Tensor, *, name: str, at_least: int = 2) -> Tensor:
    """Return features [N, D] as float64, after the checks that every metric needs.

    Raises:
        UnmeasurableError: there are fewer than `at_least` rows.
        ValueError: they are not a matrix, or hold a value that is not finite.
    """

    import torch

    if features.ndim != 2:
        raise ValueError(f"{name} must be [N, D], not {list(features.shape)}")
    if len(features) < at_least:
        raise UnmeasurableError(f"it takes {at_least} images or more, and of {name} there are {len(features)}")
    if not torch.isfinite(features).all():
        raise ValueError(f"{name} hold values that are not finite")
    return features.detach().to(torch.float64)
