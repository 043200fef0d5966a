"""The page among those of the studio, and the application that serves it alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from faussaire.views.web.playground.document import document, policy

if TYPE_CHECKING:
    from fastapi import FastAPI

router = APIRouter(include_in_schema=False)


@router.get("/playground")
async def show() -> HTMLResponse:
    """Show the game; all that happens in it happens in the browser."""
    return HTMLResponse(document(), headers={"Content-Security-Policy": f"{policy()}; frame-ancestors 'none'"})


def create_playground() -> FastAPI:
    """Make an application that serves the game, under any name, and nothing else."""
    from faussaire.views.web.app import bare_app

    app = bare_app(None, described=False)
    app.include_router(router)
    app.get("/", include_in_schema=False)(show)
    return app
