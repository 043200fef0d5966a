"""The application: which address answers what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.resources import as_file, files
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from faussaire import __version__
from faussaire.core.errors import FaussaireError
from faussaire.views.web.api import explore, exports, generate, runs
from faussaire.views.web.api.made import Pages
from faussaire.views.web.library import Library
from faussaire.views.web.pages import public
from faussaire.views.web.pages import routes as pages
from faussaire.views.web.pages.render import page, static_version
from faussaire.views.web.pages.texts import language_of
from faussaire.views.web.playground import routes as playground
from faussaire.views.web.quiz import routes as quiz
from faussaire.views.web.server import problems
from faussaire.views.web.server.guard import Guard
from faussaire.views.web.server.hosts import HostNames
from faussaire.views.web.shared import MAX_STREAMS, Shared

DESCRIPTION = f"""Samples of trained generators, and what happened while they were trained.

Limits: {generate.MAX_N} samples and {generate.MAX_NUMBERS:,} numbers an answer; {MAX_STREAMS} followers of
events; bodies of 16 KB. Errors are `application/problem+json`. The same seed gives the same bytes from the same
generator."""

# FastAPI has traces, metrics and logs for OpenTelemetry built in, on unless they are named here; nobody is told.
NO_TELEMETRY: Any = {
    **dict.fromkeys(("tracing", "metrics", "logs", "operation_spans", "auto_configure"), False),
    "exclude": lambda scope: True,
}


def create_app(
    library: Library,
    *,
    public_only: bool = False,
    host: str = "127.0.0.1",
    names: Sequence[str] = (),
    title: str = "",
) -> FastAPI:
    """Make the application.

    Args:
        library: the runs that it serves.
        public_only: serve the page "this does not exist" of the only run, and nothing else, under any name.
        host: the address that it will listen on.
        names: under which it is reached, besides those of its machine.
        title: of the page "this does not exist", here and where it is made to be taken away, if not its own.
    """
    app = bare_app(None if public_only else HostNames(host, names), described=not public_only)
    app.state.shared = Shared(library, title=title, pages=Pages(title), closing=lambda: app.state.closing())
    if public_only:
        app.include_router(public.router)
    else:
        for part in (generate, runs, explore, exports, quiz, playground, pages):
            app.include_router(part.router)
        app.include_router(public.router, prefix="/runs/{run_id}/visit")
    return app


def bare_app(names: HostNames | None, *, described: bool) -> FastAPI:
    """Make an application that answers nothing yet but by errors and the files of the pages.

    Args:
        names: those that it answers to; None for any.
        described: whether it describes its API.
    """
    app = FastAPI(
        title="faussaire",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
        openapi_url="/api/openapi.json" if described else None,
        middleware=[Middleware(Guard, names=names)],
        telemetry=NO_TELEMETRY,
    )
    closing: Callable[[], bool] = lambda: False  # noqa: E731, whether the server is about to end
    app.state.closing = closing
    for kind in (FaussaireError, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, _on_error)
    app.get("/static/{version}/{name}", include_in_schema=False)(static)
    return app


async def static(version: str, name: str) -> Response:
    """Return a file of the pages, or plotly's own script out of its package."""
    folder = files("faussaire.views.web.pages").joinpath("static")
    found = {path.name: path for path in folder.iterdir()}
    found["plotly.min.js"] = files("plotly").joinpath("package_data", "plotly.min.js")
    if name not in found or version != static_version():
        raise HTTPException(404)
    with as_file(found[name]) as path:
        return FileResponse(path, headers={"Cache-Control": "public, max-age=31536000, immutable"})


async def _on_error(request: Request, error: Exception) -> Response:
    """Answer a program by a problem, and a person by a page."""
    status, said = problems.status_of(error), problems.said_of(error, language_of(request))
    if "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/"):
        return page(request, "error.html.j2", status=status, code=status, detail=said)
    return problems.problem(status, said)
