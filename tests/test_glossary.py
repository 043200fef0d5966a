"""One word for each thing, in either language: what the glossary calls it, and no other that a reader can see."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from faussaire.evaluation.metrics import MEANINGS
from test_documents import ROOT, written

RECORDS = ("docs/RESULTS.md", "docs/LAB.md", "docs/BOARD.md")
"""What was measured, and said of it at the time."""

NO_PROSE = re.compile(
    r"```.*?```|`[^`]*`|(?<=\]\()[^)]*|'\w+': |^\w+ = (?=\")|\{\w+\}|\[\[[^|\]]*\|", re.DOTALL | re.MULTILINE
)
"""Code, addresses, names of texts and of values."""

OTHER_WORDS = {
    "en": {
        "copier": r"copyists?|plagiari\w+",
        "discriminator": r"(?<!Wasserstein )critics?|detectives?|experts?|police",
        "fake": r"forger(?:y|ies)|forged|counterfeits?",
        "feature": r"traits?",
        "generator": r"counterfeiters?",
        "held-out images": r"reserved (?:images|part|music)|validation (?:images|set)",
        "real": r"genuine",
    },
    "fr": {
        "caractéristique": r"traits? (?:de|d’|voient)",
        "contrefaçon": r"(?:un|les|des|aux|leurs|seize) faux|(?:les|des|de|aux) fausses|fausses? (?:image|donnée)s?"
        r"|(?:image|donnée)s? fausses?|faux (?:point|échantillon)s?|truquée?s?",
        "copieur": r"copistes?|plagi\w+",
        "discriminateur": r"critiques?(?! de Wasserstein)|détectives?|examinateurs?",
        "images mises de côté": r"réservée?s?",
        "réel": r"vraies? (?:image|donnée|photo)s?|(?:image|donnée|point)s? vraie?s?|vrais? (?:point|échantillon)s?"
        r"|(?:les|des|aux) vraie?s?|pour vraie?s?|authentiques?",
        "sauvegarde": r"points? de (?:reprise|contrôle)",
    },
}
"""By the word of the glossary, those that would say the same."""


def prose(language: str) -> Iterator[tuple[str, str]]:
    """Yield the place and the text of all that a reader sees, but for code, for records and for the glossary itself."""
    for place, text in written(language):
        if place not in RECORDS and not place.endswith("glossary.md"):
            yield place, NO_PROSE.sub(" ", text)
    for name, meaning in MEANINGS.items():
        yield f"figure {name}", f"{meaning.title[language]}: {meaning.sentence[language]}"


@pytest.mark.parametrize("language", OTHER_WORDS)
def test_each_thing_has_one_word(language: str) -> None:
    others = {word: re.compile(rf"(?<![\w-])(?:{some})(?![\w-])", re.I) for word, some in OTHER_WORDS[language].items()}
    found = {
        (word, place): text[max(0, match.start() - 40) : match.end() + 20]
        for place, text in prose(language)
        for word, other in others.items()
        if (match := other.search(text))
    }
    assert found == {}


@pytest.mark.parametrize("language", OTHER_WORDS)
def test_the_words_are_those_of_the_glossary(language: str) -> None:
    glossary = (ROOT / "docs" / language / "glossary.md").read_text(encoding="utf-8")
    assert set(OTHER_WORDS[language]) <= set(re.findall(r"(?m)^\| ([^|]+) \|", glossary))


@pytest.mark.parametrize(
    ("language", "text", "word"),
    [
        ("en", "The forgeries get better.", "fake"),
        ("fr", "Les vraies images, puis les fausses.", "réel"),
        ("fr", "Il démasque leurs faux.", "contrefaçon"),
        ("fr", "Cela repose sur les traits de nyquist", "caractéristique"),
    ],
)
def test_another_word_is_found(language: str, text: str, word: str) -> None:
    assert re.search(OTHER_WORDS[language][word], text, re.I)
