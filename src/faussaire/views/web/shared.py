"""What every part of the application has at hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from faussaire.runs.folder import RunFolder
from faussaire.runs.history import History
from faussaire.views.web.api.generators import Generators
from faussaire.views.web.api.made import Pages
from faussaire.views.web.api.seats import Seats
from faussaire.views.web.library import Library

MAX_STREAMS = 64  # browsers that follow a run at the same time


@dataclass(eq=False)
class Shared:
    """The state of one application; nothing of it outlives the process."""

    library: Library
    title: str = ""
    """Of the page "this does not exist", where one was given."""

    generators: Generators = field(default_factory=Generators)
    histories: dict[Path, History] = field(default_factory=dict)
    """Of the runs that somebody has looked at."""

    seats: Seats = field(default_factory=Seats)
    """Of those who follow runs."""

    pages: Pages = field(default_factory=Pages)
    """Pages that travel, made on demand."""

    closing: Callable[[], bool] = lambda: False
    """Whether the server is about to end, and whoever follows a run is to be let go."""

    def history(self, run: RunFolder) -> History:
        """Return the events of a run."""
        return self.histories.setdefault(run.path, History(run.events_file))


async def shared_by(request: Request) -> Shared:
    """Return what the application of a request shares; async, or it would cost a thread each time."""
    shared: Shared = request.app.state.shared
    return shared


SharedDep = Annotated[Shared, Depends(shared_by)]
