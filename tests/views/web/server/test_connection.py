"""A server of real sockets: those that say nothing, say it letter by letter, or do not read, keep nobody else out."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from faussaire.runs.folder import RunFolder
from web_client import copy_of

QUICK = """
import sys
from faussaire.views.web.api import seats
from faussaire.views.web.server import connection, guard
from faussaire.views.web.library import Library
from faussaire.views.web.server.serve import listen, serve

connection.CHECK_SECONDS, connection.REQUEST_SECONDS, connection.STALLED_SECONDS = 0.1, 1.0, 1.0
guard.BODY_SECONDS, seats.SURE_SECONDS = 0.5, 1e9
with listen("127.0.0.1", 0) as listening:
    print(listening.getsockname()[1], flush=True)
    serve(Library(sys.argv[1]), listening)
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, squares_run: Path) -> RunFolder:
    """A run that goes on."""
    folder = copy_of(squares_run, tmp_path_factory.mktemp("runs") / "r")
    lines = (folder / "events.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "events.jsonl").write_bytes(b"".join(line for line in lines if b'"done"' not in line))
    return RunFolder(folder)


@pytest.fixture(scope="module")
def port(run: RunFolder) -> Iterator[int]:
    """The port of a server of that run whose patience is short."""
    process = subprocess.Popen(
        [sys.executable, "-c", QUICK, str(run.path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    yield int(process.stdout.readline())
    process.terminate()
    assert process.communicate(timeout=20)[1] == ""  # nobody's bad manners are told on the terminal


def opened(port: int, text: bytes = b"", receive_bytes: int | None = None) -> socket.socket:
    made = socket.socket()
    made.settimeout(20)
    if receive_bytes:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    made.connect(("127.0.0.1", port))
    made.sendall(text)
    return made


def get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode()


def ends(connection: socket.socket) -> bool:
    """Wait until the other side has ended a connection; False where it has not within the time-out."""
    try:
        while connection.recv(65_536):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\n", get("/api/runs")])
def test_who_does_not_go_on_is_let_go(port: int, said: bytes) -> None:
    with opened(port, said) as connection:
        assert ends(connection)


def test_who_asks_letter_by_letter_is_let_go(port: int) -> None:
    letters = iter(get("/api/runs", *(f"X-{i}: x" for i in range(60))))
    with opened(port) as connection:
        while (letter := next(letters, None)) is not None:
            try:
                connection.sendall(bytes([letter]))
            except OSError:
                break
            time.sleep(0.02)
    assert letter is not None, "it was let finish"


def test_a_connection_that_is_used_again_and_again_stays(port: int) -> None:
    with opened(port) as connection:
        for _ in range(5):
            connection.sendall(get("/api/runs/r"))
            answer = b""
            while not answer.endswith(b"}"):
                answer += connection.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 200")
            time.sleep(0.4)


def test_a_body_that_does_not_come_is_not_waited_for(port: int) -> None:
    post = "POST /api/quiz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"
    with opened(port, post.encode()) as connection:
        assert connection.recv(65_536).startswith(b"HTTP/1.1 408")


def test_half_a_body_is_not_taken_for_a_whole_one(port: int, run: RunFolder) -> None:
    wish = '{"command": "stop"}'
    post = f"POST /api/runs/r/control HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(wish) + 5}\r\n\r\n{wish}"
    with opened(port, post.encode()):
        pass
    with opened(port, get("/api/runs/r")) as other:
        assert other.recv(65_536).startswith(b"HTTP/1.1 200")
    assert not run.control.exists()


def test_a_head_without_end_is_refused(port: int) -> None:
    with opened(port, get("/")[:-2] + b"Cookie: " + b"x" * 33_000) as connection:
        assert connection.recv(65_536).startswith(b"HTTP/1.1 400")
        assert ends(connection)


def test_who_reads_slowly_gets_all_of_it(port: int) -> None:
    with opened(port, get("/runs/r", "Connection: close")) as connection:
        page = b""
        while piece := connection.recv(65_536):
            page += piece
    found = re.search(rb"/static/\w+/", page)
    assert found
    with opened(port, get(f"{found[0].decode()}plotly.min.js"), receive_bytes=32_768) as connection:
        head, _, got = connection.recv(65_536).partition(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", head)[1])
        count = len(got)
        for _ in range(25):
            time.sleep(0.1)
            count += len(connection.recv(32_768))
        while count < length:
            piece = connection.recv(65_536)
            assert piece
            count += len(piece)
    assert count == length


def test_silent_followers_give_their_places_back(port: int, run: RunFolder) -> None:
    silent = [opened(port, get("/api/runs/r/events"), receive_bytes=4_096) for _ in range(64)]
    for connection in silent:
        assert connection.recv(12).endswith(b"200")
    with opened(port, get("/api/runs/r/events")) as other:
        assert other.recv(12).endswith(b"503")
    told = threading.Event()

    def tell() -> None:
        while not told.wait(0.05):
            run.emit("warning", nimg=1, text="x" * 50_000)

    thread = threading.Thread(target=tell)
    thread.start()
    try:
        deadline = time.monotonic() + 30
        status = b""
        while not status.endswith(b"200"):
            assert time.monotonic() < deadline, "no place came back"
            time.sleep(0.2)
            with opened(port, get("/api/runs/r/events")) as other:
                status = other.recv(12)
    finally:
        told.set()
        thread.join()
        for connection in silent:
            connection.close()
