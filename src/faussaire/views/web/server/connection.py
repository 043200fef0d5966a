"""One connection of the server, which is ended where its other end takes its time.

uvicorn bounds how many connections there are and how long one may be idle after an answer. It has no bound on how
long a request takes to arrive, nor an answer to be taken: a few hundred sockets that say nothing, say it letter by
letter, or do not read would keep everybody else out. Here a check every few seconds ends

- those whose next request is not there after REQUEST_SECONDS (its body is the business of `guard`), and
- those who took less than TAKEN_BYTES of what waits for them, at each check for STALLED_SECONDS.
"""

from __future__ import annotations

import asyncio
import socket

from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_CONNECTIONS = 1_000  # beyond, requests are answered by 503 …
MAX_SOCKETS = 1_200  # … and beyond this, connections are not even listened to
MAX_HEAD_BYTES = 32_768  # of a request without its body
CHECK_SECONDS = 2.5
REQUEST_SECONDS = 15.0
STALLED_SECONDS = 20.0
TAKEN_BYTES = 1_024
WAITING_BYTES = 65_536  # that the kernel holds for a reader, and as many again that we hold


class Connection(H11Protocol):
    """A connection of HTTP/1.1."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to serve, unless too many are served."""
        super().connection_made(transport)
        self._next_check: asyncio.TimerHandle | None = None
        self._free_since = self.loop.time()
        self._taking_since = self.loop.time()
        self._waiting = 0
        if len(self.connections) > MAX_SOCKETS:
            transport.abort()
            return
        transport.set_write_buffer_limits(high=WAITING_BYTES)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, WAITING_BYTES)
        self._check_later()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        super().connection_lost(exc)
        if self._next_check is not None:
            self._next_check.cancel()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._free_since = self.loop.time()
        super().on_response_complete()

    def resume_writing(self) -> None:
        """Go on sending: the other end has taken much."""
        self._taking_since = self.loop.time()
        super().resume_writing()

    def _check_later(self) -> None:
        self._next_check = self.loop.call_later(CHECK_SECONDS, self._check)

    def _check(self) -> None:
        """End the connection if its other end takes its time."""
        now, before = self.loop.time(), self._waiting
        self._waiting = self.transport.get_write_buffer_size()
        if self._waiting > 0:
            self._free_since = now
        if self._waiting == 0 or self._waiting <= before - TAKEN_BYTES:
            self._taking_since = now
        answering = self.cycle is not None and not self.cycle.response_complete
        late = not answering and now - self._free_since > REQUEST_SECONDS
        if late or now - self._taking_since > STALLED_SECONDS:
            self.transport.abort()
        else:
            self._check_later()
