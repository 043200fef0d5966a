"""An event, the line of events.jsonl that holds it, and how to follow that file while it grows.

An event is one line of JSON with `kind`, `nimg`, `time` (Unix seconds) and `data`. Lines are only ever appended; one
that was torn by a kill is passed over. Lines are numbered from 1, and a reader is wherever its last whole line ended.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

PLAN_KINDS = ("plan", "config", "resumed")  # true for good, wherever training is resumed
PIECE_BYTES = 1 << 16  # read at a time: what a slow reader has in memory
MARK_BYTES = 64


HEAD = re.compile(rb'\{"kind": "(\w+)", "nimg": (\d+), "time": ')  # how `line_of` begins a line


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened in a run."""

    kind: str
    """config, plan, stats, judged, samples, score, verdict, checkpoint, paused, continued, stopped, resumed,
    rolled_back, diverged, warning, done."""

    nimg: int
    time: float
    data: dict[str, Any] = field(default_factory=dict)


def line_of(event: Event) -> bytes:
    """Write an event as a line.

    Half a character, which the name of a file may hold, becomes its JSON escape.

    Raises:
        ValueError: a number is not finite, for which JSON has no word.
    """
    return f"{json.dumps(asdict(event), ensure_ascii=False, allow_nan=False)}\n".encode(errors="backslashreplace")


def kind_of(line: bytes) -> str | None:
    """Return the kind of a line that `line_of` wrote, without parsing it; None of any other line."""
    head = HEAD.match(line)
    return head[1].decode() if head else None


def parse(line: bytes) -> Event | None:
    """Return the event of a line; None where it was torn, or is none."""
    try:
        event = Event(**json.loads(line))
    except (ValueError, TypeError, RecursionError):
        return None
    whole = isinstance(event.kind, str) and isinstance(event.nimg, int) and isinstance(event.data, dict)
    return event if whole and isinstance(event.time, int | float) else None


@dataclass(frozen=True)
class Position:
    """A position in the file: after so many lines, which take so many bytes."""

    line: int = 0
    offset: int = 0
    mark: bytes = b""
    """The last of these bytes, by which the file is known again."""

    def after(self, whole_lines: bytes) -> Position:
        """Return the position after some more lines."""
        mark = (self.mark + whole_lines[-MARK_BYTES:])[-MARK_BYTES:]
        return Position(self.line + whole_lines.count(b"\n"), self.offset + len(whole_lines), mark)


class Follower:
    """Reads a growing file of lines.

    Args:
        path: the file, which may not be there yet.
        after: lines that the reader has already.
        start: a position no later than these, to begin at; the beginning of the file if not given.
    """

    def __init__(self, path: Path, after: int = 0, *, start: Position | None = None) -> None:
        self.path = path
        self.position = start or Position()
        self._after = after

    @property
    def line(self) -> int:
        """How many lines were read or passed over."""
        return self.position.line

    def new_lines(self, piece_bytes: int = PIECE_BYTES) -> list[bytes]:
        """Return the next whole lines, without their newlines: about as many bytes as asked for, or none.

        Raises:
            EOFError: the file is not the one that was read before.
        """
        try:
            file = self.path.open("rb")
        except OSError:
            if self.position.offset:
                raise EOFError(f"{self.path} is no longer there") from None
            return []
        position = self.position
        with file:
            if os.fstat(file.fileno()).st_size == position.offset:
                return []
            file.seek(position.offset - len(position.mark))
            content = file.read(len(position.mark) + piece_bytes)
            content += file.readline() if len(content) == len(position.mark) + piece_bytes else b""
        if not content.startswith(position.mark) or len(content) <= len(position.mark):
            raise EOFError(f"{self.path} was begun anew")
        whole = content[len(position.mark) : content.rfind(b"\n") + 1]
        self.position = position.after(whole)
        return whole.split(b"\n")[:-1]

    def new_events(self) -> list[tuple[int, Event]]:
        """Return the next events with the numbers of their lines; torn lines are counted and left out.

        An empty list means that there is nothing new only where `line` has not grown either.

        Raises:
            EOFError: the file is not the one that was read before.
        """
        first = self.position.line + 1
        numbered = enumerate(self.new_lines(), first)
        return [(line, event) for line, text in numbered if line > self._after and (event := parse(text))]
