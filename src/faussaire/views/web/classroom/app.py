"""The application of a class: which address answers what."""

from __future__ import annotations

from fastapi import FastAPI

from faussaire.views.web.app import bare_app
from faussaire.views.web.classroom import routes, teacher
from faussaire.views.web.classroom.room import Room
from faussaire.views.web.server.hosts import HostNames


def create_class(room: Room, names: HostNames) -> FastAPI:
    """Make the application of a class, which answers to these names."""
    app = bare_app(names, described=False)
    app.state.room = room
    for router in (routes.pages, routes.router, teacher.guarded, teacher.router):
        app.include_router(router)
    return app
