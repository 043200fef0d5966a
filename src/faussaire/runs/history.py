"""The events of a run as it now stands, kept up with the file, in memory that does not grow with the run.

Of each kind the first is kept and every k-th after it, where k doubles whenever there are too many, and besides the
last ones without a gap: a week of 600,000 reports is 1,000 to 2,000 of them and the last 256. What is kept is a
function of the lines of the file and of nothing else: not of when the reader began, nor of how often it looked. A
line is told apart by its first bytes and only parsed when it is asked for, so that the 1.2 million lines of a week
are passed in about a second.

After a resume, what was told beyond the point of resumption happens again: the first telling is left out.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Iterable
from pathlib import Path

from faussaire.runs.events import HEAD, PLAN_KINDS, Event, Follower, Position, parse

MAX_REPORTS = 2_000  # of a curve: more than a screen has columns
MAX_OTHERS = 1_000
RECENT = 256  # last ones of a kind that are kept without a gap: more than are told between two checkpoints
ONLY_LAST = ("judged", "config")
SCAN_BYTES = 1 << 20  # read at a time
POSITION_EVERY = 4_096  # lines between two positions that are remembered

OFTEN = {b'{"kind": "stats",': "stats", b'{"kind": "judged"': "judged"}  # nearly all lines are of these
OFTEN_BYTES = 17

Numbered = tuple[int, bytes]
"""The number of a line, and the line."""


class Line:
    """A line that is kept: parsed only when somebody wants to know."""

    __slots__ = ("_event", "_text", "number", "ordinal")

    def __init__(self, number: int, ordinal: int, text: bytes) -> None:
        self.number, self.ordinal = number, ordinal
        self._text = text
        self._event: Event | None = None

    def event(self) -> Event | None:
        """Return the event, or None of a line that is none after all."""
        if self._text:
            self._event, self._text = parse(self._text), b""
        return self._event

    def told_by(self, nimg: int) -> bool:
        """Say whether it was told after `nimg` images or before."""
        head = HEAD.match(self._text)
        event = None if head else self.event()
        return int(head[2]) <= nimg if head else event is not None and event.nimg <= nimg


class Thinned:
    """The lines of one kind: evenly spaced ones, and the last.

    Args:
        most: evenly spaced ones to keep at most; 0 keeps the last ones only.
        recent: last ones to keep without a gap.
    """

    def __init__(self, most: int, recent: int) -> None:
        self.count = 0
        self.stride = 1
        self._most = most
        self._even: list[Line] = []
        self._recent: deque[Line] = deque(maxlen=recent)

    def extend(self, new: list[Numbered]) -> None:
        """Take in the next lines."""
        last = self._recent.maxlen or 0
        at = -self.count % self.stride if self._most else len(new)
        while at < len(new):
            number, text = new[at]
            self._even.append(Line(number, self.count + at, text))
            if len(self._even) == self._most:
                del self._even[1::2]
                self.stride *= 2
            at += 1 + -(self.count + at + 1) % self.stride
        begin = max(0, len(new) - last)
        self._recent.extend(Line(number, self.count + i, text) for i, (number, text) in enumerate(new[begin:], begin))
        self.count += len(new)

    def forget_beyond(self, nimg: int) -> None:
        """Leave out what happens again."""
        self._even = [line for line in self._even if line.told_by(nimg)]
        kept = [line for line in self._recent if line.told_by(nimg)]
        self._recent.clear()
        self._recent.extend(kept)
        self.count = 1 + max((line.ordinal for line in self.lines()), default=-1)

    def lines(self) -> list[Line]:
        """Return all that is kept, in order."""
        first = self._recent[0].number if self._recent else None
        return [*(line for line in self._even if first is None or line.number < first), *self._recent]

    def even(self) -> list[Line]:
        """Return evenly spaced ones, and the last."""
        last = list(self._recent)[-1:]
        return self._even + [line for line in last if not self._even or self._even[-1].number < line.number]


class History:
    """What a view shows of a run. Safe to use from several threads.

    Args:
        path: the events.jsonl, which may not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        self._follower = Follower(self.path)
        self._positions = [Position()]
        self._kinds = {"stats": Thinned(MAX_REPORTS, RECENT)} | {kind: Thinned(0, 1) for kind in ONLY_LAST}

    def read(self) -> tuple[int, list[Event]]:
        """Read what is new; return how many lines there are, and the events that are kept, in order."""
        with self._lock:
            self._catch_up()
            lines = [line for kind in self._kinds.values() for line in kind.lines()]
            return self._follower.line, _events(sorted(lines, key=lambda line: line.number))

    def curve(self) -> tuple[list[Event], int, int]:
        """Read what is new; return evenly spaced reports and the last, one in how many they are, and of how many."""
        with self._lock:
            self._catch_up()
            stats = self._kinds["stats"]
            return _events(stats.even()), stats.stride, stats.count

    def position_before(self, line: int) -> Position:
        """Return a position shortly before the end of a line, where a `Follower` may start."""
        with self._lock:
            return next((position for position in reversed(self._positions) if position.line <= line), Position())

    def _catch_up(self) -> None:
        try:
            self._read_on()
        except EOFError:
            self._begin()
            self._read_on()

    def _read_on(self) -> None:
        while lines := self._follower.new_lines(SCAN_BYTES):
            self._take(self._follower.line - len(lines), lines)
            if self._follower.line - self._positions[-1].line >= POSITION_EVERY:
                self._positions.append(self._follower.position)

    def _take(self, number: int, lines: list[bytes]) -> None:
        """Sort lines by kind; the first of them comes after line `number`."""
        found: dict[str, list[Numbered]] = defaultdict(list)
        often = OFTEN.get
        for text in lines:
            number += 1
            if (kind := often(text[:OFTEN_BYTES])) and text.endswith(b"}}"):
                found[kind].append((number, text))
            elif event := parse(text):
                if event.kind == "resumed":
                    self._keep(found)
                    self._forget_beyond(event.nimg)
                    found = defaultdict(list)
                found[event.kind].append((number, text))
        self._keep(found)

    def _keep(self, found: dict[str, list[Numbered]]) -> None:
        for kind, lines in found.items():
            if kind not in self._kinds:
                self._kinds[kind] = Thinned(MAX_OTHERS, RECENT)
            self._kinds[kind].extend(lines)

    def _forget_beyond(self, nimg: int) -> None:
        for kind, kept in self._kinds.items():
            if kind not in PLAN_KINDS:
                kept.forget_beyond(nimg)


def _events(lines: Iterable[Line]) -> list[Event]:
    return [event for line in lines if (event := line.event())]
