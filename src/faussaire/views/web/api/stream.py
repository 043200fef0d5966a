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
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

from faussaire.core.config import without_folders
from faussaire.runs.events import Event, Follower
from faussaire.runs.history import History
from faussaire.runs.standing import standing

POLL_SECONDS = 1.0  # a page draws less often still
PULSE_SECONDS = 5.0


Judge = Callable[[Sequence[Event]], dict[str, Any]]
"""Says the verdict on a run, given the last of its events of each kind."""


async def stream(
    history: History, after: int, closing: Callable[[], bool], judge: Judge = lambda events: {}
) -> AsyncGenerator[bytes, None]:
    """Yield server-sent events for as long as the reader stays, or until the file is begun anew.

    The file is read, and what is in it put into words, in a thread: whoever else is served waits for no reader.
    """
    yield b"retry: 1000\n\n"
    pulsed, state = 0.0, ""
    try:
        reader = await asyncio.to_thread(Reader, history, after)
        while not closing():
            news = await asyncio.to_thread(reader.messages)
            now = reader.standing()
            told = bool(news)
            if told or now["state"] != state or time.monotonic() - pulsed >= PULSE_SECONDS:
                pulsed, state = time.monotonic(), now["state"]
                news.append(message("pulse", now | {"verdict": await asyncio.to_thread(judge, reader.latest)}))
                yield b"".join(news)  # at once, as each part costs the machine that trains as much as the whole
            if not told:
                await asyncio.sleep(POLL_SECONDS)
    except EOFError:
        return  # the browser comes back, and gets the new run from its beginning


class Reader:
    """What one browser has got of a run, and what it is to get next.

    Args:
        history: of the run.
        after: the last line that the browser has, or 0.
    """

    def __init__(self, history: History, after: int) -> None:
        total, events = history.read()
        self._latest: dict[str, Event] = {}  # by kind, in order
        for event in events:
            self._note(event)
        # Warnings may name files: where they lie on this machine concerns nobody.
        self._around = f"{json.dumps(str(history.path.parent.parent), ensure_ascii=False)[1:-1]}/".encode(
            errors="ignore"
        )
        self._first: list[bytes] = []
        if after == 0 or after > total:
            after = total
            shown = [asdict(_without_folders(event)) for event in events]
            self._first = [self._message("history", {"line": total, "events": shown}, total)]
        self._follower = Follower(history.path, after, start=history.position_before(after))
        self._first += self._read_on()  # from here on, it notices when the file becomes another one

    def messages(self) -> list[bytes]:
        """Return the next messages, none where there is no news.

        Raises:
            EOFError: the file is not the one that was read before.
        """
        first, self._first = self._first, []
        return first or self._read_on()

    @property
    def latest(self) -> list[Event]:
        """The last event of each kind, in order."""
        return list(self._latest.values())

    def standing(self) -> dict[str, Any]:
        """Return the state of the run in a word, and how old the last news is, in seconds."""
        now = time.time()
        found = standing(self.latest, now)
        return {"state": found.state, "age": None if found.updated is None else round(now - found.updated, 1)}

    def _note(self, event: Event) -> None:
        self._latest.pop(event.kind, None)
        self._latest[event.kind] = event

    def _message(self, kind: str, data: dict[str, Any], line: int) -> bytes:
        return message(kind, data, line).replace(self._around, b"")

    def _read_on(self) -> list[bytes]:
        messages: list[bytes] = []
        before = None
        while not messages and self._follower.line != before:  # some lines hold nothing to show
            before = self._follower.line
            for line, event in self._follower.new_events():
                self._note(event)
                messages.append(self._message("event", asdict(_without_folders(event)), line))
        return messages


def _without_folders(event: Event) -> Event:
    """Return an event without the folder of the data, which concerns nobody."""
    return replace(event, data=without_folders(event.data)) if event.kind == "config" else event


def message(kind: str, data: dict[str, Any], line: int | None = None) -> bytes:
    """Write one server-sent event."""
    head = "" if line is None else f"id: {line}\n"
    return f"{head}event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode(errors="backslashreplace")
