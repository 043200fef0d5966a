"""What the tests of a class share: a room with three runs in it, and clients of pupils and the teacher."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from faussaire.data import prepare
from faussaire.views.web.classroom.app import create_class
from faussaire.views.web.classroom.room import Room, furnished
from faussaire.views.web.classroom.workshop import Lesson
from faussaire.views.web.server.hosts import HostNames
from web_client import copy_of

RUNS = ("one", "two", "three")


@contextmanager
def class_of(squares_run: Path, folder: Path, *, minutes: float = 0.0, runs: tuple[str, ...] = RUNS) -> Iterator[Room]:
    """Give a room whose threads do not work, with copies of a run whose pictures hang."""
    data = str(squares_run.parents[1] / "squares.npy")
    for name in runs:
        copy_of(squares_run, folder / name)
    dataset = prepare(data)
    room = furnished(dataset, Lesson(data=(data,), settings={}, minutes=minutes, runs=folder, spec=dataset.spec))
    room.gallery.look()
    try:
        yield room
    finally:
        room.store.close()


def browser_of(room: Room) -> TestClient:
    """Return a client with cookies of its own."""
    app = create_class(room, HostNames("127.0.0.1"))
    return TestClient(app, base_url="http://127.0.0.1:8765", raise_server_exceptions=False, follow_redirects=False)


def pupil_of(room: Room, name: str) -> TestClient:
    """Return the client of a pupil who has joined."""
    client = browser_of(room)
    joined = client.post("/api/class/join", json={"name": name})
    assert joined.status_code == 201, joined.text
    return client


def teacher_of(room: Room) -> TestClient:
    """Return the client of the teacher."""
    client = browser_of(room)
    assert client.get(f"/teacher/{room.secret}").headers["location"] == "/teacher"
    return client


def board_of(room: Room) -> dict[str, Any]:
    """Count the board anew."""
    return room.board.counted()
