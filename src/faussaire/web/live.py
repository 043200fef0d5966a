"""events.jsonl to a browser: the run so far in one message, then each line as it is written.

Server-sent events whose id is the number of the line. A browser that lost the connection names the last line it has
and gets those after it; one that names none gets a summary, which is a function of the file alone: whoever comes
late, or to a server started anew, sees what was seen all along. Each reader has a place in the file and no queue, so
a slow one costs nothing but its connection.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from faussaire.run import Event, RunFolder, as_it_stands

MAX_POINTS = 2_000  # of a curve: more than a screen has columns
POLL_SECONDS = 0.25
PULSE_SECONDS = 2.0
PIECE_BYTES = 1 << 20  # read at a time, so that a reader of a long file does not hold up the others
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
        if not self.path.is_file():
            return []
        if self.path.stat().st_size < self._offset:
            raise EOFError(f"{self.path} was begun anew")
        with self.path.open("rb") as file:
            file.seek(self._offset)
            content = file.read(PIECE_BYTES)
            content += file.readline() if len(content) == PIECE_BYTES else b""
        whole = content[: content.rfind(b"\n") + 1]
        self._offset += len(whole)
        found = []
        for text in whole.splitlines():
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
    settings = event.data.get("config") if event.kind == "config" else None
    if isinstance(settings, dict) and "data" in settings:
        settings["data"] = Path(str(settings["data"])).name
    return event


def read_all(path: Path) -> tuple[int, list[Event]]:
    """Return how many lines there are, and every event."""
    follower = Follower(path)
    events: list[Event] = []
    while new := follower.new_events():
        events += [event for _, event in new]
    return follower.line, events


def summary(events: list[Event]) -> list[Event]:
    """Leave of the events of a run as it now stands those that a page shows: of long curves, every k-th point."""
    last = {event.kind: event for event in events}
    stats = [event for event in events if event.kind == "stats"]
    stride = -(-len(stats) // MAX_POINTS) or 1
    points = {id(event) for event in stats[::-stride]}  # counted from the last, which is always there
    return [
        event
        for event in events
        if (id(event) in points if event.kind == "stats" else event.kind not in ONLY_LAST or last[event.kind] is event)
    ]


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
    return {
        "state": state,
        "nimg": stats.nimg if stats else 0,
        "updated": events[-1].time if events else None,
        **{
            name: figures.get(name)
            for name in ("progress", "seconds_left", "accuracy_real", "accuracy_fake", "verdict")
        },
    }


async def stream(run: RunFolder, after: int, closing: Callable[[], bool]) -> AsyncIterator[bytes]:
    """Yield server-sent events for as long as the reader stays, or until the file is begun anew."""
    yield b"retry: 1000\n\n"
    total, events = await asyncio.to_thread(read_all, run.events_file)
    if after == 0 or after > total:
        after = total
        told = [asdict(event) for event in summary(as_it_stands(events))]
        yield message("history", {"line": total, "events": told}, total)
    latest = events[-1].time if events else None
    del events
    follower = Follower(run.events_file, after)
    pulsed = 0.0
    while not closing():
        try:
            new = follower.new_events()
        except EOFError:
            return  # the browser comes back, and gets the new run from its beginning
        for line, event in new:
            latest = event.time
            yield message("told", asdict(event), line)
        if time.monotonic() - pulsed >= PULSE_SECONDS:
            pulsed = time.monotonic()
            yield message("pulse", {"age": None if latest is None else round(time.time() - latest, 1)})
        if not new and follower.line >= after:
            await asyncio.sleep(POLL_SECONDS)


def message(kind: str, data: dict[str, Any], line: int | None = None) -> bytes:
    """Write one server-sent event."""
    head = "" if line is None else f"id: {line}\n"
    return f"{head}event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
