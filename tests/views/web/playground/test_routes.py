"""The game among the pages of the studio, and alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from faussaire.cli.main import run
from faussaire.views.web.playground.routes import create_playground
from web_client import client_of


def test_the_game_has_a_policy_of_its_own_that_lets_it_load_nothing() -> None:
    for address in ("/", "/playground"):
        answer = TestClient(create_playground(), base_url="http://class.example").get(address)
        policy = answer.headers["content-security-policy"]
        assert answer.status_code == 200
        assert answer.headers.get_list("content-security-policy") == [policy]
        assert policy.startswith("default-src 'none'; script-src 'sha256-")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


def test_nothing_else_is_served_beside_the_game() -> None:
    client = TestClient(create_playground())
    assert {client.get(path).status_code for path in ("/api/runs", "/runs/x", "/api/openapi.json", "/7.png")} == {404}


def test_a_studio_leads_to_the_game_and_a_public_page_does_not(squares_run: Path) -> None:
    studio = client_of(squares_run.parent)
    assert 'href="/playground?lang=fr"' in studio.get("/runs/squares?lang=fr").text
    assert studio.get("/playground").status_code == 200
    assert client_of(squares_run, public_only=True).get("/playground").status_code == 404


@pytest.mark.parametrize("flags", [["runs/x"], ["--public"], ["--name", "gan.example.org"], ["--title", "X"]])
def test_flags_that_the_game_has_no_use_for_are_refused_in_one_line(
    flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["serve", *flags, "--playground"]) == 2
    assert "--playground serves the game alone" in " ".join(capsys.readouterr().err.split())
