"""Standard output and standard error, as consoles that never end what is being done, and take names literally.

A reader may go away (`| head`), the disk may be full (`> /dev/full`), the encoding may lack a letter, the stream may
be closed from the beginning (`>&-`): what cannot be written is replaced or dropped, and the first reason is kept for
whoever must know. Folders and classes are named by strangers, so nothing is read as rich's markup (`[bold]`), and
control characters, which could drive a terminal, are shown as a replacement.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, TextIO, cast

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from faussaire.core import notebook
from faussaire.core.errors import FaussaireError

STANDARD = (1, 2)  # the descriptors of standard output and standard error
CONTROLS = dict.fromkeys(
    [*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)],
    "\N{REPLACEMENT CHARACTER}",
)
CHANGE_SECONDS = 0.25
FAILURES = (Exception, SystemExit)  # the latter is what rich makes of a reader that went away


class Stream:
    """A text stream that may break: what cannot be written is dropped, and the first reason is kept.

    Args:
        stream: the one beneath; None where it was closed before the program began.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.error: OSError | ValueError | None = None

    @property
    def encoding(self) -> str:
        """The name of its encoding."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Say whether a person looks at it."""
        with suppress(ValueError):  # it was closed
            return self._stream is not None and self.error is None and self._stream.isatty()
        return False

    def fileno(self) -> int:
        """Return its descriptor.

        Raises:
            OSError: it has none.
        """
        if self._stream is None:
            raise OSError("closed")
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Write what can be written."""
        if self._stream is not None and self.error is None:
            fit = text.encode(self.encoding, "replace").decode(self.encoding)
            try:
                self._stream.write(fit)
            except (OSError, ValueError) as error:
                self._give_up(error)
        return len(text)

    def flush(self) -> None:
        """Hand on what was written."""
        if self._stream is not None and self.error is None:
            try:
                self._stream.flush()
            except (OSError, ValueError) as error:
                self._give_up(error)

    def _give_up(self, error: OSError | ValueError) -> None:
        """Keep the reason; what the stream still holds goes nowhere, or Python would complain of it at its end."""
        self.error = error
        with suppress(OSError, ValueError):
            if self.fileno() in STANDARD:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, self.fileno())
                os.close(nowhere)


class Terminal(Console):
    """Standard output, or standard error: names are taken literally, and nothing that breaks is raised.

    Args:
        stderr: standard error instead of standard output.
        quiet: show nothing, as all but the first of several processes that work together.
    """

    def __init__(self, *, stderr: bool = False, quiet: bool = False) -> None:
        self.stream = Stream(sys.stderr if stderr else sys.stdout)
        super().__init__(
            file=cast(IO[str], self.stream),
            markup=False,
            highlight=False,
            emoji=False,
            quiet=quiet,
            # What rich shows in a notebook takes a widget to be replaced (core.notebook does without), and a kernel's
            # streams say that they are a terminal's.
            force_jupyter=False,
            force_terminal=False if notebook.in_notebook() else None,
        )

    def render_str(self, text: str, **options: Any) -> Text:
        """Make text of a string, of a table's cell too."""
        return super().render_str(clean(text), **options)


def clean(text: str) -> str:
    """Return a text without control characters but line breaks and tabs."""
    return text.translate(CONTROLS)


def failure(console: Console) -> Exception | None:
    """Return why a console can no longer be written to, if it cannot."""
    return console.stream.error if isinstance(console, Terminal) else None


def say(console: Console, text: str, *, style: str = "") -> None:
    """Print lines literally on any console; that it cannot be written to is no reason to stop."""
    with suppress(*FAILURES):
        console.print(Text(clean(text), style), soft_wrap=True)


def show(console: Console, what: RenderableType) -> None:
    """Print a table or the like on any console; that it cannot be written to is no reason to stop."""
    with suppress(*FAILURES):
        console.print(what, highlight=False)


def literal(text: str) -> Text:
    """Return a text, of a table's cell for example, in which nothing is markup."""
    return Text(clean(text))


@contextmanager
def printing() -> Iterator[Terminal]:
    """Give standard output, for what a command is there to print.

    Raises:
        FaussaireError: it could not be written; that its reader has seen enough (`| head`) is no error.
    """
    console = Terminal()
    yield console
    error = failure(console)
    if error is not None and not isinstance(error, BrokenPipeError):
        raise FaussaireError(f"cannot write to standard output: {getattr(error, 'strerror', None) or error}")


@contextmanager
def waiting(console: Console, words: str) -> Iterator[Callable[[str], None]]:
    """Show in a terminal or a notebook that something takes a while, and give what changes the words."""
    in_cell = isinstance(console, Terminal) and not console.quiet and notebook.in_notebook()
    place = notebook.Place()
    live = Live(console=console, auto_refresh=False, transient=True)  # no thread, whose errors nobody would catch
    shown_at = 0.0

    def change(words: str) -> None:
        nonlocal shown_at
        if time.monotonic() - shown_at >= CHANGE_SECONDS:
            with suppress(*FAILURES):
                if in_cell:
                    place.put(notebook.text(clean(words)))
                else:
                    live.update(Text(clean(words)), refresh=True)
            shown_at = time.monotonic()

    with suppress(*FAILURES):
        if not in_cell:
            live.start()
    change(words)
    try:
        yield change
    finally:
        with suppress(*FAILURES):
            if in_cell:
                place.put(notebook.text(""))
            else:
                live.stop()


def open_standard_streams() -> None:
    """Open the standard streams that were closed before the program began, and let none stumble over a letter.

    A file opened later would get the number of a closed one, and whatever is printed would end up in it.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            with suppress(OSError):
                os.fstat(number)
                continue
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
        elif name != "stdin" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
