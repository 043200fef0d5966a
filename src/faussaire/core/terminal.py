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
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, TextIO, cast

from rich.cells import cell_len
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
STAND_INS = str.maketrans(
    {"\N{NARROW NO-BREAK SPACE}": " ", "\N{NO-BREAK SPACE}": " ", "’": "'", "…": "...", "−": "-", "×": "x", "œ": "oe"}
    | {"«": '"', "»": '"'}
)
"""Of letters that an encoding may lack."""

Voice = Callable[[str], str]
"""Says a sentence, given in English, in the language of who reads it."""


def _fit(text: str, encoding: str) -> str:
    """Return a text in letters that an encoding has: those that it lacks are replaced, by what is nearest."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        if encoding.lower().replace("-", "") in ("ascii", "usascii", "646"):
            text = unicodedata.normalize("NFD", text.translate(STAND_INS))
            text = "".join(letter for letter in text if not unicodedata.combining(letter))
        else:
            text = "".join(letter if _has(encoding, letter) else letter.translate(STAND_INS) for letter in text)
        return text.encode(encoding, "replace").decode(encoding)
    return text


def _has(encoding: str, letter: str) -> bool:
    try:
        letter.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


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
            fit = _fit(text, self.encoding)
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
        voice: says in the reader's language what `speak` is given; English if not given.
    """

    def __init__(self, *, stderr: bool = False, quiet: bool = False, voice: Voice = str) -> None:
        self.voice = voice
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
        console.print(Text(wrapped(clean(text), console), style), soft_wrap=True)


def speak(console: Console, text: str, *, style: str = "") -> None:
    """Print a sentence, given in English, in the language of a console's reader."""
    say(console, _voice_of(console)(text), style=style)


def _voice_of(console: Console) -> Voice:
    return console.voice if isinstance(console, Terminal) else str


def wrapped(text: str, console: Console) -> str:
    """Break lines between words where a terminal would break within them.

    What no person looks at, a file or a pipe, has a line for each line.
    """
    return broken(text, max(20, console.width)) if console.is_terminal else text


def broken(text: str, width: int) -> str:
    """Break lines of more than so many columns between words.

    Words that are longer than a line, a path for example, stay whole, and so does what no-break spaces hold together.
    """
    return "\n".join(_broken(line, width) for line in text.split("\n"))


def _broken(line: str, width: int) -> str:
    if cell_len(line) <= width:
        return line
    rest = line.lstrip(" ")
    indent = line[: len(line) - len(rest)]
    lines = [indent]
    for number, word in enumerate(rest.split(" ")):
        longer = f"{lines[-1]} {word}" if number else lines[-1] + word
        lines[-1:] = [longer] if cell_len(longer) <= width or not number else [lines[-1], indent + word]
    return "\n".join(lines)


def show(console: Console, what: RenderableType) -> None:
    """Print a table or the like on any console; that it cannot be written to is no reason to stop."""
    with suppress(*FAILURES):
        console.print(what, highlight=False)


def literal(text: str) -> Text:
    """Return a text, of a table's cell for example, in which nothing is markup."""
    return Text(clean(text))


@contextmanager
def printing(voice: Voice = str) -> Iterator[Terminal]:
    """Give standard output, for what a command is there to print; `voice` is that of `Terminal`.

    Raises:
        FaussaireError: it could not be written; that its reader has seen enough (`| head`) is no error.
    """
    console = Terminal(voice=voice)
    yield console
    error = failure(console)
    if error is not None and not isinstance(error, BrokenPipeError):
        raise FaussaireError(f"cannot write to standard output: {getattr(error, 'strerror', None) or error}")


@contextmanager
def waiting(console: Console, words: str) -> Iterator[Callable[[str], None]]:
    """Show in a terminal or a notebook that something takes a while, and give what changes the words; they are told."""
    in_cell = isinstance(console, Terminal) and not console.quiet and notebook.in_notebook()
    place = notebook.Place()
    live = Live(console=console, auto_refresh=False, transient=True)  # no thread, whose errors nobody would catch
    shown_at = 0.0

    def change(words: str) -> None:
        nonlocal shown_at
        if time.monotonic() - shown_at >= CHANGE_SECONDS:
            with suppress(*FAILURES):
                told = clean(_voice_of(console)(words))
                if in_cell:
                    place.put(notebook.text(told))
                else:
                    live.update(Text(told), refresh=True)
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
