"""What the tests of the studio share: a client of one application, and a run that grows line by line."""

from __future__ import annotations

import asyncio
import http.client
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from starlette.testclient import TestClient

from faussaire.views.web.app import create_app
from faussaire.views.web.library import Library

SHOWN = [
    ("/", "text/html"),
    ("/api/generate?n=9&seed=3", "image/png"),
    ("/api/latent?z=7.3", "image/png"),
    ("/api/walk?z=7.3&z=8.1&frames=8", "image/gif"),
    ("/api/nearest?z=7.3", "application/json"),
]
"""Addresses that answer for a run of any kind of data, and by what."""


def client_of(path: Path, *, public_only: bool = False, title: str = "") -> TestClient:
    """Return a client of the runs at `path`."""
    app = create_app(Library(path), public_only=public_only, title=title)
    return TestClient(app, base_url="http://127.0.0.1:8765", raise_server_exceptions=False)


def copy_of(run: Path, to: Path, *, lines: int | None = None) -> Path:
    """Copy a run to where it may be changed, with the first `lines` lines of its events."""
    shutil.copytree(run, to)
    if lines is not None:
        events = (run / "events.jsonl").read_bytes().splitlines(keepends=True)
        (to / "events.jsonl").write_bytes(b"".join(events[:lines]))
    return to


@contextmanager
def serving(run: Path, *flags: str, port: int = 0) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run `faussaire serve` as a process of its own, on a free port if none is given; give it and its port."""
    with served(str(run), *flags, port=port) as found:
        yield found


@contextmanager
def serving_playground() -> Iterator[int]:
    """Run `faussaire serve --playground` likewise; give its port."""
    with served("--playground") as (_, port):
        yield port


@contextmanager
def served(*arguments: str, port: int = 0) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run `faussaire serve` with these arguments, until the block ends."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "faussaire", "serve", *arguments, "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_for(process, port)
        yield process, port
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_for(process: subprocess.Popen[bytes], port: int, *, seconds: float = 60) -> None:
    """Wait until a server answers: it listens long before."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", "/static/0/0")
            connection.getresponse()
            connection.close()
            return
        except OSError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)


class Direct:
    """Asks an application for addresses as a server hands them on: decoded once, which a `TestClient` does twice."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def get(self, address: str) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of what is at an address, after redirects."""
        status, headers, body = asyncio.run(self._get(address))
        return self.get(headers["location"]) if status == 307 else (status, headers, body)

    async def _get(self, address: str) -> tuple[int, dict[str, str], bytes]:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        path, _, query = address.partition("?")
        scope = {
            "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": unquote(path),
            "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
            "headers": [(b"host", b"localhost"), (b"accept", b"text/html")],
        }  # fmt: skip
        await self.app(scope, receive, send)
        headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:])


def train_on(run: Path) -> None:
    """Change a run as a training does: another generator, another D, and the checkpoints before are gone."""
    folder = run / "generator" / "generator.safetensors"
    tensors = load_file(folder)
    rng = np.random.default_rng(folder.stat().st_mtime_ns)
    changed = {name: np.asarray(rng.standard_normal(t.shape) / 4, t.dtype) for name, t in tensors.items()}
    nimg = int(_metadata(folder)["nimg"]) + 64
    save_file(changed, folder, metadata={"nimg": str(nimg)})
    for checkpoint in (run / "checkpoints").iterdir():
        shutil.rmtree(checkpoint)


def _metadata(path: Path) -> dict[str, str]:
    with safe_open(path, framework="np") as file:
        return dict(file.metadata())
