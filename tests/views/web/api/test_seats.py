"""Those who follow a run: their seats come back however they leave, and following costs the server little."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from faussaire.runs.events import Follower
from faussaire.runs.folder import RunFolder
from faussaire.views.web.api import seats as seats_module
from faussaire.views.web.api.seats import Seats
from faussaire.views.web.app import create_app
from faussaire.views.web.library import Library

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Room:
    """One application and those who follow its run."""

    def __init__(self, run: Path) -> None:
        self.app = create_app(Library(run))
        self.address = f"/api/runs/{run.name}/events"
        self.tasks: list[asyncio.Task[None]] = []

    @property
    def seats(self) -> Seats:
        return self.app.state.shared.seats

    def enter(self, send: Send, gone: asyncio.Event | None = None) -> asyncio.Task[None]:
        """Let somebody follow, who takes messages by `send` and leaves when `gone` is set."""
        asked = False

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if not asked:
                asked = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await (gone or asyncio.Event()).wait()
            return {"type": "http.disconnect"}

        scope = {
            "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": self.address,
            "raw_path": self.address.encode(), "query_string": b"", "root_path": "",
            "headers": [(b"host", b"localhost")],
        }  # fmt: skip
        self.tasks.append(asyncio.create_task(self.app(scope, receive, send)))
        return self.tasks[-1]

    async def until(self, count: int) -> None:
        """Wait until so many seats are taken."""
        async with asyncio.timeout(20):
            while len(self.seats) != count:
                await asyncio.sleep(0.01)

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def in_a_room(run: Path, scene: Callable[[Room], Awaitable[None]]) -> None:
    """Play a scene, after which every place must be free."""

    async def play() -> None:
        room = Room(run)
        try:
            async with asyncio.timeout(30):
                await scene(room)
        finally:
            await room.close()
        assert len(room.seats) == 0

    asyncio.run(play())


async def reads(message: dict[str, Any]) -> None:
    """Take a message as a browser does."""


async def is_silent(message: dict[str, Any]) -> None:
    """Never take a message."""
    await asyncio.Event().wait()


async def status_of(room: Room) -> int:
    """Return the status that the next follower gets."""
    found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def send(message: dict[str, Any]) -> None:
        if not found.done():
            found.set_result(message["status"])

    room.enter(send)
    return await found


def test_a_place_comes_back_after_a_disconnect(squares_run: Path) -> None:
    async def scene(room: Room) -> None:
        gone = asyncio.Event()
        for _ in range(5):
            room.enter(reads, gone)
        await room.until(5)
        gone.set()
        await room.until(0)

    in_a_room(squares_run, scene)


def test_a_place_comes_back_from_one_who_does_not_read(squares_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seats_module, "SEND_SECONDS", 0.1)

    async def scene(room: Room) -> None:
        silent = [room.enter(is_silent) for _ in range(64)]
        await room.until(64)
        await room.until(0)
        await asyncio.gather(*silent)  # none of them ends by an error
        assert await status_of(room) == 200

    in_a_room(squares_run, scene)


@pytest.mark.parametrize("error", [OSError("broken pipe"), RuntimeError("a bug")])
def test_a_place_comes_back_after_an_error(squares_run: Path, error: Exception) -> None:
    async def breaks(message: dict[str, Any]) -> None:
        await asyncio.sleep(0.01)
        raise error

    async def scene(room: Room) -> None:
        await asyncio.gather(*(room.enter(breaks) for _ in range(3)), return_exceptions=True)
        await room.until(0)
        assert await status_of(room) == 200

    in_a_room(squares_run, scene)


def test_a_place_comes_back_when_the_run_is_deleted(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "r")
    run.path.mkdir()
    run.write_json(run.config, {})
    run.emit("stats", nimg=1)

    async def scene(room: Room) -> None:
        told = asyncio.Event()

        async def send(message: dict[str, Any]) -> None:
            if b"event: history" in message.get("body", b""):
                told.set()

        reader = room.enter(send)
        await told.wait()
        run.events_file.unlink()
        await reader
        await room.until(0)

    in_a_room(run.path, scene)


def test_who_has_followed_for_long_makes_room_where_every_place_is_taken(
    squares_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(room: Room) -> None:
        for _ in range(63):
            room.enter(reads)
        oldest = room.tasks[0]
        assert await status_of(room) == 200
        assert await status_of(room) == 503  # nobody has had a place for long
        monkeypatch.setattr(seats_module, "SURE_SECONDS", 0.0)
        assert await status_of(room) == 200
        await oldest
        await room.until(64)

    in_a_room(squares_run, scene)


def test_a_run_is_read_outside_the_loop_that_serves(squares_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readers = []
    new_lines = Follower.new_lines
    monkeypatch.setattr(
        Follower, "new_lines", lambda *given: (readers.append(threading.get_ident()), new_lines(*given))[1]
    )

    async def scene(room: Room) -> None:
        assert await status_of(room) == 200
        await asyncio.sleep(0.3)
        assert readers
        assert threading.get_ident() not in readers

    in_a_room(squares_run, scene)
