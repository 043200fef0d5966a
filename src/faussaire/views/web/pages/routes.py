"""The pages of the studio. Each holds what does not change; what does comes by events, in the browser."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache
from importlib.resources import files
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from faussaire.core.errors import CheckpointError, RequestError
from faussaire.core.suggestions import typed
from faussaire.runs.standing import LEARNING
from faussaire.views.verdict import data_of, in_words, verdict_on
from faussaire.views.web.api.exports import has_reals, is_shown_by_pages
from faussaire.views.web.api.generators import written
from faussaire.views.web.api.runs import described
from faussaire.views.web.pages.figures import evaluated
from faussaire.views.web.pages.render import page
from faussaire.views.web.pages.texts import language_of
from faussaire.views.web.shared import SharedDep

router = APIRouter(include_in_schema=False)


@router.get("/")
def index(request: Request, shared: SharedDep) -> Response:
    """Show the runs, or the only one at once."""
    runs = shared.library.runs()
    if len(runs) == 1:
        return RedirectResponse(f"/runs/{quote(next(iter(runs)), safe='')}", status_code=307)
    return page(request, "index.html.j2", runs=[described(shared, run_id) for run_id in runs])


@router.get("/runs/{run_id}")
def live(request: Request, shared: SharedDep, run_id: str) -> Response:
    """Show a run as it learns."""
    run, place = shared.library.run(run_id), shared.library.place(run_id)
    _, events = shared.history(run).read()
    return page(
        request,
        "live.html.j2",
        run=described(shared, run_id),
        here="live",
        several=not shared.library.single,
        evaluated=evaluated(run),
        map_style=map_style(),
        place=typed(place),
        verdict=in_words(verdict_on(run, events), language_of(request), run=place, data=data_of(run)),
    )


@cache
def map_style() -> str:
    """Return the id of the style element that plotly adds for its maps, where there is none of that id.

    There are no maps here, and the content security policy lets no such element in: the page has an empty one.
    """
    script = files("plotly").joinpath("package_data", "plotly.min.js").read_text("utf-8")
    found = re.search(r'getElementById\("([0-9a-f]{64})"\)', script)
    return found[1] if found else "no-map-style"


@router.get("/runs/{run_id}/explore")
async def explore(request: Request, shared: SharedDep, run_id: str) -> Response:
    """Let somebody walk among the samples."""
    folder = shared.library.run(run_id)
    run = described(shared, run_id)
    z_dim, conditional, form = 0, False, None  # as long as there is no generator
    with suppress(RequestError, CheckpointError):
        generator = (await shared.generators.newest(folder)).generator
        z_dim, conditional = generator.z_dim, bool(generator.class_shares)
        form = generator.modality.shown_form
    several = not shared.library.single
    return page(
        request,
        "explore.html.j2",
        run=run,
        here="explore",
        several=several,
        ready=z_dim > 0,
        learning=run["state"] in LEARNING,
        z_dim=z_dim or "…",
        conditional=conditional,
        form=None if form is None else {"format": form.suffix[1:], "shown": form.shown.value},
    )


@router.get("/runs/{run_id}/quiz")
def quiz(request: Request, shared: SharedDep, run_id: str) -> Response:
    """Let somebody be the discriminator."""
    run = described(shared, run_id)
    return page(request, "quiz.html.j2", run=run, here="quiz", several=not shared.library.single)


@router.get("/runs/{run_id}/take")
def take(request: Request, shared: SharedDep, run_id: str) -> Response:
    """Say how a generator is taken elsewhere, and have its page made."""
    from faussaire.generation.export import exporters

    run = shared.library.run(run_id)
    try:
        ready = written(run) > 0
    except RequestError:
        ready = False
    return page(
        request,
        "take.html.j2",
        run=described(shared, run_id),
        here="take",
        several=not shared.library.single,
        ready=ready,
        paged=is_shown_by_pages(run),
        reals=has_reals(run),
        folder=typed(shared.library.place(run_id)),
        exports=sorted(  # what is made here comes first
            ((name, exporter.description) for name, exporter in exporters().items()), key=lambda way: way[0] != "page"
        ),
    )
