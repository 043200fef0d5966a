"""How a process is asked to end: by Ctrl-C, by SIGTERM, or by SIGHUP as its terminal closes (Windows has no such).

Before and after training a signal ends the command, and what it holds is let go of; while it trains, the signal is
noted, and training saves first. What this process was started to ignore stays ignored: `nohup` asks for just that.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Ended(KeyboardInterrupt):
    """A signal other than Ctrl-C asks the process to end."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def exit_code(interrupt: KeyboardInterrupt) -> int:
    """Return what a process ends with that a signal has ended: 128 and its number, by the custom of shells."""
    return 128 + (interrupt.number if isinstance(interrupt, Ended) else signal.SIGINT)


def raise_signals() -> None:
    """Let every signal of ENDING raise `Ended` once, as Ctrl-C raises KeyboardInterrupt; the second one kills."""

    def end(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        raise Ended(number)

    for number in ENDING:
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, end)


@contextmanager
def noted_signals(*, patient: bool = False) -> Iterator[Callable[[], int | None]]:
    """Take note of the first signal of ENDING instead of dying of it; the second one works as ever.

    Where it is to be `patient` it never does: torchrun passes on what the terminal has sent already.

    Gives a function that returns the number of the signal, or None. Signals reach only the main thread: elsewhere
    nothing is changed.
    """
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    handlers = {number: signal.getsignal(number) for number in ENDING}
    before = {number: handler for number, handler in handlers.items() if handler not in (signal.SIG_IGN, None)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(number: int, frame: FrameType | None) -> None:
        received.append(number)
        if not patient:
            restore()

    for number in before:
        signal.signal(number, note)
    try:
        yield lambda: received[0] if received else None
    finally:
        restore()
