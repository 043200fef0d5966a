"""Downloads: tried again after what passes, gone on with where they broke off, whole or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from data.zoo import png
from faussaire.data import prepare
from faussaire.data.sources import downloads, files
from faussaire.data.sources.downloads import TRIES, Downloads

CONTENT = bytes(range(256)) * 4

Answer = Callable[[BaseHTTPRequestHandler, int], None]


class Site:
    """A server on this machine; `answer(request, number)` answers the number-th request, from 1 on."""

    def __init__(self) -> None:
        self.answer: Answer = lambda request, number: give(request, CONTENT)
        self.asked: list[dict[str, str]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append({"path": self.path, **dict(self.headers)})
                site.answer(self, len(site.asked))

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def give(
    request: BaseHTTPRequestHandler, data: bytes, *, status: int = 200, claim: int | None = None, **headers: str
) -> None:
    """Send an answer that claims to have so many bytes."""
    request.send_response(status)
    request.send_header("Content-Length", str(len(data) if claim is None else claim))
    for name, value in headers.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    request.wfile.write(data)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Return a server, and wait for none."""
    monkeypatch.setattr(downloads, "_WAIT_SECONDS", 0.001)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    site = Site()
    yield site
    site.server.shutdown()
    site.server.server_close()


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(site: Site, status: int) -> None:
    site.answer = lambda request, number: (
        give(request, b"busy", status=status) if number < 3 else give(request, CONTENT)
    )
    assert Downloads().fetch(site.url) == CONTENT
    assert len(site.asked) == 3


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_final_answer_is_taken_for_one(site: Site, status: int) -> None:
    site.answer = lambda request, number: give(request, b"no", status=status)
    with pytest.raises(OSError, match=f"could not be fetched: {status}"):
        Downloads().fetch(site.url)
    assert len(site.asked) == 1


def test_half_a_file_is_never_taken_for_a_whole_one(site: Site) -> None:
    site.answer = lambda request, number: give(request, CONTENT[:100], claim=len(CONTENT))
    with pytest.raises(OSError, match="broken off after 100 of 1,024 bytes"):
        Downloads().fetch(site.url)
    assert len(site.asked) == TRIES


def test_a_broken_download_goes_on_from_where_it_broke_off(site: Site) -> None:
    def answer(request: BaseHTTPRequestHandler, number: int) -> None:
        if number == 1:
            give(request, CONTENT[:100], claim=len(CONTENT), ETag='"one"')
        else:
            give(request, CONTENT[100:], status=206, Content_Range="bytes 100-1023/1024", ETag='"one"')

    site.answer = answer
    assert Downloads().fetch(site.url) == CONTENT
    assert (site.asked[1]["Range"], site.asked[1]["If-Range"]) == ("bytes=100-", '"one"')


@pytest.mark.parametrize("other", ["whole", "elsewhere"])
def test_a_file_that_is_another_one_meanwhile_is_fetched_anew(site: Site, other: str) -> None:
    new = CONTENT[::-1]

    def answer(request: BaseHTTPRequestHandler, number: int) -> None:
        if number == 1:
            give(request, CONTENT[:100], claim=len(CONTENT), ETag='"one"')
        elif number == 2 and other == "elsewhere":
            give(request, new[50:], status=206, Content_Range="bytes 50-1023/1024", ETag='"two"')
        else:
            give(request, new, ETag='"two"')

    site.answer = answer
    assert Downloads().fetch(site.url) == new


def test_without_a_version_nothing_is_patched_together(site: Site) -> None:
    site.answer = lambda request, number: give(
        request, CONTENT[: 100 if number == 1 else None], claim=len(CONTENT), ETag='W/"weak"'
    )
    assert Downloads().fetch(site.url) == CONTENT
    assert "Range" not in site.asked[1]


def test_a_host_that_fails_time_and_again_is_tried_once_a_file(site: Site) -> None:
    site.answer = lambda request, number: give(request, b"", status=503)
    fetcher = Downloads()
    for _ in range(8):
        with pytest.raises(OSError, match="503"):
            fetcher.fetch(site.url)
    assert len(site.asked) == 5 * TRIES + 3


def test_what_is_too_large_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (downloads, files):
        monkeypatch.setattr(module, "MAX_FILE_BYTES", 500)
    with pytest.raises(ValueError, match="the limit is"):
        Downloads().fetch(site.url)


def test_images_that_a_busy_server_withheld_come_with_the_next_run(site: Site, tmp_path: Path) -> None:
    busy = True

    def answer(request: BaseHTTPRequestHandler, number: int) -> None:
        value = int(request.path.strip("/"))
        give(request, png(value), status=503 if busy and value == 2 else 200)

    site.answer = answer
    (tmp_path / "list.txt").write_text("".join(f"{site.url}/{i}\n" for i in range(4)))
    first = prepare(tmp_path / "list.txt", cache=tmp_path / "cache", resolution=8, fit="crop")
    assert [record.note for record in first.inventory.rejected] == ["could not be fetched: 503 Service Unavailable"]
    busy, asked = False, len(site.asked)
    second = prepare(tmp_path / "list.txt", cache=tmp_path / "cache", resolution=8, fit="crop")
    assert len(second.images) == 4
    assert {request["path"] for request in site.asked[asked:]} == {"/2"}
    assert (
        second.fingerprint
        == prepare(tmp_path / "list.txt", cache=tmp_path / "fresh", resolution=8, fit="crop").fingerprint
    )
