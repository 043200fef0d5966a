"""HTML of the pages by Jinja2, with everything escaped, in the reader's language."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from fastapi.responses import HTMLResponse
from jinja2 import Environment
from starlette.requests import Request

from faussaire import __version__
from faussaire.views.numbers import MINUS, Numbers
from faussaire.views.templating import environment
from faussaire.views.web.pages.texts import COOKIE, language_of, texts
from faussaire.views.words import LANGUAGES, Words

YEAR_SECONDS = 31_536_000


@cache
def templates() -> Environment:
    """Return the templates."""
    made = environment("faussaire.views.web.pages")
    made.globals["static"] = static_address
    return made


@cache
def static_version() -> str:
    """Return a short name of the static files as they are, so that a browser never mixes two versions."""
    digest = hashlib.sha256()
    for path in sorted(files("faussaire.views.web.pages").joinpath("static").iterdir(), key=lambda path: path.name):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def static_address(name: str) -> str:
    """Return the address of a static file."""
    return f"/static/{static_version()}/{name}"


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Render a page; a language chosen in the address is remembered by a cookie of the reader's browser."""
    language = language_of(request)
    html = (
        templates()
        .get_template(template)
        .render(
            t=texts(language),
            lang=language,
            languages=LANGUAGES,
            path=quote(request.scope["path"]),
            version=__version__,
            numbers=Numbers(language, MINUS),
            said=Words(language).said,
            **values,
        )
    )
    response = HTMLResponse(html, status_code=status)
    if request.query_params.get("lang") == language:
        response.set_cookie(COOKIE, language, max_age=YEAR_SECONDS, samesite="lax", httponly=True)
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Accept-Language, Cookie"
    return response
