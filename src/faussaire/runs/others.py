"""What other runs on the same data came to: the scores at their annealed ends, by which a forecast is better."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from faussaire.core.config import LENGTHS
from faussaire.core.errors import FaussaireError
from faussaire.runs.events import Event
from faussaire.runs.folder import RunFolder
from faussaire.runs.opening import FREE

MOST_RUNS = 12  # that are looked into, the newest first
MOST_BYTES = 50_000_000  # of events: a run of a week is not worth the wait
ELSEWHERE = (*FREE, *LENGTHS, "seed")
"""Settings that may differ: the others make another game, whose scores say little of this one."""


def annealed_ends(run: RunFolder, config: dict[str, Any], fingerprint: str) -> list[Event]:
    """Return the last `score` events of finished runs beside `run` that play the same game on the same data.

    Args:
        run: the folder of the run that begins or goes on; its own scores are left out.
        config: its settings, as JSON types.
        fingerprint: of its data.
    """
    found = []
    for path in _newest(run.path):
        other = RunFolder(path)
        try:
            record = other.record()
            same = record["fingerprint"] == fingerprint and _game(record["config"]) == _game(config)
            if same and other.events_file.stat().st_size <= MOST_BYTES:
                found += _end_of(other)
        except (FaussaireError, OSError, TypeError):
            continue  # a stranger's folder, or one that is being written: a forecast can do without
    return found


def _newest(path: Path) -> list[Path]:
    """Return the runs beside a run's folder, the newest first."""
    try:
        beside = [one for one in path.resolve().parent.iterdir() if (one / "config.json").is_file()]
        dated = sorted(((one / "config.json").stat().st_mtime, one) for one in beside if one != path.resolve())
    except OSError:
        return []
    return [one for _, one in reversed(dated)][:MOST_RUNS]


def _game(settings: dict[str, Any]) -> str:
    return json.dumps({name: value for name, value in settings.items() if name not in ELSEWHERE}, sort_keys=True)


def _end_of(run: RunFolder) -> list[Event]:
    """Return the score that was taken where the run ended, if it did."""
    events = list(run.events("score", "done"))
    ends = {event.nimg for event in events if event.kind == "done"}
    scores = [event for event in events if event.kind == "score" and event.nimg in ends]
    return scores[-1:]
