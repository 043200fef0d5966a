"""Running the studio: a socket, and uvicorn on it, until Ctrl-C or until the training beside it has ended."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from faussaire.core.errors import ConfigError
from faussaire.core.terminal import say
from faussaire.views.web.library import Library
from faussaire.views.words import ENGLISH, Words

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

LINGER_SECONDS = 3.0  # after the training, so that open pages get its last word
PARENT_SECONDS = 1.0  # between two questions who the parent is


def check_port(port: int) -> None:
    """Raise ConfigError for a number that is of no port."""
    if not 0 <= port <= 65_535:
        raise ConfigError(f"--port is between 0 and 65535, not {port}")


def listen(host: str, port: int, *, or_any: bool = False) -> socket.socket:
    """Return a socket that listens; `or_any` takes a free port where `port` is taken.

    Raises:
        ConfigError: it cannot be had.
    """
    check_port(port)
    reason: Exception = OSError("it has no address")
    for wanted in (port, 0) if or_any else (port,):
        try:
            places = socket.getaddrinfo(host or "?", wanted, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        except (OSError, ValueError) as error:  # ValueError: no name can be spelt like that
            raise ConfigError(f"--host {host!r} is no name or address of this machine: {error}") from None
        for family, _, _, _, place in sorted(places, key=lambda found: found[0] != socket.AF_INET):
            try:
                return _listening(family, place)
            except OSError as error:
                reason = error
    raise ConfigError(f"cannot listen on {host} port {port}: {reason}; choose another --port or --host")


def _listening(family: int, place: Any) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, or asyncio leaves Nagle on
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(place)
        made.listen(2048)
    except OSError:
        made.close()
        raise
    return made


def address(listening: socket.socket) -> str:
    """Return the link to what listens."""
    host, port = listening.getsockname()[:2]
    shown = {"0.0.0.0": "localhost", "::": "localhost"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}/"


def serve(
    library: Library,
    listening: socket.socket,
    *,
    public_only: bool = False,
    names: Sequence[str] = (),
    title: str = "",
    parent: int | None = None,
) -> None:
    """Serve runs until Ctrl-C, or until the parent process, whose number is given, has ended."""
    from faussaire.views.web.app import create_app

    app = create_app(library, public_only=public_only, host=listening.getsockname()[0], names=names, title=title)
    serve_app(app, listening, parent=parent)


def serve_app(app: FastAPI, listening: socket.socket, *, parent: int | None = None) -> None:
    """Serve an application until Ctrl-C, or until the parent process, whose number is given, has ended."""
    import uvicorn

    from faussaire.views.web.server.connection import MAX_CONNECTIONS, MAX_HEAD_BYTES, Connection

    _allow_files(2 * MAX_CONNECTIONS)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="error",
            access_log=False,
            server_header=False,
            http=Connection,
            ws="none",
            h11_max_incomplete_event_size=MAX_HEAD_BYTES,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_graceful_shutdown=2,
        )
    )
    app.state.closing = lambda: server.should_exit
    if parent is not None:
        threading.Thread(target=_exit_with_parent, args=(server, parent), daemon=True).start()
    # uvicorn has closed everything when it hands the signal on.
    with _hanging_up_too(server), suppress(KeyboardInterrupt):
        server.run(sockets=[listening])


@contextmanager
def _hanging_up_too(server: uvicorn.Server) -> Iterator[None]:
    """End on SIGHUP, of a terminal that was closed, as uvicorn ends on Ctrl-C and SIGTERM."""
    if os.name != "posix" or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGHUP, server.handle_exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def _allow_files(count: int) -> None:
    """Let this process have so many files and connections open, as far as the system lets it."""
    if os.name != "posix":
        return
    import resource

    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed != resource.RLIM_INFINITY and allowed < count:
        wanted = count if most == resource.RLIM_INFINITY else min(count, most)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _exit_with_parent(server: uvicorn.Server, parent: int) -> None:
    """Wait until the parent closes the standard input or dies, then let open pages get the last word."""
    while os.getppid() == parent:  # a pipe alone is not enough: workers of the parent may hold its other end
        ready, _, _ = select.select([sys.stdin.fileno()], [], [], PARENT_SECONDS)
        if ready and not os.read(sys.stdin.fileno(), 1):
            break
    time.sleep(LINGER_SECONDS)
    server.should_exit = True


def serve_folder(
    path: Path,
    console: Console,
    *,
    host: str,
    port: int,
    public_only: bool,
    names: Sequence[str] = (),
    title: str = "",
    words: Words = ENGLISH,
) -> None:
    """Serve a run, or a folder of runs, until Ctrl-C.

    Raises:
        ConfigError: there is no such folder, the port is taken, or several runs are there and one is wanted.
    """
    library = Library(path)
    if public_only and not library.single:
        raise ConfigError(f"--public serves one run: name its folder; {path} is a folder of runs")
    check_names(names)
    with listen(host, port) as listening:
        what = "public" if public_only else "listening"
        say(console, words(f"console.studio.{what}", link=address(listening)))
        for run_id, reason in library.refused().items():
            say(console, words("console.studio.refused", run=run_id, reason=words.said(reason)))
        serve(library, listening, public_only=public_only, names=(host, *names), title=title)


def check_names(names: Sequence[str]) -> None:
    """Raise ConfigError for a name that is none, under which a server is to be reached."""
    for name in names:
        if not name or any(letter in name for letter in "/@ ") or name.count(":") == 1:
            raise ConfigError(f"--name is a name such as gan.example.org, without http:// and port, not {name!r}")


def serve_playground(console: Console, *, host: str, port: int, words: Words = ENGLISH) -> None:
    """Serve the game in two dimensions, and nothing else, until Ctrl-C.

    Raises:
        ConfigError: the port is taken.
    """
    from faussaire.views.web.playground.routes import create_playground

    with listen(host, port) as listening:
        say(console, words("console.studio.playground", link=address(listening)))
        serve_app(create_playground(), listening)
