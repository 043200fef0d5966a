"""The clock of a run: time in which the whole process stands still does not count.

A training that is suspended (Ctrl-Z, SIGSTOP, a closed laptop, a frozen container) must not lose its time budget to
that. Whoever asks for the time looks at the clock, and so does a thread, four times a second. Where nobody has looked
for longer than COUNTED_SECONDS, no part of the process ran: of such a gap only so much counts. A slow disk or a step of
a minute leaves the thread awake, so it counts whole, and so does a computation that holds Python's lock: what the
processor spent on this process was work.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

BEAT_SECONDS = 0.25
COUNTED_SECONDS = 1.0


class RunClock:
    """Counts the seconds since `started`. Use it as a context manager: the thread lives as long.

    Args:
        started: where `now` stood at 0; now if not given.
        now: the clock on the wall, in seconds.
        worked: seconds of processor time that this process has taken.
    """

    def __init__(
        self,
        started: float | None = None,
        *,
        now: Callable[[], float] = time.monotonic,
        worked: Callable[[], float] = time.process_time,
    ) -> None:
        self._now, self._worked = now, worked
        self._seen_at, self._worked_before = now(), worked()
        self._origin = self._seen_at if started is None else started
        self._one_at_a_time = threading.Lock()
        self._over = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._beat, name="clock of the run", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()

    def seconds(self) -> float:
        """Return the time since the start, less all in which the process stood still and all that was left out."""
        with self._one_at_a_time:
            now, worked = self._now(), self._worked()
            counted = max(COUNTED_SECONDS, worked - self._worked_before)
            self._origin += max(0.0, now - self._seen_at - counted)
            self._seen_at, self._worked_before = now, worked
            return now - self._origin

    def leave_out(self, seconds: float) -> None:
        """Let `seconds` that have passed not count."""
        with self._one_at_a_time:
            self._origin += seconds

    def _beat(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            self.seconds()
