"""Whether one run is better than another by more than noise, figure by figure, on the same reals.

The interval of a difference is put together from those of the two figures as if they were independent; the shared reals
make them vary together, so it is wider than it must be, never narrower.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from faussaire.core.errors import ConfigError
from faussaire.evaluation.evaluation import Evaluation
from faussaire.evaluation.metrics import MEANINGS
from faussaire.evaluation.metrics.spec import Direction
from faussaire.evaluation.protocols import Score

COMPARED = (Direction.LOWER, Direction.HIGHER)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One figure of two runs."""

    protocol: str
    metric: str
    first: str
    second: str
    difference: float
    """Of the second's value less the first's."""

    low: float
    high: float
    level: float
    n_real: int
    n_fake: int
    better: str
    """Name of the better run; empty where the difference may be noise, or more is not better."""


class Comparisons(list[Comparison]):
    """Comparisons of several runs, which a notebook shows as one table."""


def compare_all(evaluations: Sequence[Evaluation]) -> Comparisons:
    """Compare each evaluation with the first."""
    return Comparisons(comparison for other in evaluations[1:] for comparison in compare(evaluations[0], other))


def compare(first: Evaluation, second: Evaluation) -> list[Comparison]:
    """Compare two evaluations figure by figure: those of one name, which pins the reals and what sees them.

    Raises:
        ConfigError: they were made against different reals, or all by networks that were fitted to different data.
    """
    if first.reals != second.reals:
        raise ConfigError(
            f"{first.name} and {second.name} were measured against different images: name the same by --data"
        )
    others = {(s.protocol, s.metric): s for s in second.scores}
    pairs = [(s, others[s.protocol, s.metric]) for s in first.scores if (s.protocol, s.metric) in others]
    if not pairs:
        raise ConfigError(
            f"{first.name} and {second.name} have no figure of one name: networks that were fitted to different data "
            "do not see alike; choose another --protocol"
        )
    return [
        _compared(first.name, second.name, s, other) for s, other in pairs if MEANINGS[s.metric].direction in COMPARED
    ]


def _compared(first: str, second: str, a: Score, b: Score) -> Comparison:
    difference = b.value - a.value
    # The half of each interval that faces the other figure is the one that counts.
    towards_a, towards_b = (
        (b.value - b.low, a.high - a.value) if difference > 0 else (b.high - b.value, a.value - a.low)
    )
    half = math.hypot(towards_a, towards_b)
    clear = abs(difference) > half
    second_wins = (difference < 0) == (MEANINGS[a.metric].direction is Direction.LOWER)
    return Comparison(
        protocol=a.protocol,
        metric=a.metric,
        first=first,
        second=second,
        difference=difference,
        low=difference - half,
        high=difference + half,
        level=a.level,
        n_real=a.n_real,
        n_fake=min(a.n_fake, b.n_fake),
        better=(second if second_wins else first) if clear else "",
    )
