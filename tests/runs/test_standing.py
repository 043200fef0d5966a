"""Where a run stands, by its events and the clock."""

from __future__ import annotations

import pytest

from faussaire.runs.events import Event
from faussaire.runs.standing import standing


@pytest.mark.parametrize(
    ("kinds", "age", "state"),
    [
        ([], 0, "starting"),
        (["config"], 0, "starting"),
        (["config", "stats"], 1, "running"),
        (["config", "stats"], 100, "silent"),
        (["stats", "paused"], 1000, "paused"),
        (["stats", "paused", "continued"], 1, "running"),
        (["stats", "stopped"], 1000, "stopped"),
        (["stats", "stopped", "resumed"], 1, "running"),
        (["stats", "done"], 1000, "finished"),
        (["stats", "resumed", "rolled_back"], 1, "running"),
        (["stats", "resumed", "diverged"], 1000, "diverged"),
        (["stats", "verdict", "checkpoint"], 1, "running"),
    ],
)
def test_where_a_run_stands(kinds: list[str], age: float, state: str) -> None:
    events = [Event(kind=kind, nimg=i, time=100.0) for i, kind in enumerate(kinds)]
    assert standing(events, 100.0 + age).state == state
