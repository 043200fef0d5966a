"""What every part of the application has at hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from faussaire.web.library import Library
from faussaire.web.models import Models

MAX_STREAMS = 64  # browsers that follow a run at the same time


@dataclass(eq=False)
class Studio:
    """The state of one application; nothing of it outlives the process."""

    library: Library
    models: Models = field(default_factory=Models)
    streams: int = 0
    closing: Callable[[], bool] = lambda: False
    """Whether the server is about to end, and whoever follows a run is to be let go."""


def studio_of(request: Request) -> Studio:
    """Return the studio of the application that a request came to."""
    studio: Studio = request.app.state.studio
    return studio


StudioDep = Annotated[Studio, Depends(studio_of)]
