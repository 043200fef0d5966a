"""`/api/runs/{id}/page`: the generator as one HTML file."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from faussaire.core.errors import CheckpointError, ConfigError, RequestError
from faussaire.modalities import modality
from faussaire.runs.folder import RunFolder
from faussaire.views.web.shared import SharedDep

router = APIRouter(prefix="/api/runs", tags=["exports"])


class Wishes(BaseModel):
    """How the page shall be."""

    model_config = ConfigDict(extra="forbid")

    with_reals: bool = False
    """Put some of the real images into it, for the quiz."""


@router.post("/{run_id}/page", response_class=Response, responses={200: {"content": {"text/html": {}}}})
async def make_page(shared: SharedDep, run_id: str, wishes: Wishes) -> Response:
    """Make one HTML file that makes samples by itself, to be saved; it takes some seconds."""
    run = shared.library.run(run_id)
    if not is_shown_by_pages(run):
        raise RequestError(409, "a page cannot show what this run makes")
    if wishes.with_reals and not has_reals(run):
        raise RequestError(409, "this run has no picture of its real samples: it needs the folder of a training")
    content = await shared.pages.of(run, with_reals=wishes.with_reals)
    return Response(
        content, media_type="text/html", headers={"Content-Disposition": 'attachment; filename="page.html"'}
    )


def is_shown_by_pages(run: RunFolder) -> bool:
    """Say whether a page can show what a run makes."""
    try:
        return bool(modality(run.read_json(run.config)["spec"]["modality"]).script_in)
    except (
        CheckpointError,
        ConfigError,
        KeyError,
        TypeError,
    ):  # it is no JSON, not that of a run, or of a kind that is not known
        return False


def has_reals(run: RunFolder) -> bool:
    """Say whether a run keeps a picture of its real images."""
    path = run.path / "reals.png"
    return path.is_file() and run.holds(path)
