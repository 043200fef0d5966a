"""Errors as `application/problem+json` (RFC 9457): what is wrong, in a sentence, and nothing about the inside."""

from __future__ import annotations

import logging
from functools import lru_cache
from http import HTTPStatus

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from faussaire.core.errors import FaussaireError, RequestError


def problem(status: int, detail: str) -> JSONResponse:
    """Return the answer to a request that failed."""
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    headers = {"Retry-After": "1"} if status == 503 else None
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


def said_of(error: Exception) -> str:
    """Return what is told of an error, in a sentence.

    Errors of the package name files of this machine, which is nobody's business but of who has started the server:
    they are logged, each once.
    """
    if isinstance(error, HTTPException):
        return str(error.detail)
    if isinstance(error, RequestError):
        return str(error)
    if isinstance(error, RequestValidationError):
        return "; ".join(f"{'.'.join(map(str, e['loc'][1:])) or 'request'}: {e['msg'].lower()}" for e in error.errors())
    if isinstance(error, FaussaireError):
        _log(str(error))
        return "a file of this run is damaged or cannot be read; the terminal of the server says which"
    return "this should not have happened; the server's log says more"


@lru_cache(256)
def _log(text: str) -> None:
    logging.getLogger("uvicorn.error").error(text)
