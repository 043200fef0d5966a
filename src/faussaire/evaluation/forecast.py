"""What twice the time would bring: a forecast of the Fréchet distance, with an interval, from the scores so far.

A score after n images is taken to be A · (u + (1 - u) (n / N)^-b) · exp(k r): a power law in the images with an offset
u, below which it does not fall, times what the learning rate still adds, where r is the share of its fall that lies
ahead (1 at the peak, 0 at an annealed end). Annealed ends are scores as any other, with r = 0: those of this run, where
it was made longer, and those of other runs on the same data. For each power, offset and noise of a grid the level log A
and k are a linear regression with Gaussian priors, solved in closed form; the forecast is the mixture of all of them,
weighted by how well each explains the scores. What comes may follow another power than what was: that widens the
interval. With few scores the priors speak, and the offset counts where the scores can tell of it.

The priors were set on real runs that were then continued (benchmarks/forecast.py, docs/method/forecast.md).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from faussaire.core.decimals import plain

LEVEL = 0.8
LEAST_SCORES = 3  # late enough to tell, of a run that is not over
LOOKS_BACK = 12  # scores of less than one in so many images tell of another law: the first shapes
SCORES = 12  # that are looked at, evenly spaced in the logarithm of the images: neighbours tell the same
WORTH_TELLING = 0.9  # a gain of 10 %: where the interval excludes it, more time hardly helps

POWERS = np.linspace(-0.6, 2.0, 27)
POWER, POWER_SPREAD = 0.85, 0.3
OFFSETS = np.array([0.0, 0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 0.95])
OFFSET_WEIGHTS = np.array([4.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
NOISES = np.array([0.03, 0.06, 0.12, 0.24, 0.4])
NOISE_WEIGHTS = np.array([0.3, 1.0, 2.0, 3.0, 3.0])
DRIFT, DRIFT_SHARE = 0.1, 0.4  # by so much does a power differ from what it was, at least and by its size
FALL, FALL_SPREAD = 0.2, 0.2
LEVEL_SPREAD = 1.0
SEEDS = 0.15  # by so much, on the logarithm, do runs of other seeds differ
NEGLIGIBLE = 1e-4  # weight of a part of the mixture that is left out

OF = {"minutes": "minutes", "kimg": "images", "epochs": "epochs"}
"""What would be given twice, in words, by the setting that gives a run its length."""

Figure = tuple[float, float, float]
"""A value and both ends of its interval."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A score."""

    nimg: int
    """Images that D had seen."""

    value: float
    """The Fréchet distance, > 0."""

    fall_left: float
    """The share of the fall of the learning rate that lay ahead: 0 at an annealed end, or where it does not fall."""

    own: bool = True
    """Whether it is of this run, or of another on the same data."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What is to be expected."""

    end: Figure
    """At the end of the run; where that is reached, what was measured there, without an interval."""

    twice: Figure
    """At the end of a run of twice the images."""

    finished: bool
    """Whether the end is reached."""

    hardly: bool
    """Whether the interval excludes that twice the images bring a gain of 10 %."""

    def as_dict(self, of: str) -> dict[str, Any]:
        """Return it as the event of a score holds it, and `said` and the page read it.

        Args:
            of: what would be given twice: `minutes`, `kimg` or `epochs`.
        """
        return {
            "of": of,
            "end": [significant(x) for x in self.end],
            "twice": [significant(x) for x in self.twice],
            "finished": self.finished,
            "hardly": self.hardly,
            "level": LEVEL,
        }


def forecast(scores: Sequence[Seen], *, end_nimg: int, floor: float = 0.0) -> Forecast | None:
    """Say what twice the images would bring; None where there are too few scores to say anything.

    Args:
        scores: in any order; the newest of the run's own says where it stands.
        end_nimg: images after which the run ends.
        floor: the distance of reals from reals, below which no score falls but by chance.
    """
    own = [score for score in scores if score.own and score.value > 0]
    newest = max(own, key=lambda score: score.nimg, default=None)
    if newest is None or newest.nimg <= 0:
        return None
    finished = newest.nimg >= end_nimg
    telling = _telling(scores, newest)
    if not finished and sum(score.own for score in telling) < LEAST_SCORES:
        return None
    mixture = _explained(telling, newest, floor)
    twice = mixture.at(2 * end_nimg / newest.nimg)
    if finished:
        end = (newest.value,) * 3
        hardly = twice[1] >= WORTH_TELLING * newest.value
    else:
        end = mixture.at(end_nimg / newest.nimg)
        hardly = mixture.gain(end_nimg / newest.nimg)[1] >= WORTH_TELLING
    return Forecast(end=end, twice=twice, finished=finished, hardly=hardly)


def _telling(scores: Sequence[Seen], newest: Seen) -> list[Seen]:
    """Return the scores that are looked at: annealed ends, the newest, and some between, none of the first shapes."""
    late = [score for score in scores if score.value > 0 and score.nimg * LOOKS_BACK >= newest.nimg]
    others = [score for score in late if not score.own]
    own = sorted((score for score in late if score.own), key=lambda score: score.nimg)
    wanted = np.geomspace(own[0].nimg, own[-1].nimg, SCORES)
    nearest = {min(range(len(own)), key=lambda i: abs(own[i].nimg - at)) for at in wanted}
    return [*others, *(own[i] for i in sorted(nearest | {i for i, _ in enumerate(own) if is_end(own, i)}))]


def is_end(own: Sequence[Seen], i: int) -> bool:
    """Say whether the i-th of a run's scores, in order, is an annealed end from which the run went on."""
    return i + 1 < len(own) and own[i].fall_left == 0 < own[i + 1].fall_left


