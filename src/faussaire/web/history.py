"""The events of a run as they now stand, kept up with the file and thinned so that a long run stays small.

What is kept is a function of the lines of events.jsonl and of nothing else: not of when the server was started, nor of
how often it looked.
"""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from faussaire.config import without_folders
from faussaire.run import PLAN_KINDS, Event

MAX_POINTS = 2_000  # of a curve: more than a screen has columns
PIECE_BYTES = 1 << 16  # read at a time: what a slow reader has in memory
SILENT_SECONDS = 30.0  # without news for so long, a training is no longer called running
ONLY_LAST = ("judged", "plan", "checkpoint", "config")
ENDS = {"done": "finished", "stopped": "stopped", "paused": "paused"}


class Follower:
    """Reads a growing file of lines.

    Args:
        path: the file, which may not be there yet.
        after: lines that the reader has already.
    """

    def __init__(self, path: Path, after: int = 0) -> None:
        self.path = path
        self.line = 0
        self._offset = 0
        self._after = after

    def new_events(self) -> list[tuple[int, Event]]:
        """Return the next events with the numbers of their lines; torn lines are counted and left out.

        Raises:
            EOFError: the file is not the one that was read before.
        """
        size = self.path.stat().st_size if self.path.is_file() else 0
        if size < self._offset:
            raise EOFError(f"{self.path} was begun anew")
        if size == self._offset:
            return []
        with self.path.open("rb") as file:
            file.seek(self._offset)
            content = file.read(PIECE_BYTES)
            content += file.readline() if len(content) == PIECE_BYTES else b""
        whole = content[: content.rfind(b"\n") + 1]
        self._offset += len(whole)
        found = []
        for text in whole.split(b"\n")[:-1]:
            self.line += 1
            if self.line > self._after and (event := parse(text)):
                found.append((self.line, event))
        return found


def parse(line: bytes) -> Event | None:
    """Return the event of a line, without the folder of the data, which concerns nobody; None for a torn line."""
    try:
        event = Event(**json.loads(line))
    except (ValueError, TypeError):
        return None
    return replace(event, data=without_folders(event.data)) if event.kind == "config" else event


class History:
    """What a page shows of a run. Safe to use from several threads.

    Args:
        path: the events.jsonl.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        self._follower = Follower(self.path)
        self._events: list[Event] = []
        self._num_stats = 0

    def read(self) -> tuple[int, list[Event]]:
        """Read what is new; return how many lines there are, and the events that a page shows."""
        with self._lock:
            try:
                self._read_on()
            except EOFError:
                self._begin()
                self._read_on()
            return self._follower.line, list(self._events)

    def _read_on(self) -> None:
        while new := self._follower.new_events():
            for _, event in new:
                self._take(event)

    def _take(self, event: Event) -> None:
        if event.kind == "resumed":  # what was told beyond this point happens again: see RunFolder.history
            self._events = [e for e in self._events if e.kind in PLAN_KINDS or e.nimg <= event.nimg]
            self._num_stats = sum(e.kind == "stats" for e in self._events)
        if event.kind in ONLY_LAST:
            self._events = [e for e in self._events if e.kind != event.kind]
        self._events.append(event)
        self._num_stats += event.kind == "stats"
        if self._num_stats == 2 * MAX_POINTS:
            stats = [e for e in self._events if e.kind == "stats"]
            dropped = {id(e) for e in stats[::2]}  # the last stays
            self._events = [e for e in self._events if id(e) not in dropped]
            self._num_stats -= len(dropped)


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
