"""Take it with you: the page is made on demand, in bounds, and never for the world."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from faussaire.core.errors import RequestError
from faussaire.generation.export import exporters
from faussaire.runs.folder import RunFolder
from faussaire.views.web.api import made
from faussaire.views.web.api.made import Pages
from web_client import client_of, copy_of

SITE = {"Origin": "http://127.0.0.1:8765"}


def test_a_page_is_made_and_handed_over_as_a_file(squares_run: Path) -> None:
    client = client_of(squares_run, title="-This cat does not exist")
    answer = client.post("/api/runs/squares/page", json={"with_reals": True}, headers=SITE)
    assert answer.status_code == 200
    assert b"<title>-This cat does not exist</title>" in answer.content
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.content.startswith(b"<!DOCTYPE html>")
    assert b'id="reals"' in answer.content
    again = client.post("/api/runs/squares/page", json={"with_reals": True}, headers=SITE)
    assert again.content == answer.content


def test_a_page_is_kept_until_its_generator_is_written_anew_and_made_one_at_a_time(
    squares_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, together = [], []

    async def slowly(run: RunFolder, with_reals: bool, title: str) -> bytes:
        begun.append(with_reals)
        together.append(1)
        await asyncio.sleep(0.05)
        assert sum(together) == 1
        together.pop()
        return b"page"

    monkeypatch.setattr(made, "_made", slowly)
    run = RunFolder(copy_of(squares_run, tmp_path / "run"))

    async def ask() -> list[bytes | BaseException]:
        pages = Pages()
        first = await asyncio.gather(*(pages.of(run, with_reals=bool(i % 2)) for i in range(6)), return_exceptions=True)
        (run.generator_folder / "generator.safetensors").touch()
        return [*first, await pages.of(run, with_reals=False)]

    answers = asyncio.run(ask())
    assert begun == [False, True, False]
    assert [answer for answer in answers if not isinstance(answer, RequestError)] == [b"page"] * 5
    assert {answer.status for answer in answers if isinstance(answer, RequestError)} == {503}


def test_what_cannot_be_made_is_refused_in_a_sentence(squares_run: Path, tmp_path: Path) -> None:
    run = copy_of(squares_run, tmp_path / "run")
    (run / "reals.png").unlink()
    client = client_of(run)
    refused = client.post("/api/runs/run/page", json={"with_reals": True}, headers=SITE)
    assert (refused.status_code, "real samples" in refused.json()["detail"]) == (409, True)
    (run / "generator" / "generator.safetensors").write_bytes(b"damaged")
    damaged = client.post("/api/runs/run/page", json={}, headers=SITE)
    assert (damaged.status_code, str(tmp_path) in damaged.text) == (409, False)
    (run / "config.json").write_text("[]")
    assert client.post("/api/runs/run/page", json={}, headers=SITE).status_code == 409


def test_another_site_cannot_have_a_page_made(squares_run: Path) -> None:
    elsewhere = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert client_of(squares_run).post("/api/runs/squares/page", json={}, headers=elsewhere).status_code == 403


def test_the_world_cannot_have_a_page_made(squares_run: Path) -> None:
    client = client_of(squares_run, public_only=True)
    assert client.post("/api/runs/squares/page", json={}, headers=SITE).status_code == 404
    assert client.get("/runs/squares/take").status_code == 404


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_studio_names_every_way_to_take_it_along(squares_run: Path, language: str) -> None:
    page = client_of(squares_run).get(f"/runs/squares/take?lang={language}").text
    for name in exporters():
        assert f"faussaire export squares --to {name}" in page
        assert f'id="way-{name}"' in page
    assert {"en": "Take it with you", "fr": "Emportez-le"}[language] in page
