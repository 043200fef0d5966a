"""The best score of a run as it now stands: `best/` holds the generator that had it, or nothing.

Scores that were told beyond the point of a resumption do not stand: they may be taken at other moments the second time.
All of them are read, where a history for views keeps some: a week of a score every 12 seconds is 50,000 lines.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from faussaire.runs.events import Event


@dataclass(frozen=True, kw_only=True)
class Best:
    """A score."""

    nimg: int
    """Images that D had seen when it was taken."""

    value: float
    """The Fréchet distance."""


def best_of(events: Iterable[Event]) -> Best | None:
    """Return the first of the best among the scores that stand, given the `score` and `resumed` events of a run."""
    standing: list[Best] = []
    for event in events:
        if event.kind == "resumed":
            standing = [score for score in standing if score.nimg <= event.nimg]
        elif event.kind == "score":
            standing.append(Best(nimg=event.nimg, value=float(event.data["rows"][0]["value"])))
    return min(standing, key=lambda score: score.value, default=None)
