"""The seats of those who follow a run: so many at a time, and nobody keeps one from others for good.

A follower holds a connection for as long as a page is open, and one that has stopped reading looks like one that has
nothing to read. So where every seat is taken, whoever has had one for longest gives it up to the next who asks, once
it was theirs for a while. A page comes back by itself and goes on where it left; who does not read does not come back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, field

from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from faussaire.core.errors import RequestError
from faussaire.runs.history import History
from faussaire.views.web.api.stream import Judge, stream

EVENTS = "text/event-stream"
SURE_SECONDS = 15.0  # a seat is one's own for so long, whoever waits
SEND_SECONDS = 30.0  # a message that is not taken for so long ends the connection


@dataclass(eq=False)
class Seat:
    """What one follower has taken."""

    since: float = field(default_factory=time.monotonic)
    wanted: bool = False
    """Whether somebody else is to have it."""


class Seats:
    """The seats of one application."""

    def __init__(self) -> None:
        self._taken: list[Seat] = []  # the oldest first

    def __len__(self) -> int:
        return len(self._taken)

    @contextmanager
    def taken(self, most: int) -> Iterator[Seat]:
        """Take a seat among so many for as long as the block runs.

        Raises:
            RequestError: every seat is taken, and none for long enough.
        """
        if len(self._taken) >= most:
            oldest = next((seat for seat in self._taken if not seat.wanted), None)
            if oldest is None or time.monotonic() - oldest.since < SURE_SECONDS:
                raise RequestError(
                    503, "{most} browsers follow runs here already; try again in a few seconds", most=most
                )
            oldest.wanted = True
        seat = Seat()
        self._taken.append(seat)
        try:
            yield seat
        finally:
            self._taken.remove(seat)


class EventStream(Response):
    """The answer to one follower: it takes a seat when it begins, and gives it back however it ends.

    Args:
        seats: of the application.
        most: how many there are.
        history: of the run.
        after: the last line that the browser has, or 0.
        closing: says whether the server is about to end.
        judge: says the verdict on the run.
    """

    def __init__(
        self,
        seats: Seats,
        most: int,
        history: History,
        after: int,
        *,
        closing: Callable[[], bool],
        judge: Judge = lambda events: {},
    ) -> None:
        super().__init__(media_type=EVENTS)
        self.seats = seats
        self.most = most
        self.history = history
        self.after = after
        self.closing = closing
        self.judge = judge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer.

        Raises:
            RequestError: no seat is free; nothing has been sent.
        """

        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(SEND_SECONDS):
                await send(message)

        with self.seats.taken(self.most) as seat, suppress(TimeoutError):
            messages = stream(self.history, self.after, lambda: seat.wanted or self.closing(), self.judge)
            async with aclosing(messages):
                await StreamingResponse(messages, media_type=EVENTS)(scope, receive, send_in_time)
