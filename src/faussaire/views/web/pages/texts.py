"""The words of the pages, in English and in French: one TOML file a language, the same names in both.

Which language: what the address says (`?lang=fr`), else what was chosen before (a cookie), else what the browser asks
for, else English.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.requests import Request

LANGUAGES = {"en": "English", "fr": "Français"}
COOKIE = "lang"


@cache
def texts(language: str) -> dict[str, Any]:
    """Return every text of a language, by section and name."""
    return tomllib.loads(files("faussaire.views.web.pages").joinpath("texts", f"{language}.toml").read_text("utf-8"))


@cache
def problems_in_french() -> dict[str, str]:
    """Return the sentences about what went wrong in French, by those in English."""
    return tomllib.loads(files("faussaire.views.web.pages").joinpath("texts", "problems.toml").read_text("utf-8"))


def language_of(request: Request) -> str:
    """Return the language for a request."""
    for wanted in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if wanted in LANGUAGES:
            return wanted
    return preferred(request.headers.get("accept-language", ""))


def preferred(header: str) -> str:
    """Return the language that an Accept-Language header (RFC 9110, section 12.5.4) likes best.

    >>> preferred("de, fr-CA;q=0.8, en;q=0.5")
    'fr'
    """
    best, weight = "en", 0.0
    for part in header[:500].split(","):
        tag, _, parameter = part.strip().partition(";")
        try:
            quality = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        language = tag.split("-")[0].lower()
        if language in LANGUAGES and quality > weight:
            best, weight = language, quality
    return best
