"""Files fetched over http and https, as a whole or not at all.

A server that is busy, or a connection that breaks, is tried again after a while, from the byte where it broke off if
the file is still the same one there. An answer that is shorter than it said is no file. A host that has failed time
and again is tried but once a file from then on, so that a list of dead links ends.
"""

from __future__ import annotations

import http.client
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import urlsplit

from faussaire.data.sources.files import MAX_FILE_BYTES, too_large

TRIES = 4
"""At most so many requests for one file."""

_SECONDS = 20.0  # that a server may be silent
_WAIT_SECONDS = 0.3  # before the second try, then twice that, …
_WAIT_MOST_SECONDS = 10.0  # where the server says when to come again
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})  # answers that may be another one later
_HOPELESS = 5  # files in a row that a host failed to give after all tries
_BLOCK_BYTES = 2**20


class Unfinished(OSError):
    """The try failed, and another one may not; `wait_seconds` is what the server asks for."""

    def __init__(self, why: str, wait_seconds: float = 0.0) -> None:
        super().__init__(None, why)
        self.wait_seconds = wait_seconds


@dataclass
class _Part:
    """What has come of a file so far."""

    data: bytearray = field(default_factory=bytearray)

    version: str = ""
    """What tells this state of the file from others, as the server names it; empty where it does not."""


class Downloads:
    """Fetches files, from any thread."""

    def __init__(self) -> None:
        self._failed: Counter[str] = Counter()
        self._lock = threading.Lock()

    def fetch(self, url: str) -> bytes:
        """Return the content of a file.

        Raises:
            OSError: it cannot be had; the message says why in words.
            ValueError: it is too large.
        """
        host = urlsplit(url).netloc
        tries = 1 if self._failed[host] >= _HOPELESS else TRIES
        part = _Part()
        for number in range(1, tries + 1):
            try:
                data = self._try(url, part)
            except Unfinished as error:
                if number == tries:
                    with self._lock:
                        self._failed[host] += 1
                    raise OSError(None, f"could not be fetched: {error.strerror}") from error
                time.sleep(min(_WAIT_MOST_SECONDS, max(error.wait_seconds, _WAIT_SECONDS * 2 ** (number - 1))))
            else:
                with self._lock:
                    self._failed[host] = 0
                return data
        raise AssertionError("unreachable")

    def _try(self, url: str, part: _Part) -> bytes:
        """Ask for what is still missing.

        Raises:
            Unfinished: not all of it came. OSError: it never will. ValueError: it is too large.
        """
        headers = {"User-Agent": "faussaire"}
        if part.data and part.version:
            headers |= {"Range": f"bytes={len(part.data)}-", "If-Range": part.version}
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=_SECONDS) as answer:
                self._take(answer, part)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 416:  # nothing follows: it has become shorter
                part.data.clear()
            if error.code in _BUSY or error.code == 416:
                raise Unfinished(f"{error.code} {error.reason}", _seconds(error.headers)) from error
            raise OSError(None, f"could not be fetched: {error.code} {error.reason}") from error
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, Unfinished):
                raise
            reason = getattr(error, "reason", None) or error
            raise Unfinished(" ".join(str(reason).split())[:100] or type(error).__name__) from error
        except UnicodeError as error:  # a host that cannot be one
            raise OSError(None, f"could not be fetched: {error}") from error
        return bytes(part.data)

    def _take(self, answer: Any, part: _Part) -> None:
        """Add an answer to what has come before, or begin anew where it is not the rest of that."""
        headers, partial = getattr(answer, "headers", {}), getattr(answer, "status", 200) == 206  # not all have them
        if not (partial and _continues(headers, part)):
            part.data.clear()
        begin = len(part.data)
        if partial and begin == 0:
            raise Unfinished("the server sent another part than was asked for")
        expected, version = headers.get("Content-Length"), headers.get("ETag", "")
        part.version = "" if version.startswith("W/") else version or headers.get("Last-Modified", "")
        while block := answer.read(_BLOCK_BYTES):
            part.data += block
            if len(part.data) > MAX_FILE_BYTES:
                raise ValueError(too_large(len(part.data)))
        if expected is not None and expected.isdecimal() and len(part.data) - begin < int(expected):
            raise Unfinished(f"broken off after {len(part.data):,} of {begin + int(expected):,} bytes")


def _continues(headers: Mapping[str, str], part: _Part) -> bool:
    """Whether a partial answer begins where the last one ended."""
    return headers.get("Content-Range", "").startswith(f"bytes {len(part.data)}-")


def _seconds(headers: Message) -> float:
    """Return how long a busy server asks to be left alone; 0 where it does not say, or by a date."""
    text = headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else 0.0
