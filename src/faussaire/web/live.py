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
from typing import Any

from faussaire.runs.events import Follower
from faussaire.web.history import History, shown

POLL_SECONDS = 1.0  # a page draws less often still
PULSE_SECONDS = 5.0


async def stream(history: History, after: int, closing: Callable[[], bool]) -> AsyncIterator[bytes]:
    """Yield server-sent events for as long as the reader stays, or until the file is begun anew."""
    yield b"retry: 1000\n\n"
    total, events = await asyncio.to_thread(history.read)
    if after == 0 or after > total:
        after = total
        yield message("history", {"line": total, "events": [asdict(event) for event in events]}, total)
    latest = events[-1].time if events else None
    follower = Follower(history.path, after, start=history.place_before(after))
    pulsed = 0.0
    while not closing():
        try:
            new = follower.new_events()
        except EOFError:
            return  # the browser comes back, and gets the new run from its beginning
        for line, event in new:
            latest = event.time
            yield message("told", asdict(shown(event)), line)
        if time.monotonic() - pulsed >= PULSE_SECONDS:
            pulsed = time.monotonic()
            yield message("pulse", {"age": None if latest is None else round(time.time() - latest, 1)})
        if not new and follower.line >= after:
            await asyncio.sleep(POLL_SECONDS)


def message(kind: str, data: dict[str, Any], line: int | None = None) -> bytes:
    """Write one server-sent event."""
    head = "" if line is None else f"id: {line}\n"
    return f"{head}event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode(errors="backslashreplace")
