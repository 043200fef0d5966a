"""What must not be had from the studio: other files, other sites' wishes, and memory or time without end."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from starlette.testclient import TestClient

from faussaire.core.errors import ConfigError
from faussaire.runs.folder import RunFolder
from faussaire.views import report
from faussaire.views.web import shared
from web_client import client_of, copy_of, serving

PAGES = [
    "/",
    "/runs/squares",
    "/runs/squares/explore",
    "/runs/squares/quiz",
    "/runs/squares/visit/",
    "/runs/squares/visit/5",
]


@pytest.fixture
def client(squares_run: Path) -> TestClient:
    return client_of(squares_run.parent)


@pytest.mark.parametrize(
    "path",
    [
        "/api/runs/..", "/api/runs/../..", "/api/runs/%2e%2e", "/api/runs/%2e%2e%2f%2e%2e", "/api/runs/..%5c..",
        "/runs/..", "/runs/%2e%2e", "/runs/%2e%2e/explore", "/runs/.%2e/quiz", "/runs/..%2fsquares",
        "/api/runs/../events", "/api/runs/%2e%2e/events", "/api/runs/squares%00", "/api/runs/" + "x" * 300,
        "/api/runs/squares/files/config.json", "/api/runs/squares/files/events.jsonl", "/api/runs/squares/files/.lock",
        "/api/runs/squares/files/../../squares.npy", "/api/runs/squares/files/samples/../../../squares.npy",
        "/api/runs/squares/files/%2e%2e/%2e%2e/squares.npy", "/api/runs/squares/files//etc/passwd",
        "/api/runs/squares/files/samples/%2e%2e/config.json", "/api/runs/squares/files/judged/../config.json",
        "/api/runs/squares/files/quiz.sqlite", "/api/runs/squares/files/reals.png%00.json",
        "/static/x/live.js", "/static/../app.py", "/static/%2e%2e/app.py", "/static/x/..%2fapp.py",
        "/docs", "/redoc", "/openapi.json", "/api/runs/squares/control",
    ],
)  # fmt: skip
def test_no_path_leads_out_of_what_is_served(client: TestClient, path: str) -> None:
    status, content_type = asyncio.run(raw_get(client.app, path))
    assert status in (404, 405), path
    assert content_type == "application/problem+json"


async def raw_get(app: Any, path: str) -> tuple[int, str]:
    """Ask for a path as it is: a client would resolve its dots."""
    sent = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": unquote(path),
        "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": [(b"host", b"127.0.0.1")],
    }  # fmt: skip
    await app(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"])[b"content-type"].decode()


SECRET = b"the secret of another folder"
ANSWERED = [
    "/api/runs", "/api/runs/r", "/runs/r", "/runs/r/explore", "/runs/r/quiz",
    "/api/generate?run=r", "/api/runs/r/files/reals.png", "/api/runs/r/files/progress.gif",
    "/api/runs/r/files/samples/000000000000.png",
    "/api/runs/r/files/judged/0.png", "/runs/r/visit/",
]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "reals.png", "noise.png", "progress.gif", "samples", "samples/000000000000.png", "judged", "judged/0.png",
        "config.json", "events.jsonl", "scores.json", "generator", "generator/config.json",
        "generator/generator.safetensors", "generator/model.safetensors", "quiz.sqlite", ".tmp-control.json",
    ],
)  # fmt: skip
@pytest.mark.parametrize("single", [True, False])
def test_no_link_is_followed_that_leads_out_of_a_run(
    tmp_path: Path, squares_run: Path, name: str, single: bool
) -> None:
    run = running_copy(squares_run, tmp_path / "runs" / "r")
    client = client_of(run if single else run.parent)
    inside, outside = run / name, tmp_path / "outside"
    if inside.is_dir():
        outside.mkdir()
        (outside / "0.png").write_bytes(SECRET)
        (outside / "000000000000.png").write_bytes(SECRET)
        shutil.rmtree(inside)
    else:
        outside.write_bytes(SECRET)
        inside.unlink(missing_ok=True)
    inside.symlink_to(outside)
    before = {path: path.read_bytes() for path in [outside, *outside.glob("*")] if path.is_file()}
    for path in ANSWERED:
        assert SECRET not in client.get(path).content, path
    client.post("/api/runs/r/control", json={"command": "pause"})
    client.post("/api/quiz?run=r")
    assert {path: path.read_bytes() for path in [outside, *outside.glob("*")] if path.is_file()} == before
    if not name.startswith(("reals", "samples", "judged", "noise", "progress")):
        assert name in client.get("/api/runs/r").json()["detail"]


def test_links_that_stay_in_the_run_and_a_link_that_was_named_are_followed(tmp_path: Path, squares_run: Path) -> None:
    run = copy_of(squares_run, tmp_path / "elsewhere" / "r")
    (run / "reals.png").rename(run / "samples" / "reals.png")
    (run / "reals.png").symlink_to("samples/reals.png")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "r").symlink_to(run)
    client = client_of(tmp_path / "runs" / "r")
    assert client.get("/api/runs/r/files/reals.png").status_code == 200
    folder = client_of(tmp_path / "runs")
    assert folder.get("/api/runs").json() == []
    assert "name it itself" in client_of(tmp_path / "runs").get("/api/runs/r").json()["detail"]


def test_a_run_named_to_be_served_whose_files_are_links_out_is_refused_in_one_line(
    tmp_path: Path, squares_run: Path
) -> None:
    run = copy_of(squares_run, tmp_path / "r")
    (run / "events.jsonl").rename(tmp_path / "events.jsonl")
    (run / "events.jsonl").symlink_to(tmp_path / "events.jsonl")
    with pytest.raises(ConfigError, match=r"is not served: its events\.jsonl is a link that leads out of the run"):
        client_of(run)


def test_a_report_holds_no_file_that_a_link_leads_to(tmp_path: Path, squares_run: Path) -> None:
    run = RunFolder(copy_of(squares_run, tmp_path / "r"))
    for name in ("progress.gif", "reals.png"):
        (run.path / name).rename(tmp_path / name)
        (run.path / name).symlink_to(tmp_path / name)
    assert report._film(run, "progress.gif")["picture"] is None
    assert report._picture_file(run, "reals.png") is None


def test_every_answer_is_bound_to_this_server(client: TestClient) -> None:
    for path in [*PAGES, "/api/runs", "/api/generate", "/nowhere", "/api/nowhere"]:
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers


def test_pages_name_no_other_host(client: TestClient) -> None:
    for path in PAGES:
        text = client.get(path).text
        assert "//" not in text.replace("http://www.w3.org/2000/svg", ""), path
        assert "<script>" not in text
        assert " style=" not in text
        assert " onclick=" not in text


def test_names_from_strangers_are_escaped(tmp_path: Path, squares_run: Path) -> None:
    name = '<img src=x onerror="alert(1)">{{7*7}}'
    run = copy_of(squares_run, tmp_path / name)
    described = json.loads((run / "generator" / "config.json").read_text())
    (run / "generator" / "config.json").write_text(json.dumps(described | {"name": name}))
    client = client_of(tmp_path)
    pages = [client.get(path, follow_redirects=True) for path in ("/", "/?lang=fr")]
    base = str(pages[0].url.path)
    for answer in [*pages, *(client.get(f"{base}{tail}") for tail in ("", "/explore", "/quiz", "/visit/", "/visit/1"))]:
        assert answer.status_code == 200
        assert "<img src=x" not in answer.text
        assert "49" not in answer.text.split("</title>")[0]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", "[2001:db8::1]", ""])
def test_a_foreign_name_of_this_machine_is_refused(client: TestClient, host: str) -> None:
    assert client.get("/api/runs", headers={"Host": host}).status_code == 421
    for own in ("localhost", "localhost:8765", "127.0.0.1", "[::1]:8765"):
        assert client.get("/api/runs", headers={"Host": own}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "http://localhost:8765"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)  # fmt: skip
def test_other_sites_are_not_obeyed(tmp_path: Path, squares_run: Path, headers: dict[str, str]) -> None:
    run = running_copy(squares_run, tmp_path / "r")
    client = client_of(run)
    for path, content in (("/api/runs/r/control", {"command": "stop"}), ("/api/quiz", {})):
        assert client.post(path, json=content, headers=headers).status_code == 403
    assert not (run / "control.json").exists()
    assert not (run / "quiz.sqlite").exists()


def running_copy(squares_run: Path, to: Path) -> Path:
    """Copy a run as it was in the middle."""
    copy_of(squares_run, to)
    lines = (to / "events.jsonl").read_bytes().splitlines(keepends=True)
    (to / "events.jsonl").write_bytes(b"".join(line for line in lines if b'"done"' not in line))
    return to


def test_our_own_page_is_obeyed_and_only_by_post(tmp_path: Path, squares_run: Path) -> None:
    run = running_copy(squares_run, tmp_path / "r")
    client = client_of(run)
    own = {"Origin": "http://127.0.0.1:8765", "Sec-Fetch-Site": "same-origin"}
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        assert client.request(method, "/api/runs/r/control").status_code == 405
    assert client.post("/api/runs/r/control", json={"command": "explode"}, headers=own).status_code == 422
    assert client.post("/api/runs/r/control", content="command=stop", headers=own).status_code == 422
    assert not (run / "control.json").exists()
    assert client.post("/api/runs/r/control", json={"command": "pause"}, headers=own).status_code == 202
    assert json.loads((run / "control.json").read_text())["command"] == "pause"


def test_a_finished_run_is_asked_nothing(squares_run: Path) -> None:
    answer = client_of(squares_run).post("/api/runs/squares/control", json={"command": "stop"})
    assert answer.status_code == 409
    assert not (squares_run / "control.json").exists()


def test_nothing_is_changed_by_get(tmp_path: Path, squares_run: Path) -> None:
    run = copy_of(squares_run, tmp_path / "runs" / "squares")

    def state() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in run.rglob("*") if path.is_file() and "sqlite" not in path.name}

    before = state()
    client = client_of(run.parent)
    paths = client.get("/api/openapi.json").json()["paths"]
    got = [path.replace("{run_id}", "squares") for path, methods in paths.items() if "get" in methods]
    for path in [*PAGES, *(path for path in got if "events" not in path), "/api/latent?z=1.1", "/api/walk?z=1.1&z=2.2"]:
        client.get(path)
        client.head(path)
    assert state() == before


def test_oversized_bodies_are_refused_whatever_they_promise(client: TestClient) -> None:
    large = b'{"command": "' + b"x" * 20_000 + b'"}'
    assert client.post("/api/runs/squares/control", content=large).status_code == 413
    pieces = client.post("/api/runs/squares/control", content=iter([large[:9000]] * 9))
    assert pieces.status_code == 413
    lies = client.post("/api/runs/squares/control", content=b"{}", headers={"Content-Length": "x"})
    assert lies.status_code == 413
    assert client.get("/api/generate?run=" + "x" * 9_000).status_code == 414


def test_followers_have_a_bound(squares_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faussaire.views.web.api.runs.MAX_STREAMS", 0)
    answer = client_of(squares_run).get("/api/runs/squares/events")
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert shared.MAX_STREAMS == 64


def test_the_public_page_is_all_that_the_public_gets(squares_run: Path) -> None:
    client = client_of(squares_run, public_only=True)
    page, picture, again = client.get("/"), client.get("/7.png"), client.get("/7.png")
    assert "does not exist" in page.text
    assert client.get("/").text != page.text  # another sample each time
    assert client.get("/7").text == client.get("/7").text
    assert picture.content == again.content
    assert picture.headers["content-type"] == "image/png"
    for path in (
        "/runs/squares",
        "/api/runs",
        "/api/generate",
        "/api/openapi.json",
        "/api/quiz",
        "/x",
        "/-1",
        "/1.5",
        "/../x",
    ):
        assert client.get(path).status_code in (404, 422), path
    for path in ("/", "/7", "/api/quiz", "/api/runs/squares/control"):
        assert client.post(path, json={}).status_code in (404, 405), path


def test_errors_are_pages_for_people_and_problems_for_programs(client: TestClient) -> None:
    person = client.get("/runs/nobody", headers={"Accept": "text/html", "Accept-Language": "fr"})
    assert person.status_code == 404
    assert "Il n’y a rien ici" in person.text
    assert client.get("/runs/nobody").json()["status"] == 404


def memory_bytes(process: subprocess.Popen[bytes]) -> int:
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads memory from /proc")
def test_slow_readers_cost_no_memory_and_hold_nobody_up(tmp_path: Path, squares_run: Path) -> None:
    run = running_copy(squares_run, tmp_path / "r")
    folder = RunFolder(run)
    with serving(run) as (process, port):
        readers = []
        for _ in range(10):
            reader = socket.create_connection(("127.0.0.1", port))
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.sendall(b"GET /api/runs/r/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            readers.append(reader)
        time.sleep(1.0)
        before = memory_bytes(process)
        text = "x" * 10_000
        for i in range(1_000):  # 10 MB that ten readers do not read
            folder.emit("warning", nimg=i, text=text)
        time.sleep(2.0)
        grown = memory_bytes(process) - before
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", port), timeout=10) as other:
            other.sendall(b"GET /api/openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            assert other.recv(100).startswith(b"HTTP/1.1 200")
        assert time.monotonic() - began < 2
        for reader in readers:
            reader.close()
    assert grown < 60e6


@pytest.mark.slow
def test_it_listens_on_this_machine_alone_and_ends_when_asked_to(tmp_path: Path, squares_run: Path) -> None:
    with serving(squares_run) as (process, port):
        listening = Path("/proc/net/tcp").read_text() if Path("/proc/net/tcp").exists() else ""
        assert not listening or f"0100007F:{port:04X}" in listening
        with pytest.raises(OSError, match=r"."):
            socket.create_connection(("127.0.0.2", port), timeout=2)
        again = [sys.executable, "-m", "faussaire", "serve", str(squares_run), "--port", str(port)]
        refused = subprocess.run(again, capture_output=True, text=True)
        assert refused.returncode == 2
        assert "choose another --port" in refused.stderr
        process.terminate()
        assert process.wait(timeout=20) == 0


def test_serving_nothing_is_refused_in_one_line(tmp_path: Path) -> None:
    for arguments, said in (
        ([str(tmp_path / "nothing")], "no such run, or folder of runs"),
        ([str(tmp_path), "--public"], "--public serves one run"),
    ):
        refused = subprocess.run(
            [sys.executable, "-m", "faussaire", "serve", *arguments], capture_output=True, text=True
        )
        assert refused.returncode == 2
        assert said in " ".join(refused.stderr.split())


def test_nobody_is_told_of_requests(squares_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FASTAPI_OTEL_AUTO_CONFIGURE", "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        monkeypatch.setenv(name, "http://127.0.0.1:9" if name.endswith("ENDPOINT") else "true")
    client = client_of(squares_run)
    with client:  # its start is where exporters would be made
        assert client.get("/api/runs").status_code == 200
    native = getattr(client.app, "_native_telemetry", None)  # absent from a FastAPI that has none
    assert native is None or not native.enabled()
