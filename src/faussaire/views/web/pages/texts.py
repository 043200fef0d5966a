"""In which language a page is.

What the address says (`?lang=fr`), else what was chosen before (a cookie), else what the browser asks for, else
English.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faussaire.views import words
from faussaire.views.words import LANGUAGES

if TYPE_CHECKING:
    from starlette.requests import Request

COOKIE = "lang"


def texts(language: str) -> dict[str, Any]:
    """Return every text of the pages in a language, by section and name."""
    content: dict[str, Any] = words.texts(language)["pages"]
    return content


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
