"""Where a run stands, by its events and the clock: the one place that says what running, silent or finished means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from faussaire.runs.events import Event

SILENT_SECONDS = 30.0  # without news for so long, a training is no longer called running
ENDS = {"done": "finished", "stopped": "stopped", "paused": "paused", "diverged": "diverged"}
GOES_ON = ("stats", "resumed", "continued")
LEARNING = ("starting", "running", "paused", "silent")  # another generator may be saved at any time


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a run stands, and its last figures; None is not measured."""

    state: str
    """starting, running, paused, stopped, finished, diverged: it left the finite numbers and could not be rolled back
    any more, or silent: a training that was running and has told nothing for long."""

    nimg: int
    """Images that D had seen at the last report."""

    updated: float | None
    """Unix seconds of the last event."""

    progress: float | None
    seconds_left: float | None
    accuracy_real: float | None
    accuracy_fake: float | None
    verdict: str | None

    @property
    def learning(self) -> bool:
        """Whether another generator may be saved at any time."""
        return self.state in LEARNING


def standing(events: Sequence[Event], now: float) -> Standing:
    """Return where a run stands, given its events or the last of each kind, in order, and the time in Unix seconds."""
    report = next((event for event in reversed(events) if event.kind == "stats"), None)
    turn = next((event.kind for event in reversed(events) if event.kind in ENDS or event.kind in GOES_ON), "")
    age = now - events[-1].time if events else 0.0
    figures: dict[str, Any] = {} if report is None else report.data
    return Standing(
        state=ENDS.get(turn) or ("silent" if age > SILENT_SECONDS else "running" if report else "starting"),
        nimg=report.nimg if report else 0,
        updated=events[-1].time if events else None,
        progress=figures.get("progress"),
        seconds_left=figures.get("seconds_left"),
        accuracy_real=figures.get("accuracy_real"),
        accuracy_fake=figures.get("accuracy_fake"),
        verdict=figures.get("verdict"),
    )
