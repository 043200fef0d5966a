"""The words of the pages: the same in both languages but for the language."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from faussaire.views.web.pages import texts as texts_module
from faussaire.views.web.pages.texts import preferred, texts

STATIC = Path(texts_module.__file__).parent / "static"


def flat(content: dict[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in content.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{key}.")
        elif isinstance(value, list):
            found |= {f"{prefix}{key}.{i}": text for i, text in enumerate(value)}
        else:
            found[prefix + key] = value
    return found


def test_both_languages_say_the_same_things_with_the_same_figures() -> None:
    english, french = flat(texts("en")), flat(texts("fr"))
    assert english.keys() == french.keys()
    for key, text in english.items():
        assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", french[key])), key
        assert text.strip(), key
    same = {key for key, text in english.items() if text == french[key]}
    assert same <= {"live.always_wrong", "live.pause", "live.gradient_now", "explore.move", "public.nouns.image"}


def test_each_part_is_explained_in_three_sentences() -> None:
    for language in ("en", "fr"):
        assert {len(part["say"]) for part in texts(language)["parts"].values()} == {3}


@pytest.mark.parametrize(("script", "section"), [("explore.js", "explore"), ("quiz.js", "quiz"), ("take.js", "take")])
def test_the_scripts_use_texts_that_are_there(script: str, section: str) -> None:
    used = set(re.findall(r"\bt\.(\w+)", (STATIC / script).read_text("utf-8")))
    assert used <= texts("en")[section].keys()


def test_the_scripts_of_a_class_use_texts_that_are_there() -> None:
    for script in ("classroom.js", "pupil.js", "teacher.js"):
        used = set(re.findall(r"\bt\.(\w+)", (STATIC / script).read_text("utf-8")))
        assert used <= texts("en")["classroom"].keys(), script
    assert texts("en")["classroom"]["verdicts"].keys() <= texts("en")["verdict"]["says"].keys()


def test_the_live_scripts_use_texts_that_are_there() -> None:
    for script in ("headline.js", "diagram.js", "film.js", "curves.js"):
        used = set(re.findall(r"\bt\.(\w+)", (STATIC / script).read_text("utf-8")))
        assert used <= texts("en")["live"].keys(), script


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("fr", "fr"),
        ("de, fr-CA;q=0.8, en;q=0.5", "fr"),
        ("en-GB,en;q=0.9,fr;q=0.8", "en"),
        ("fr;q=x, en", "en"),
        ("fr;q=0, *", "en"),
        (",;;q=,=" * 100, "en"),
    ],
)
def test_the_language_is_that_of_the_browser(header: str, language: str) -> None:
    assert preferred(header) == language


def luminance(colour: str) -> float:
    """Return the relative luminance of #rrggbb (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_has_contrast_enough_on_every_ground(scheme: int) -> None:
    blocks = re.findall(r":root \{(.*?)\}", (STATIC / "base.css").read_text("utf-8"), re.DOTALL)
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", blocks[scheme]))
    for text in ("ink", "quiet", "real", "fake", "gradient", "good", "bad"):
        for ground in ("paper", "card", "soft"):
            light, dark = sorted((luminance(colours[text]), luminance(colours[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)
