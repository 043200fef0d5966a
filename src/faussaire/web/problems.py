"""Errors as `application/problem+json` (RFC 9457): what is wrong, in a sentence, and nothing about the inside."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from faussaire.errors import CheckpointError, FaussaireError, RequestError


def problem(status: int, detail: str) -> JSONResponse:
    """Return the answer to a request that failed."""
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    headers = {"Retry-After": "1"} if status == 503 else None
    return JSONResponse(content, status_code=status, media_type="application/problem+json", headers=headers)


def install(app: FastAPI) -> None:
    """Answer what is no fault of ours in form, and what is a bug, by a problem; see `app` for the other errors."""
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(Exception, on_bug)


def status_of(error: FaussaireError | HTTPException) -> int:
    """Return the status of the answer to an error."""
    if isinstance(error, HTTPException):
        return error.status_code
    return error.status if isinstance(error, RequestError) else 500 if isinstance(error, CheckpointError) else 422


async def on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    said = [f"{'.'.join(map(str, e['loc'][1:])) or 'request'}: {e['msg'].lower()}" for e in error.errors()]
    return problem(422, "; ".join(said))


async def on_bug(request: Request, error: Exception) -> Response:
    return problem(500, "this should not have happened; the server's log says more")
