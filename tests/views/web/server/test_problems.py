"""Errors are told in the reader's language, each sentence once in English, where it is raised, and once in French."""

from __future__ import annotations

import ast
import string
import tomllib
from pathlib import Path

import pytest

import faussaire
from faussaire.core.errors import RequestError
from faussaire.views.web.api.generators import NO_GENERATOR
from faussaire.views.web.server import guard, problems
from faussaire.views.web.server.problems import said_of
from web_client import client_of

SENTENCES = Path(faussaire.__file__).parent / "views" / "texts" / "sentences"
PHRASES = ("Not Found", "Method Not Allowed")  # of Starlette
ELSEWHERE = {
    "NO_GENERATOR": NO_GENERATOR,
    "OTHER_NAME": guard.OTHER_NAME,
    "OTHER_NAME_HERE": guard.OTHER_NAME_HERE,
}


def raised() -> list[str]:
    """Return the sentence of every RequestError in the source, those that a Series is given to raise among them."""
    found = []
    for path in sorted(Path(faussaire.__file__).parent.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        known = ELSEWHERE | {
            node.targets[0].id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                told = node.args[1:2] if node.func.id == "RequestError" else []
                if node.func.id == "Series":
                    told = [given.value for given in node.keywords if given.arg in ("enough", "unknown")]
                for part in [part for sentence in told for part in ast.walk(sentence)]:
                    found += [part.value] if isinstance(part, ast.Constant) else []
                    found += [known[part.id]] if isinstance(part, ast.Name) and part.id in known else []
    return [text for text in found if isinstance(text, str)]


def names_in(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_every_sentence_about_what_went_wrong_is_there_in_french_with_the_same_values() -> None:
    french = tomllib.loads((SENTENCES / "studio.toml").read_text("utf-8"))
    wanted = {*raised(), *PHRASES, problems.DAMAGED, problems.BUG, problems.REFUSED}
    assert len(wanted) > 30
    assert {*wanted} == {*french}
    assert [english for english in french if names_in(english) != names_in(french[english])] == []


def test_numbers_in_a_sentence_are_written_as_the_language_does() -> None:
    error = RequestError(413, "a body has at most {most} bytes", most=16_384)
    assert said_of(error, "en") == str(error) == "a body has at most 16,384 bytes"
    assert said_of(error, "fr") == "le corps d’une requête a au plus 16\N{NARROW NO-BREAK SPACE}384 octets"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "no such run: it was moved or deleted"),
        ("fr", "cet entraînement n’existe pas\N{NO-BREAK SPACE}: il a été déplacé"),
    ],
)
def test_a_program_and_a_person_are_told_in_their_language(squares_run: Path, language: str, said: str) -> None:
    client = client_of(squares_run.parent)
    headers = {"Accept-Language": language}
    assert client.get("/api/runs/none", headers=headers).json()["detail"].startswith(said)
    assert said in client.get("/runs/none", headers=headers | {"Accept": "text/html"}).text


@pytest.mark.parametrize("address", ["/abc", "/-1", "/12.jpg", "/99999999999999999999999999", "/1/2"])
def test_an_address_of_the_public_page_that_is_no_seed_leads_nowhere(squares_run: Path, address: str) -> None:
    response = client_of(squares_run, public_only=True).get(address, headers={"Accept": "text/html"})
    assert (response.status_code, response.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "There is nothing here" in response.text
