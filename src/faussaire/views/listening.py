"""What shows a training as it goes: it hears the events of the run, and what fails in it is told to the run alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from faussaire.core.terminal import FAILURES, clean
from faussaire.runs.events import Event
from faussaire.runs.folder import RunFolder
from faussaire.views.words import Words


class Listener(ABC):
    """Shows the events of a run as they come. Use it as a context manager around the training.

    Args:
        run: the folder whose events are shown.
        title: one line on what is trained.
        words: in which language.
    """

    def __init__(self, run: RunFolder, *, title: str, words: Words) -> None:
        self.run, self.words = run, words
        self.title = clean(words.said(title))

    def __enter__(self) -> Self:
        self.run.listeners.append(self.show)
        try:
            self.start()
        except FAILURES as error:
            self.run.give_up(self.show, error)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.show in self.run.listeners:
            self.run.listeners.remove(self.show)
        self.stop()

    @abstractmethod
    def start(self) -> None:
        """Show what there is before the first event."""

    @abstractmethod
    def show(self, event: Event) -> None:
        """Take in one event."""

    def stop(self) -> None:
        """Leave what was shown last; a failure here is nobody's."""
        return
