"""What no request gets past: foreign hosts and sites, oversized bodies, and pages that load from elsewhere.

- A server answers to its own names alone (see `hosts`).
- A request that changes something must come from a page of this server: its Origin is compared with its Host, or where
  a browser sends none, Sec-Fetch-Site is looked at. Programs such as curl send neither and are let through.
- Every answer forbids the browser to load anything from anywhere else.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from faussaire.core.errors import RequestError
from faussaire.views.web.pages.texts import language_of
from faussaire.views.web.server.hosts import HostNames, name_in
from faussaire.views.web.server.problems import problem, said_of

MAX_BODY_BYTES = 16_384
BODY_SECONDS = 10
MAX_QUERY_BYTES = 8_192
OTHER_NAME_HERE = "this server answers to localhost; --name NAME adds another when it is started"
OTHER_NAME = (
    "this server answers to the names and addresses of its machine; --name NAME adds another when it is started"
)
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# plotly makes style elements that are empty and fills them by its own script, which is allowed; this is their hash.
EMPTY = base64.b64encode(hashlib.sha256(b"").digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; script-src 'self'; style-src 'self' 'sha256-{EMPTY}'; img-src 'self' data: blob:; "
        "media-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
"""What an answer has where it does not say otherwise itself: a page that stands alone has a stricter policy."""


class Guard:
    """Middleware around the application.

    Args:
        app: what it guards.
        names: those that the server answers to; None for any.
    """

    def __init__(self, app: ASGIApp, *, names: HostNames | None) -> None:
        self.app = app
        self.names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or hand on with a bounded body and strict headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_strictly(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(row for row in RAW_HEADERS if row[0] not in given)]
            await send(message)

        try:
            self._check(scope)
            if scope["method"] not in SAFE_METHODS:
                receive = await _read_whole(receive)
            await self.app(scope, receive, send_strictly)
        except RequestError as error:
            said = said_of(error, language_of(Request(scope)))
            await problem(error.status, said)(scope, receive, send_strictly)

    def _check(self, scope: MutableMapping[str, Any]) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        address = (scope.get("server") or ("",))[0]
        if self.names is not None and not self.names.hold(name_in(host), address):
            raise RequestError(421, OTHER_NAME_HERE if self.names.loopback else OTHER_NAME)
        if len(scope["query_string"]) > MAX_QUERY_BYTES:
            raise RequestError(414, "a query has at most {most} bytes", most=MAX_QUERY_BYTES)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            raise RequestError(413, "a body has at most {most} bytes", most=MAX_BODY_BYTES)
        if scope["method"] not in SAFE_METHODS:
            origin, site = headers.get("origin"), headers.get("sec-fetch-site", "same-origin")
            if site != "same-origin" or (origin is not None and urlsplit(origin).netloc != host):
                raise RequestError(403, "this request comes from another site")


async def _read_whole(receive: Receive) -> Receive:
    """Read a body before anybody else does, and refuse it beyond the limits, whatever its header promised."""
    body = b""
    more = True
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise RequestError(400, "the body of the request is not whole")
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > MAX_BODY_BYTES:
                    raise RequestError(413, "a body has at most {most} bytes", most=MAX_BODY_BYTES)
    except TimeoutError:
        raise RequestError(
            408, "the body of the request was not there within {seconds} seconds", seconds=BODY_SECONDS
        ) from None
    told = False

    async def receive_again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
