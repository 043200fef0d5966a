"""What the page "this does not exist" is called."""

from __future__ import annotations

from pathlib import Path

from starlette.testclient import TestClient

from faussaire.views.web.app import create_app
from faussaire.views.web.library import Library


def heading(run: Path, language: str, *, title: str = "") -> str:
    app = create_app(Library(run), public_only=True, title=title)
    text = TestClient(app, base_url="http://127.0.0.1:8765").get(f"/7?lang={language}").text
    return text.partition("<h1>")[2].partition("</h1>")[0]


def test_the_page_of_a_folder_is_called_by_what_it_shows_and_not_by_the_name_of_the_folder(squares_run: Path) -> None:
    assert heading(squares_run, "en") == "This image does not exist"
    assert heading(squares_run, "fr") == "Cette image n’existe pas"


def test_a_title_that_was_given_stands_in_both_languages_and_is_escaped(squares_run: Path) -> None:
    for language in ("en", "fr"):
        assert heading(squares_run, language, title="This <cat> does not exist") == "This &lt;cat&gt; does not exist"
