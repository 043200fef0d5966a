"""What a verdict is, and how it quotes the figure that it rests on: with its 95 % interval.

Verdicts are pure functions of what `stats` and `score` events hold, so that the console, the page and a later reading
of events.jsonl all say the same. Each says what is so, by which figure, and what to do. The thresholds are set on runs
that were looked at: docs/LAB.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from faussaire.core.intervals import wilson

GOOD = ("sound",)
"""Names of the verdicts that say that the samples are good: those that were measured."""

OPEN = ("starting", "learning", "converged", "ended", "few", "undecided")
"""Names of the verdicts that find no fault, and do not know whether all is well; `converged` is of older runs."""

Tone = Literal["good", "open", "bad"]

Figure = tuple[float, float, float]
"""A value and both ends of its interval."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is to be said of a run at this moment."""

    name: str
    """In training: starting, learning, overfitting, oscillating, D far ahead, D far behind, collapsed,
    diverging, not finite.
    Of scores: sound, rough, undecided, collapsed, noise, copier.
    Of a run, besides: ended, few."""

    text: str
    """One line in English: what, by which figure, and in training what to do about it."""

    sentence: str = ""
    """Names the sentence that says it in the reader's language, where a verdict has several; its name if empty."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    """The figures that the sentence quotes, each a number or a `Figure`; metrics by their names, `-` written `_`."""

    @property
    def tone(self) -> Tone:
        """Good where that is known, bad where a fault was found, and open otherwise."""
        return "good" if self.name in GOOD else "open" if self.name in OPEN else "bad"


def right_of(value: float, n: float) -> Figure:
    """Return a share of n samples with its 95 % interval (Wilson's)."""
    interval = wilson(value * n, n)
    return value, interval.low, interval.high


def difference(above: Figure, below: Figure) -> Figure:
    """Return the difference of two independent figures with its interval, from theirs (Zou & Donner 2008, Statist. Med.
    27, 1693; of shares, method 10 of Newcombe 1998, Statist. Med. 17, 873).
    """
    value = above[0] - below[0]
    low = value - math.hypot(above[0] - above[1], below[2] - below[0])
    return value, low, value + math.hypot(above[2] - above[0], below[0] - below[1])


def share(figure: Figure) -> str:
    """Write a share in per cent with its interval: `72% [71, 73]`."""
    value, low, high = (100 * number for number in figure)
    return f"{value:.0f}% [{low:.0f}, {high:.0f}]"
