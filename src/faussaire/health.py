"""A verdict in words, from the figures of the last reports and nothing else.

Pure functions of what `stats` events hold, so that the console, the page and a later reading of events.jsonl all say
the same. Each verdict quotes the figure that it rests on. The thresholds are set on runs that were looked at: see
docs/LAB.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PATIENCE = 5  # reports that must agree before anything bad is said
WARM_UP = 0.03  # share of the run in which an untrained G is not yet called collapsed
COLLAPSED_DIVERSITY = 0.3
FAR_AHEAD_ACCURACY = 0.97


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is to be said of a run at this moment."""

    name: str
    """starting, learning, D far ahead, collapsed, not finite."""

    text: str
    """One line: what, by which figure, and what to do about it."""


def judge(reports: Sequence[Mapping[str, Any]], *, critic: bool = False) -> Verdict:
    """Judge a run by its reports so far, the newest last (each the `data` of a `stats` event).

    `critic` is that of its loss: a critic is meant to be far ahead.
    """
    if not reports:
        return Verdict(name="starting", text="starting: nothing measured yet")
    now = reports[-1]
    broken = [name for name in ("loss_D", "loss_G", "diversity") if now[name] is None]
    if broken:
        what = " and ".join(name.replace("_", " of ") for name in broken)
        return Verdict(name="not finite", text=f"not finite: {what}; begin again with a smaller --lr")
    recent = reports[-PATIENCE:]
    settled = len(recent) == PATIENCE and recent[0]["progress"] >= WARM_UP
    if settled and all(r["diversity"] < COLLAPSED_DIVERSITY for r in recent):
        return Verdict(
            name="collapsed",
            text=f"collapsed: fakes vary only {now['diversity']:.2f} times as much as reals; "
            "begin again with a smaller --lr or another --seed",
        )
    right = min(min(r["accuracy_real"], r["accuracy_fake"]) for r in recent)
    if settled and right > FAR_AHEAD_ACCURACY and not critic:
        least = math.floor(100 * right)
        return Verdict(
            name="D far ahead",
            text=f"D far ahead: it has been right at least {least} % of the time for {PATIENCE} reports; "
            "G learns little: try a smaller --lr or --g-steps 2",
        )
    accuracy = (now["accuracy_real"] + now["accuracy_fake"]) / 2
    return Verdict(
        name="learning",
        text=f"learning: D is right {100 * accuracy:.0f} % of the time (50 % is chance); "
        f"fakes vary {now['diversity']:.2f} times as much as reals",
    )