@dataclass(frozen=True)
class _Mixture:
    """Regressions by power, offset and noise, flattened: each array is `[M]`."""

    weight: np.ndarray
    level: np.ndarray  # mean of log A
    variance: np.ndarray  # of log A
    noise: np.ndarray  # variance of a score
    power: np.ndarray
    offset: np.ndarray

    def at(self, share: float) -> Figure:
        """Return the median and the interval of an annealed score after `share` times as many images as now."""
        return self._quantiles(self.level + self._law(share), self.variance + self.noise + self._drift(share))

    def gain(self, share: float) -> Figure:
        """Return the ratio of a score after twice `share` times as many images to one after `share` times as many."""
        return self._quantiles(self._law(2 * share) - self._law(share), self.noise + self._drift(2.0))

    def _law(self, share: float) -> np.ndarray:
        return np.asarray(np.log(self.offset + (1 - self.offset) * share**-self.power))

    def _drift(self, share: float) -> np.ndarray:
        """Return the variance by which the law itself changes over so many times the images."""
        spread = (DRIFT + DRIFT_SHARE * np.abs(self.power)) * (1 - self.offset) * math.log(share)
        return np.asarray(spread**2)

    def _quantiles(self, mean: np.ndarray, variance: np.ndarray) -> Figure:
        spread = np.sqrt(variance)
        wanted = (0.5, (1 - LEVEL) / 2, (1 + LEVEL) / 2)
        middle, low, high = (math.exp(_quantile(self.weight, mean, spread, share)) for share in wanted)
        return middle, low, high


def _explained(scores: Sequence[Seen], newest: Seen, floor: float) -> _Mixture:
    """Fit the scores by each power, offset and noise, and weigh these by their evidence."""
    images, values, fall_left, others = (
        np.array(column, float)
        for column in zip(*((s.nimg / newest.nimg, s.value, s.fall_left, not s.own) for s in scores), strict=True)
    )
    annealed = newest.value * math.exp(-FALL * newest.fall_left)
    lowest = min(floor / annealed, 0.95)  # the least offset
    power, offset, noise = (
        axis.ravel() for axis in np.meshgrid(POWERS, lowest + (1 - lowest) * OFFSETS, NOISES, indexing="ij")
    )
    # A score that would rise is no matter of an offset: the law turns round at u = 0.
    offset = np.where(power < 0, 0.0, np.minimum(offset, 0.98))
    law = np.log(offset[:, None] + (1 - offset[:, None]) * images[None] ** -power[:, None])
    residual = np.log(values)[None] - law
    precision = 1 / (noise[:, None] ** 2 + (SEEDS * others[None]) ** 2)
    prior = np.array([math.log(annealed), FALL])
    prior_precision = np.diag([LEVEL_SPREAD**-2, FALL_SPREAD**-2])
    design = np.stack([np.ones_like(fall_left), fall_left], axis=1)
    posterior = prior_precision + np.einsum("mn,ni,nj->mij", precision, design, design)
    pulled = prior_precision @ prior + np.einsum("mn,ni->mi", precision * residual, design)
    covariance = np.linalg.inv(posterior)
    mean = np.einsum("mij,mj->mi", covariance, pulled)
    misfit = (precision * residual**2).sum(1) + prior @ prior_precision @ prior - (mean * pulled).sum(1)
    evidence = 0.5 * (np.log(precision).sum(1) - misfit - np.log(np.linalg.det(posterior)))
    evidence += _log_prior()
    weight = np.exp(evidence - evidence.max())
    kept = weight > NEGLIGIBLE * weight.max()
    chosen = (column[kept] for column in (mean[:, 0], covariance[:, 0, 0], noise**2, power, offset))
    return _Mixture(weight[kept] / weight[kept].sum(), *chosen)


def _log_prior() -> np.ndarray:
    """Return the logarithm of the prior weight of each power, offset and noise, flattened."""
    powers = -0.5 * ((POWERS - POWER) / POWER_SPREAD) ** 2
    weights = powers[:, None, None] + np.log(OFFSET_WEIGHTS)[None, :, None] + np.log(NOISE_WEIGHTS)[None, None, :]
    return np.ravel(weights)


def _quantile(weight: np.ndarray, mean: np.ndarray, spread: np.ndarray, share: float) -> float:
    """Return where a mixture of normal distributions has so large a share of its weight below, by bisection."""
    low, high = float((mean - 8 * spread).min()), float((mean + 8 * spread).max())
    for _ in range(40):
        middle = (low + high) / 2
        below = float(weight @ _normal((middle - mean) / spread))
        low, high = (middle, high) if below < share else (low, middle)
    return (low + high) / 2


def _normal(z: np.ndarray) -> np.ndarray:
    """Return the standard normal distribution function, to 1e-7 (Abramowitz & Stegun 1964, 26.2.17)."""
    t = 1 / (1 + 0.2316419 * np.abs(z))
    tail = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
    upper = tail * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return np.asarray(np.where(z > 0, 1 - upper, upper))


def said(told: Mapping[str, Any]) -> str:
    """Say a forecast, as an event holds it: `twice the minutes: from 0.014 to about 0.009, 80% [0.006, 0.013]`."""
    twice = f"twice the {OF.get(told['of'], 'time')}" + (" would hardly help" if told["hardly"] else "")
    end, middle, low, high = (plain(x, 3) for x in (told["end"][0], *told["twice"]))
    begins = end if told["finished"] else f"about {end}"
    return f"{twice}: Fréchet distance from {begins} to about {middle}, {100 * told['level']:.0f}% [{low}, {high}]"


def significant(value: float) -> float:
    """Return a figure to three digits."""
    return float(f"{value:.3g}")
