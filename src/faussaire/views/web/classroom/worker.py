"""A thread that does a piece of work again and again, until it is told to end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from faussaire.core.errors import FaussaireError


class Worker:
    """Does `work` every so many seconds; what goes wrong in it is logged, and it is tried again.

    Args:
        name: of the thread.
        work: one piece of it.
        every_seconds: between the end of a piece and the beginning of the next.
    """

    def __init__(self, name: str, work: Callable[[], None], *, every_seconds: float) -> None:
        self.ended = threading.Event()
        """Set as soon as it shall end: a long piece of work looks at it."""
        self._work, self._seconds = work, every_seconds
        self._thread = threading.Thread(target=self._go_on, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Tell it to end, and wait until it has."""
        self.ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _go_on(self) -> None:
        while not self.ended.wait(self._seconds):
            try:
                self._work()
            except (FaussaireError, OSError) as error:
                logging.getLogger("uvicorn.error").error("%s", error)
