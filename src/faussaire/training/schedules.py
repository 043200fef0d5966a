"""Schedules: the value of a setting as a pure function of progress in [0, 1], never any state.

Progress is the share of the run that is done, whatever its length was given in, so that a run of two minutes and
one of two days both end annealed (as in brownvc/R3GAN's Trainer.py, one curve for every schedule).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from faussaire.core.config import Config


def constant(progress: float, start: float, end: float) -> float:
    """Stay at `start`."""
    return start


def linear(progress: float, start: float, end: float) -> float:
    """Go from `start` to `end` in a straight line."""
    return start + (end - start) * progress


def cosine(progress: float, start: float, end: float) -> float:
    """Go from `start` to `end` along half a cosine (Loshchilov and Hutter 2017, arXiv 1608.03983, eq. 5)."""
    return end + (start - end) * 0.5 * (1.0 + math.cos(math.pi * progress))


SCHEDULES: dict[str, Callable[[float, float, float], float]] = {
    "constant": constant,
    "linear": linear,
    "cosine": cosine,
}


def learning_rate(config: Config, progress: float) -> float:
    """Return Adam's learning rate, of both networks, after that share of the run."""
    return SCHEDULES[config.lr_schedule](progress, config.peak_lr, config.peak_lr * config.lr_final)


def fall_left(config: Config, progress: float) -> float:
    """Return the share of the learning rate's fall that lies ahead: 1 at the start, 0 at the end or where it stays."""
    first, now, last = (learning_rate(config, share) for share in (0.0, progress, 1.0))
    return 0.0 if first == last else (now - last) / (first - last)


def ema_beta(batch: int, half_life_nimg: float) -> float:
    """Return how much of an average is kept after `batch` images, when half of it is gone after `half_life_nimg`.

    A half-life of 0 keeps nothing: the average is then the present value (Karras et al. 2020, arXiv 1912.04958).
    """
    return 0.0 if half_life_nimg <= 0 else 0.5 ** (batch / half_life_nimg)
