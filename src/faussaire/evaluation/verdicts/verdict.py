"""What a verdict is, and how it quotes the figure that it rests on: with its 95 % interval.

Verdicts are pure functions of what `stats` and `score` events hold, so that the console, the page and a later reading
of events.jsonl all say the same. Each says what is so, by which figure, and what to do. The thresholds are set on runs
that were looked at: docs/LAB.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from faussaire.core.intervals import wilson

GOOD = ("learning", "sound", "converged")
"""Names of the verdicts that call for nothing; the last one stands in older runs only."""

Figure = tuple[float, float, float]
"""A value and both ends of its interval."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is to be said of a run at this moment."""

    name: str
    """In training: starting, learning, overfitting, oscillating, D far ahead, D far behind, collapsed,
    diverging, not finite.
    Of scores: sound, rough, collapsed, noise, copier."""

    text: str
    """One line: what, by which figure, and what to do about it."""

    @property
    def is_good(self) -> bool:
        """Whether it calls for nothing."""
        return self.name in GOOD


def percent(value: float, n: float) -> str:
    """Write a share of n samples in per cent with its 95 % interval (Wilson's): `72 % [71, 73]`."""
    interval = wilson(value * n, n)
    return share((value, interval.low, interval.high))


def share(figure: Figure) -> str:
    """Write a share in per cent with its interval: `72 % [71, 73]`."""
    value, low, high = (100 * number for number in figure)
    return f"{value:.0f} % [{low:.0f}, {high:.0f}]"
