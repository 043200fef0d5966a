"""What the tests in a browser share: one Chromium a module, and an end to each of them, whatever happens.

Where there is no Chromium, or no playwright, these tests are skipped; where CI says that it is one (the variable CI is
set, as every CI service does), they fail instead: a green run there means that the pages were seen.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from web_client import copy_of, serving

TEST_SECONDS = 300  # a training of seconds and a browser, on a machine with other things to do
CALL_MS = 60_000
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip


def in_ci() -> bool:
    """Say whether the tests run in CI."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false", "no")


def missing() -> str | None:
    """Return what keeps the pages from being tested, or None."""
    if find_spec("playwright") is None:
        return "playwright is not installed (pip install playwright): the pages are not tested"
    if not any(map(shutil.which, NAMES)):
        return "no Chromium on this system (apt-get install chromium): the pages are not tested"
    return None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, or fail in CI, before a test makes anything that it needs."""
    if item.path.parent.name == "browser" and (reason := missing()):
        (pytest.fail if in_ci() else pytest.skip)(reason)


@contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Raise TimeoutError in whatever a block waits for, once it has taken so long."""

    def late(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"this took more than {seconds} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def an_end() -> Iterator[None]:
    """Let no test hang."""
    with limited(TEST_SECONDS):
        yield


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One Chromium; each page has a context, and so cookies and storage, of its own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        path = next(filter(None, map(shutil.which, NAMES)))
        opened = driver.chromium.launch(executable_path=path, args=FLAGS, timeout=CALL_MS)
        yield opened
        with limited(30):
            opened.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, squares_run: Path) -> Iterator[str]:
    """A server of one finished run that may be changed; its address."""
    runs = tmp_path_factory.mktemp("served") / "runs"
    runs.mkdir()
    copy_of(squares_run, runs / "squares")
    with serving(runs) as (_, port):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open pages that must not complain: neither the scripts nor the content security policy."""
    contexts, complaints = [], []

    def open_one(address: str, **options: Any) -> Any:
        context = browser.new_context(**{"locale": "en", "viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(CALL_MS)
        page.on("console", lambda m: _check_message(m, complaints))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: _check_local(request.url, complaints))
        page.goto(address)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


def _check_message(message: Any, complaints: list[str]) -> None:
    gone = "ERR_CONNECTION_REFUSED" in message.text  # the server of a training ends with it
    if message.type in ("error", "warning") and not gone:
        complaints.append(message.text)


def _check_local(url: str, complaints: list[str]) -> None:
    if not re.match(r"(http://127\.0\.0\.1:\d+/|data:|blob:(http://127|null/)|file:)", url):
        complaints.append(f"a request left this machine: {url}")
