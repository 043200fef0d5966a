"""Running the studio: a socket, uvicorn on it, and a process of its own beside a training.

The studio of `--studio` is a child at a lower priority, in a session of its own, so that a Ctrl-C is the training's
alone. The socket is made by the parent, so that the link is good before the child is up. The child reads its standard
input, a pipe that nobody writes to, and looks who its parent is; it ends when the one closes or the other changes:
however its parent dies, the child does not outlive it. And whatever becomes of the child, the training goes on.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from faussaire.core.errors import ConfigError
from faussaire.core.terminal import say
from faussaire.views.web.library import Library

if TYPE_CHECKING:
    import uvicorn

PORT = 8765
HOST = "127.0.0.1"
LINGER_SECONDS = 3.0  # after the training, so that open pages get its last word
PARENT_SECONDS = 1.0  # between two looks at who the parent is
MOST_LINES = 40  # of what the studio of a training complains about, shown where the training shows its own


def listen(host: str, port: int, *, or_any: bool = False) -> socket.socket:
    """Return a socket that listens; `or_any` takes a free port where `port` is taken.

    Raises:
        ConfigError: it cannot be had.
    """
    if not 0 <= port <= 65_535:
        raise ConfigError(f"--port is between 0 and 65535, not {port}")
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
    parent: int | None = None,
) -> None:
    """Serve until Ctrl-C, or until the parent process, whose number is given, has ended."""
    import uvicorn

    from faussaire.views.web.app import create_app
    from faussaire.views.web.connection import MAX_CONNECTIONS, MAX_HEAD_BYTES, Connection

    _allow_files(2 * MAX_CONNECTIONS)
    app = create_app(library, public_only=public_only, host=listening.getsockname()[0], names=names)
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
    app.state.studio.closing = lambda: server.should_exit
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
    path: Path, console: Console, *, host: str, port: int, public_only: bool, names: Sequence[str] = ()
) -> None:
    """Serve a run, or a folder of runs, until Ctrl-C.

    Raises:
        ConfigError: there is no such folder, the port is taken, or several runs are there and one is wanted.
    """
    library = Library(path)
    if public_only and not library.single:
        raise ConfigError(f"--public serves one run: name its folder; {path} is a folder of runs")
    for name in names:
        if not name or any(letter in name for letter in "/@ ") or name.count(":") == 1:
            raise ConfigError(f"--name is a name such as gan.example.org, without http:// and port, not {name!r}")
    with listen(host, port) as listening:
        what = "This does not exist" if public_only else "The studio"
        say(console, f"{what}: {address(listening)} (Ctrl-C ends it)")
        serve(library, listening, public_only=public_only, names=(host, *names))


@dataclass(eq=False)
class Beside:
    """The studio of a training, as the training sees it."""

    link: str
    ended: threading.Event = field(default_factory=threading.Event)
    let_go: bool = False
    """Whether it was told to end."""


@contextmanager
def watching(console: Console, *, wanted: bool) -> Iterator[Callable[[Path], None]]:
    """Give what is to be called with the folder of a run as it begins: it serves a page beside it, if one is wanted.

    A page that cannot be served is said, once, and never ends a training. In a terminal the page stays after the
    training until Ctrl-C; elsewhere it ends with the training.
    """
    studios: list[Beside] = []
    with ExitStack() as stack:

        def begun(run: Path) -> None:
            if not wanted:
                return
            try:
                studios.append(stack.enter_context(beside(run, PORT, console)))
            except (ConfigError, OSError) as error:
                say(console, f"There is no studio, and the training goes on without: {error}")
            else:
                say(console, f"Watch it learn: {studios[0].link}")

        yield begun
        if studios and not studios[0].ended.is_set() and console.is_terminal and _somebody_types():
            say(console, "The page stays until Ctrl-C.")
            with suppress(KeyboardInterrupt):
                studios[0].ended.wait()


def _somebody_types() -> bool:
    """Say whether the standard input is a keyboard, which Ctrl-C can come from."""
    with suppress(ValueError):  # it was closed
        return sys.stdin is not None and sys.stdin.isatty()
    return False


@contextmanager
def beside(run: Path, port: int, console: Console) -> Iterator[Beside]:
    """Serve a run that is about to begin from a process of its own, which is let go at the end of the block.

    Raises:
        ConfigError: there is no port, or this system cannot hand a socket to another process (Windows).
        OSError: there can be no further process.
    """
    if os.name != "posix":
        raise ConfigError("--studio needs Linux or macOS; here, run `faussaire serve` beside the training")
    with listen(HOST, port, or_any=True) as listening:
        # -P: the folder that somebody trains in may hold a random.py.
        arguments = ["-P", "-m", "faussaire.views.web", str(listening.fileno()), str(os.getpid()), str(run)]
        child = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            pass_fds=[listening.fileno()],
            start_new_session=True,
        )
        studio = Beside(address(listening))
    assert child.stdin is not None
    threading.Thread(target=_attend, args=(child, studio, run, console), daemon=True).start()
    try:
        yield studio
    finally:
        studio.let_go = True
        child.stdin.close()


def _attend(child: subprocess.Popen[str], studio: Beside, run: Path, console: Console) -> None:
    """Pass on what a studio complains about, and say it where the studio ends before it is let go."""
    assert child.stderr is not None
    last = ""
    with child.stderr:
        for count, line in enumerate(child.stderr):
            last = line.strip() or last
            if count < MOST_LINES:
                say(console, line.rstrip("\n"))
    child.wait()
    studio.ended.set()
    if not studio.let_go:
        reason = last or f"exit code {child.returncode}"
        say(console, f"The studio has ended ({reason}); the training goes on. To open it again: faussaire serve {run}")
