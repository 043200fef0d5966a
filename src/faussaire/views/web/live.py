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
from collections.abc import AsyncGenerator, Callable
from dataclasses import asdict
from typing import Any

from faussaire.runs.events import Follower
from faussaire.views.web.history import History, shown

POLL_SECONDS = 1.0  # a page draws less often still
PULSE_SECONDS = 5.0


async def stream(history: History, after: int, closing: Callable[[], bool]) -> AsyncGenerator[bytes, None]:
    """Yield server-sent events for as long as the reader stays, or until the file is begun anew.

    The file is read, and what is in it put into words, in a thread: whoever else is served waits for no reader.
    """
    yield b"retry: 1000\n\n"
    pulsed = 0.0
    try:
        reader = await asyncio.to_thread(Reader, history, after)
        while not closing():
            told = await asyncio.to_thread(reader.messages)
            for text in told:
                yield text
            if time.monotonic() - pulsed >= PULSE_SECONDS:
                pulsed = time.monotonic()
                age = None if reader.latest is None else round(time.time() - reader.latest, 1)
                yield message("pulse", {"age": age})
            if not told:
                await asyncio.sleep(POLL_SECONDS)
    except EOFError:
        return  # the browser comes back, and gets the new run from its beginning


class Reader:
    """What one browser has been told of a run, and what is to be told next.

    Args:
        history: of the run.
        after: the last line that the browser has, or 0.
    """

    def __init__(self, history: History, after: int) -> None:
        total, events = history.read()
        self.latest = events[-1].time if events else None
        # Warnings may name files: where they lie on this machine concerns nobody.
        self._around = f"{json.dumps(str(history.path.parent.parent), ensure_ascii=False)[1:-1]}/".encode(
            errors="ignore"
        )
        self._first: list[bytes] = []
        if after == 0 or after > total:
            after = total
            self._first = [
                self._message("history", {"line": total, "events": [asdict(event) for event in events]}, total)
            ]
        self._follower = Follower(history.path, after, start=history.place_before(after))
        self._first += self._read_on()  # from here on, it notices when the file becomes another one

    def messages(self) -> list[bytes]:
        """Return the next messages, none where there is no news.

        Raises:
            EOFError: the file is not the one that was read before.
        """
        first, self._first = self._first, []
        return first or self._read_on()

    def _message(self, kind: str, data: dict[str, Any], line: int) -> bytes:
        return message(kind, data, line).replace(self._around, b"")

    def _read_on(self) -> list[bytes]:
        told: list[bytes] = []
        before = None
        while not told and self._follower.line != before:  # some lines hold nothing to tell
            before = self._follower.line
            for line, event in self._follower.new_events():
                self.latest = event.time
                told.append(self._message("told", asdict(shown(event)), line))
        return told


def message(kind: str, data: dict[str, Any], line: int | None = None) -> bytes:
    """Write one server-sent event."""
    head = "" if line is None else f"id: {line}\n"
    return f"{head}event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode(errors="backslashreplace")
