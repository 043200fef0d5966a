"""Runs with odd names, damaged runs and runs that go away: a sentence each, and no path of the machine told."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from faussaire.runs.folder import RunFolder
from web_client import Direct, client_of, copy_of

PERSON = {"Accept": "text/html"}
ODD = [
    "two words", " blank ", "été 🖌", "[b]bold", "a%2Fb", "a%00", "<script>alert(1)", ".hidden", "...", "a?b#c&d=e",
    "{{7*7}}", "semi;colon", "back\\slash", "new\nline", "'\"", "+", "x" * 200, "visit", "a:b", os.fsdecode(b"caf\xe9"),
]  # fmt: skip
PAGES = ["", "/explore", "/quiz", "/visit/", "/visit/7"]
ROUTES = [
    "/", "/runs/{id}", "/runs/{id}/explore", "/runs/{id}/quiz", "/runs/{id}/visit/", "/runs/{id}/visit/7",
    "/runs/{id}/visit/7.png", "/runs/{id}/visit/x", "/api/runs", "/api/runs/{id}", "/api/runs/{id}/files/reals.png",
    "/api/runs/{id}/files/../config.json", "/api/runs/{id}/files/judged/1.png", "/api/runs/{id}/nothing",
    "/api/generate?run={id}", "/api/generate?run={id}&n=x", "/api/generate?run={id}&class=9",
    "/api/latent?run={id}&z=1.1",
    "/api/latent?run={id}&z=/etc", "/api/walk?run={id}&z=1.1&z=2.2", "/api/nearest?run={id}&z=1.1",
    "/api/quiz/" + "0" * 32 + "/0.png?run={id}", "/api/quiz/" + "0" * 32 + "/answers?run={id}",
    "/static/x/y", "/nowhere",
]  # fmt: skip
POSTS = [
    ("/api/quiz?run={id}", {}), ("/api/quiz/" + "0" * 32 + "/answers?run={id}", {"said_real": [True] * 20}),
    ("/api/runs/{id}/control", {"command": "pause"}), ("/api/runs/{id}/control", {"command": "/etc"}),
]  # fmt: skip


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory, squares_run: Path) -> TestClient:
    folder = tmp_path_factory.mktemp("odd")
    for name in ODD:
        copy_of(squares_run, folder / name)
    return client_of(folder)


def test_runs_of_every_name_are_listed(odd: TestClient) -> None:
    ids = {run["id"] for run in odd.get("/api/runs").json()}
    assert ids == {*ODD[:-1], "caf\\xe9"}


@pytest.mark.parametrize("name", ODD[:-1])
def test_a_run_of_an_odd_name_has_its_pages_and_its_links_lead_there(odd: TestClient, name: str) -> None:
    direct, base = Direct(odd.app), f"/runs/{quote(name, safe='')}"
    for tail in PAGES:
        status, _, page = direct.get(base + tail)
        assert status == 200, tail
        assert b"<script>alert" not in page
        links = set(re.findall(r'(?:href|src)="([^"]*/runs/[^"]+)"', page.decode()))
        assert links
        for link in links:
            status, _, page = direct.get(link.replace("&amp;", "&"))
            assert status == 200, link
    status, _, picture = direct.get(f"/api/generate?run={quote(name, safe='')}")
    assert picture.startswith(b"\x89PNG")
    assert json.loads(direct.get(f"/api/runs/{quote(name, safe='')}")[2])["id"] == name
    assert odd.post(f"/api/quiz?run={quote(name, safe='')}").json()["run"] == name


@pytest.mark.parametrize("name", ["a%2Fb?c", "été", "new\nline"])
def test_the_only_run_is_shown_at_once_whatever_its_name(tmp_path: Path, squares_run: Path, name: str) -> None:
    copy_of(squares_run, tmp_path / "runs" / name)
    for served in (tmp_path / "runs", tmp_path / "runs" / name):
        status, _, page = Direct(client_of(served).app).get("/")
        assert status == 200
        assert b"live.js" in page


def no_config(run: Path) -> None:
    (run / "config.json").unlink()


def config_is(content: str) -> Callable[[Path], None]:
    return lambda run: (run / "config.json").write_text(content) and None


def broken_generator(run: Path) -> None:
    (run / "generator" / "generator.safetensors").write_bytes(b"\xff" * 100)


def foreign_generator(run: Path) -> None:
    (run / "generator" / "config.json").write_text('{"format": 99}')


def no_generator(run: Path) -> None:
    shutil.rmtree(run / "generator")


def odd_events(run: Path) -> None:
    with (run / "events.jsonl").open("ab") as file:
        file.write(b'[]\n{"kind": 1}\n\xff\xfe\n' + b"[" * 100_000 + b"\n")
    RunFolder(run).emit("warning", nimg=1, text=f"cannot read {run}/checkpoints/000001")


def damaged_checkpoints(run: Path) -> None:
    for path in (run / "checkpoints").rglob("state.*"):
        path.write_bytes(b"{}")


def damaged_quiz(run: Path) -> None:
    (run / "quiz.sqlite").write_bytes(b"no database" * 100)


def quiz_is_a_folder(run: Path) -> None:
    (run / "quiz.sqlite").mkdir()


def deleted(run: Path) -> None:
    shutil.rmtree(run)


STATES = [
    no_config, config_is(""), config_is("[]"), config_is('{"spec": 1}'), config_is('{"spec": {"classes": 3}}'),
    broken_generator, foreign_generator, no_generator, odd_events, damaged_checkpoints, damaged_quiz, quiz_is_a_folder,
    deleted,
]  # fmt: skip


@pytest.mark.parametrize("spoil", STATES)
@pytest.mark.parametrize("single", [True, False])
def test_no_answer_names_a_path_of_the_machine_and_none_is_a_bug(
    tmp_path: Path, squares_run: Path, spoil: Callable[[Path], None], single: bool
) -> None:
    run = copy_of(squares_run, tmp_path / "runs" / "r")
    client = client_of(run if single else run.parent)
    spoil(run)
    answers = [client.get(path.format(id="r"), headers=headers) for path in ROUTES for headers in ({}, PERSON)]
    answers += [client.post(path.format(id="r"), json=content) for path, content in POSTS]
    for answer in answers:
        told = answer.text + str(answer.headers)
        assert str(tmp_path) not in told, answer.url
        assert "Traceback" not in told
        assert answer.status_code < 500 or "answers cannot be kept" in told, answer.url
        if answer.status_code >= 400 and answer.headers["content-type"] == "application/problem+json":
            assert len(answer.json()["detail"]) > 5


@pytest.mark.parametrize("spoil", STATES)
def test_the_public_page_names_no_path_either(tmp_path: Path, squares_run: Path, spoil: Callable[[Path], None]) -> None:
    run = copy_of(squares_run, tmp_path / "r")
    client = client_of(run, public_only=True)
    spoil(run)
    for path in ("/", "/7", "/7.png", "/x", "/-1", "/" + "9" * 30, "/../r", "/api/runs", "/static/x/y"):
        for headers in ({}, PERSON):
            answer = client.get(path, headers=headers)
            assert str(tmp_path) not in answer.text + str(answer.headers)
            assert answer.status_code < 500


def test_a_damaged_run_spoils_no_list(tmp_path: Path, squares_run: Path) -> None:
    for name in ("good", "bad"):
        copy_of(squares_run, tmp_path / name)
    (tmp_path / "bad" / "config.json").write_text("{")
    client = client_of(tmp_path)
    assert {run["id"]: run["state"] for run in client.get("/api/runs").json()} == {"good": "finished", "bad": "damaged"}
    assert "cannot be read" in client.get("/", headers=PERSON).text


@pytest.mark.parametrize(("spoil", "said"), [(broken_generator, "damaged"), (no_generator, "no generator")])
def test_what_is_wrong_is_said_on_a_page_and_to_a_program(
    tmp_path: Path, squares_run: Path, spoil: Callable[[Path], None], said: str
) -> None:
    run = copy_of(squares_run, tmp_path / "r")
    spoil(run)
    client = client_of(run)
    answer, shown = client.get("/runs/r/visit/7"), client.get("/runs/r/visit/7", headers=PERSON)
    assert answer.status_code == shown.status_code == 409
    assert said in answer.json()["detail"]
    assert said in shown.text
    assert "<h1>" in shown.text
    assert client.get("/runs/r/explore", headers=PERSON).status_code == 200


def test_a_run_that_is_deleted_is_said_to_be_gone(tmp_path: Path, squares_run: Path) -> None:
    run = copy_of(squares_run, tmp_path / "runs" / "r")
    single, several = client_of(run), client_of(run.parent)
    for client in (single, several):
        assert client.get("/api/runs/r").status_code == 200
    shutil.rmtree(run)
    for client in (single, several):
        answer = client.get("/api/runs/r/events")
        assert answer.status_code == 404
        assert "moved or deleted" in answer.json()["detail"]
        assert "moved or deleted" in client.get("/runs/r", headers=PERSON).text
        assert client.get("/api/runs").json() == []


def test_a_link_that_keeps_its_sample_says_when_it_does_not_yet(tmp_path: Path, squares_run: Path) -> None:
    run = copy_of(squares_run, tmp_path / "r")
    pages = {
        "/runs/r/visit/7": " The generator is still learning",
        "/runs/r/explore": ">The generator is still learning",
    }
    for page, said in pages.items():
        assert said not in client_of(run).get(page).text
    lines = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    (run / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines if line["kind"] != "done"))
    for page, said in pages.items():
        assert said in client_of(run).get(page).text
