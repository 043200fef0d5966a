"""The words that the course shows, in English and in French: `words.toml`, and which of them a notebook speaks."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "fr")


def speak(language: str) -> None:
    """Have faussaire say things in the language of the notebook, whatever that of the machine."""
    os.environ["LC_MESSAGES"] = language
    os.environ.pop("LC_ALL", None)  # it would stand over the other


@cache
def all_words() -> dict[str, dict[str, dict[str, str]]]:
    """Read `words.toml`: by topic, by name, by language."""
    return tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Words:
    """The words of one topic in one language.

    Raises:
        ValueError: the course does not speak that language.
    """

    language: str
    topic: str

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise ValueError(f"the course speaks {' and '.join(LANGUAGES)}, not {self.language!r}")

    def __call__(self, name: str, **values: object) -> str:
        """Return a text, with values at its places in braces."""
        return all_words()[self.topic][name][self.language].format(**values)
