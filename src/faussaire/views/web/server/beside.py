"""The studio of a training: a process of its own beside it, which never ends it and never outlives it.

It is a child at a lower priority, in a session of its own, so that a Ctrl-C is the training's alone. The socket is made
by the parent, so that the link is good before the child is up. The child reads its standard input, a pipe that nobody
writes to, and asks who its parent is; it ends when the one closes or the other changes: however its parent dies, the
child does not outlive it. And whatever becomes of the child, the training goes on.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from faussaire.core.errors import ConfigError
from faussaire.core.suggestions import typed
from faussaire.core.terminal import say
from faussaire.views.web.server.serve import address, listen
from faussaire.views.words import ENGLISH, Words

HOST = "127.0.0.1"
MOST_LINES = 40  # of what the studio of a training complains about, shown where the training shows its own


@dataclass(eq=False)
class StudioProcess:
    """The studio of a training, as the training sees it."""

    link: str
    ended: threading.Event = field(default_factory=threading.Event)
    let_go: bool = False
    """Whether it was told to end."""


@contextmanager
def watching(
    console: Console, *, wanted: bool, port: int, title: str = "", words: Words = ENGLISH
) -> Iterator[Callable[[Path], None]]:
    """Give what is to be called with the folder of a run as it begins: it serves a page beside it, if one is wanted.

    `port` is where; another free one where that is taken. `title` is that of its page "this does not exist".

    A page that cannot be served is said, once, and never ends a training. In a terminal the page stays after the
    training until Ctrl-C; elsewhere it ends with the training.
    """
    studios: list[StudioProcess] = []
    with ExitStack() as stack:

        def on_start(run: Path) -> None:
            if not wanted:
                return
            try:
                studios.append(stack.enter_context(beside(run, port, console, words, title=title)))
            except (ConfigError, OSError) as error:
                say(console, words("console.studio.none", reason=words.said(str(error))))
            else:
                say(console, words("console.studio.watch", link=studios[0].link))

        yield on_start
        if studios and not studios[0].ended.is_set() and console.is_terminal and _somebody_types():
            say(console, words("console.studio.stays"))
            with suppress(KeyboardInterrupt):
                studios[0].ended.wait()


def _somebody_types() -> bool:
    """Say whether the standard input is a keyboard, which Ctrl-C can come from."""
    with suppress(ValueError):  # it was closed
        return sys.stdin is not None and sys.stdin.isatty()
    return False


@contextmanager
def beside(
    run: Path, port: int, console: Console, words: Words = ENGLISH, *, title: str = ""
) -> Iterator[StudioProcess]:
    """Serve a run that is about to begin from a process of its own, which is let go at the end of the block.

    Raises:
        ConfigError: there is no port, or this system cannot hand a socket to another process (Windows).
        OSError: there can be no further process.
    """
    if os.name != "posix":
        raise ConfigError("--studio needs Linux or macOS; here, run `faussaire serve` beside the training")
    with listen(HOST, port, or_any=True) as listening:
        # -P: the folder that somebody trains in may hold a random.py.
        arguments = ["-P", "-m", "faussaire.views.web", str(listening.fileno()), str(os.getpid()), str(run), title]
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
        studio = StudioProcess(address(listening))
    assert child.stdin is not None
    threading.Thread(target=_attend, args=(child, studio, run, console, words), daemon=True).start()
    try:
        yield studio
    finally:
        studio.let_go = True
        child.stdin.close()


def _attend(child: subprocess.Popen[str], studio: StudioProcess, run: Path, console: Console, words: Words) -> None:
    """Pass on what a studio complains about, and say it where the studio ends before it is let go."""
    assert child.stderr is not None
    last = ""
    with child.stderr:
        for count, line in enumerate(child.stderr):
            last = line.strip() or last
            if count < MOST_LINES:
                say(console, words.said(line.rstrip("\n")))
    child.wait()
    studio.ended.set()
    if not studio.let_go:
        reason = words.said(last) or words("console.studio.exit_code", code=str(child.returncode))
        say(console, words("console.studio.ended", reason=reason, command=f"faussaire serve {typed(run)}"))
