"""Running the studio: a socket, uvicorn on it, and a process of its own beside a training.

The studio of `--studio` is a child at a lower priority. The socket is made by the parent, so that the link is good
before the child is up; the child reads its standard input, a pipe that nobody writes to, and ends when it closes:
however its parent dies, the child does not outlive it.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from faussaire.core.terminal import say
from faussaire.errors import ConfigError
from faussaire.web.library import Library

if TYPE_CHECKING:
    import uvicorn

PORT = 8765
HOST = "127.0.0.1"
LINGER_SECONDS = 3.0  # after the training, so that open pages get its last word
MAX_CONNECTIONS = 1_000


def listen(host: str, port: int, *, or_any: bool = False) -> socket.socket:
    """Return a socket that listens; `or_any` takes a free port where `port` is taken.

    Raises:
        ConfigError: it cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for wanted in (port, 0) if or_any else (port,):
        made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, or asyncio leaves Nagle on
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind((host, wanted))
        except (OSError, OverflowError) as error:
            made.close()
            reason = error
            continue
        made.listen(2048)
        made.set_inheritable(True)
        return made
    raise ConfigError(f"cannot listen on {host} port {port}: {reason}; choose another --port or --host")


def address(listening: socket.socket) -> str:
    """Return the link to what listens."""
    host, port = listening.getsockname()[:2]
    shown = {"0.0.0.0": "localhost", "::": "localhost"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}/"


def serve(
    library: Library, listening: socket.socket, *, public_only: bool = False, until_parent_ends: bool = False
) -> None:
    """Serve until Ctrl-C, or until the parent process has ended."""
    import uvicorn

    from faussaire.web.app import create_app

    app = create_app(library, public_only=public_only, host=listening.getsockname()[0])
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_graceful_shutdown=2,
        )
    )
    app.state.studio.closing = lambda: server.should_exit
    if until_parent_ends:
        threading.Thread(target=_exit_with_parent, args=(server,), daemon=True).start()
    with suppress(KeyboardInterrupt):  # uvicorn has closed everything when it hands the signal on
        server.run(sockets=[listening])


def _exit_with_parent(server: uvicorn.Server) -> None:
    """Wait until the other end of the standard input closes, then let open pages get the last word."""
    sys.stdin.buffer.read()
    time.sleep(LINGER_SECONDS)
    server.should_exit = True


def serve_folder(path: Path, console: Console, *, host: str, port: int, public_only: bool) -> None:
    """Serve a run, or a folder of runs, until Ctrl-C.

    Raises:
        ConfigError: there is no such folder, the port is taken, or several runs are there and one is wanted.
    """
    library = Library(path)
    if public_only and not library.single:
        raise ConfigError(f"--public serves one run: name its folder; {path} is a folder of runs")
    with listen(host, port) as listening:
        what = "This does not exist" if public_only else "The studio"
        say(console, f"{what}: {address(listening)} (Ctrl-C ends it)")
        serve(library, listening, public_only=public_only)


@contextmanager
def watching(console: Console, *, wanted: bool) -> Iterator[Callable[[Path], None]]:
    """Give what is to be called with the folder of a run as it begins: it serves a page beside it, if one is wanted.

    In a terminal the page stays after the training until Ctrl-C; elsewhere it ends with the training.
    """
    with ExitStack() as stack:

        def begun(run: Path) -> None:
            if wanted:
                link = stack.enter_context(beside(run, PORT))
                say(console, f"Watch it learn: {link}")

        yield begun
        if wanted and console.is_terminal and _somebody_types():
            say(console, "The page stays until Ctrl-C.")
            with suppress(KeyboardInterrupt):
                threading.Event().wait()


def _somebody_types() -> bool:
    """Say whether the standard input is a keyboard, which Ctrl-C can come from."""
    with suppress(ValueError):  # it was closed
        return sys.stdin is not None and sys.stdin.isatty()
    return False


@contextmanager
def beside(run: Path, port: int) -> Iterator[str]:
    """Serve a run that is about to begin from a process of its own; give the link.

    Raises:
        ConfigError: this system cannot hand a socket to another process (Windows).
    """
    if os.name != "posix":
        raise ConfigError("--studio needs Linux or macOS; here, run `faussaire serve` beside the training")
    with listen(HOST, port, or_any=True) as listening:
        command = [sys.executable, "-m", "faussaire.web", str(listening.fileno()), str(run)]
        child = subprocess.Popen(
            command, stdin=subprocess.PIPE, pass_fds=[listening.fileno()], start_new_session=True, cwd=Path.cwd()
        )
        link = address(listening)
    assert child.stdin is not None
    try:
        yield link
    finally:
        child.stdin.close()
