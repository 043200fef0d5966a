"""Errors as `application/problem+json` (RFC 9457): what is wrong, in a sentence, and nothing about the inside.

The sentences stand in English where the errors are raised; `views/texts/sentences` has each in French.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from http import HTTPStatus

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from faussaire.core.errors import FaussaireError, RequestError
from faussaire.views.numbers import Numbers
from faussaire.views.words import sentences_in_french

DAMAGED = "a file of this run is damaged or cannot be read; the terminal of the server says which"
BUG = "this should not have happened; the server's log says more"
REFUSED = "{fields}: no such value is possible here"


def problem(status: int, detail: str) -> JSONResponse:
    """Return the answer to a request that failed."""
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    headers = {"Retry-After": "1"} if status in (429, 503) else None
    return JSONResponse(content, status_code=status, media_type="application/problem+json", headers=headers)


def status_of(error: Exception) -> int:
    """Return the status of the answer to an error."""
    if isinstance(error, HTTPException):
        return error.status_code
    if isinstance(error, RequestError):
        return error.status
    if isinstance(error, RequestValidationError):
        return 422
    return 409 if isinstance(error, FaussaireError) else 500  # a run is not as it should be; a bug


def said_of(error: Exception, language: str) -> str:
    """Return what is told of an error, in a sentence.

    Errors of the package name files of this machine, which is nobody's business but of who has started the server:
    they are logged, each once.
    """
    if isinstance(error, HTTPException):
        return in_language(language, str(error.detail))
    if isinstance(error, RequestError):
        return in_language(language, error.template, **error.values)
    if isinstance(error, RequestValidationError):
        if language == "en":
            return "; ".join(f"{_field(found['loc'])}: {found['msg'].lower()}" for found in error.errors())
        return in_language(language, REFUSED, fields=", ".join(_field(found["loc"]) for found in error.errors()))
    if isinstance(error, FaussaireError):
        _log(str(error))
        return in_language(language, DAMAGED)
    return in_language(language, BUG)


def in_language(language: str, template: str, **values: str | float) -> str:
    """Return a sentence with its values, in the language of a reader; in English where there is no other."""
    if language == "fr":
        template = sentences_in_french().get(template, template)
    numbers = Numbers(language)
    shown = {
        name: value if isinstance(value, str) else numbers.count(value, 0 if value == int(value) else 1)
        for name, value in values.items()
    }
    return template.format(**shown)


def _field(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location[1:])) or "request"


@lru_cache(256)
def _log(text: str) -> None:
    logging.getLogger("uvicorn.error").error(text)
