"""What the pages show of a run, and where it stands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from faussaire.core.config import without_folders
from faussaire.runs import history
from faussaire.runs.events import Event

SILENT_SECONDS = 30.0  # without news for so long, a training is no longer called running
ENDS = {"done": "finished", "stopped": "stopped", "paused": "paused"}
LEARNS = ("starting", "running", "paused", "silent")  # states in which another generator may be saved at any time


class History(history.History):
    """The history of a run as pages show it."""

    def read(self) -> tuple[int, list[Event]]:
        """Read what is new; return how many lines there are, and the events that are kept, in order."""
        line, events = super().read()
        return line, [shown(event) for event in events]


def shown(event: Event) -> Event:
    """Return an event without the folder of the data, which concerns nobody."""
    return replace(event, data=without_folders(event.data)) if event.kind == "config" else event


def standing(events: list[Event], now: float) -> dict[str, Any]:
    """Return where a run stands: its state in a word, and the last figures.

    The state is `starting`, `running`, `paused`, `stopped`, `finished`, or `silent` where a training that was running
    has told nothing for long.
    """
    stats = next((event for event in reversed(events) if event.kind == "stats"), None)
    ended = next((e.kind for e in reversed(events) if e.kind in (*ENDS, "stats", "resumed", "continued")), "")
    age = now - events[-1].time if events else 0.0
    state = ENDS.get(ended) or ("silent" if age > SILENT_SECONDS else "running" if stats else "starting")
    figures = {} if stats is None else stats.data
    names = ("progress", "seconds_left", "accuracy_real", "accuracy_fake", "verdict")
    return {
        "state": state,
        "nimg": stats.nimg if stats else 0,
        "updated": events[-1].time if events else None,
        **{name: figures.get(name) for name in names},
    }
