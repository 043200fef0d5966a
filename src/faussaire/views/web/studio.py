"""What every part of the application has at hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from faussaire.runs.folder import RunFolder
from faussaire.views.web.history import History
from faussaire.views.web.library import Library
from faussaire.views.web.models import Models
from faussaire.views.web.places import Places

MAX_STREAMS = 64  # browsers that follow a run at the same time


@dataclass(eq=False)
class Studio:
    """The state of one application; nothing of it outlives the process."""

    library: Library
    models: Models = field(default_factory=Models)
    histories: dict[Path, History] = field(default_factory=dict)
    """Of the runs that somebody has looked at."""

    places: Places = field(default_factory=Places)
    """Of those who follow runs."""

    closing: Callable[[], bool] = lambda: False
    """Whether the server is about to end, and whoever follows a run is to be let go."""

    def history(self, run: RunFolder) -> History:
        """Return what was told of a run."""
        return self.histories.setdefault(run.path, History(run.events_file))


async def studio_of(request: Request) -> Studio:
    """Return the studio of the application that a request came to; async, or it would cost a thread each time."""
    studio: Studio = request.app.state.studio
    return studio


StudioDep = Annotated[Studio, Depends(studio_of)]
