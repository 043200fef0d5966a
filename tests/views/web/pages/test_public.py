"""What the page "this does not exist" is called."""

from __future__ import annotations

from pathlib import Path

from web_client import client_of

CAT = "This <cat> does not exist"


def heading(run: Path, language: str, *, title: str = "", public: bool = True) -> str:
    address = "/7" if public else "/runs/squares/visit/7"
    text = client_of(run, public_only=public, title=title).get(f"{address}?lang={language}").text
    return text.partition("<h1>")[2].partition("</h1>")[0]


def test_the_page_of_a_folder_is_called_by_what_it_shows_and_not_by_the_name_of_the_folder(squares_run: Path) -> None:
    assert heading(squares_run, "en") == "This image does not exist"
    assert heading(squares_run, "fr") == "Cette image n’existe pas"


def test_a_title_that_was_given_stands_in_both_languages_and_is_escaped(squares_run: Path) -> None:
    for language in ("en", "fr"):
        assert heading(squares_run, language, title=CAT) == "This &lt;cat&gt; does not exist"


def test_a_studio_calls_its_page_by_the_same_words(squares_run: Path) -> None:
    assert heading(squares_run, "en", public=False) == "This image does not exist"
    assert heading(squares_run, "fr", public=False) == "Cette image n’existe pas"
    assert heading(squares_run, "fr", title=CAT, public=False) == "This &lt;cat&gt; does not exist"
