"""The words of all views: what console, page, report and inspection say, in the language of who reads it.

What the views say themselves stands in `texts/en` and `texts/fr`: a TOML file for each view and for each part of the
pages, the same names in both.
What other rooms say (errors, notes, verdicts, warnings) is in English where it arises and where it is kept, in
events.jsonl or scores.json; `texts/sentences` has it in French (`sentences`). Which language it is goes from hand to
hand as a value, from the command line or a browser's request; nothing here remembers one.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from faussaire.core.errors import ConfigError
from faussaire.core.suggestions import did_you_mean
from faussaire.views.numbers import NARROW, Numbers
from faussaire.views.sentences import Sentences

LANGUAGES = {"en": "English", "fr": "Français"}
ENVIRONMENT = ("LC_ALL", "LC_MESSAGES", "LANG")
"""What says the language of a terminal, the first that is set (POSIX.1-2017, section 8.2)."""

_HIGH = re.compile(r" (?=[;!?%»])|(?<=«) |(?<=[\d}]) (?=(?:s|min|h|ko|Mo|Go|Mio|Gio|Hz)\b)")
_COLON = re.compile(r" (?=:(?:\s|$))")


@dataclass(frozen=True)
class Words:
    """Says things in one language.

    Args:
        language: `en` or `fr`.
    """

    language: str = "en"

    @property
    def numbers(self) -> Numbers:
        """How numbers are written for a terminal."""
        return Numbers(self.language)

    def __call__(self, key: str, /, **values: str | int) -> str:
        """Return a text of the views, `console.left` for example, with its values; whole numbers are written here.

        A text that depends on a number has two forms, `one` and `other`, of which `n` decides.
        """
        text: Any = texts(self.language)
        for name in key.split("."):
            text = text[name]
        form: str = text if isinstance(text, str) else text[_plural(self.language, values["n"])]
        shown = {name: value if isinstance(value, str) else self.numbers.count(value) for name, value in values.items()}
        return form.format(**shown)

    def said(self, text: str) -> str:
        """Return what another room said in English; what is not known in this language stays as it is."""
        return text if self.language == "en" else sentences().said(text)


ENGLISH = Words()


def _plural(language: str, n: str | int) -> str:
    """Return which form goes with a number: 0 is singular in French, and plural in English."""
    return "one" if n == 1 or (n == 0 and language == "fr") else "other"


def words_for(language: str | None, environment: Mapping[str, str] = os.environ) -> Words:
    """Return the words of a language that was asked for, or else of that of the environment, or else of English.

    Raises:
        ConfigError: there is no such language.
    """
    if language is None:
        wanted = next((environment[name] for name in ENVIRONMENT if environment.get(name)), "")
        language = re.split(r"[_.@-]", wanted)[0].lower()
        return Words(language) if language in LANGUAGES else ENGLISH
    if language not in LANGUAGES:
        raise ConfigError(f"--lang: unknown {language!r}{did_you_mean(language, LANGUAGES)}")
    return Words(language)


@cache
def texts(language: str) -> dict[str, Any]:
    """Return every text of the views in a language, by view, section and name."""
    found = _read(files("faussaire.views").joinpath("texts", language))
    return found if language == "en" else {view: _typeset(content) for view, content in found.items()}


@cache
def sentences() -> Sentences:
    """Return what other rooms say, in French."""
    return Sentences(sentences_in_french())


@cache
def sentences_in_french() -> dict[str, str]:
    """Return the French of each sentence of other rooms, by its English with a brace for each value."""
    rooms = _read(files("faussaire.views").joinpath("texts", "sentences"))
    return {english: typeset(french) for room in rooms.values() for english, french in room.items()}


def typeset(text: str) -> str:
    """Put the no-break spaces of French where a space was typed: before ; ! ? % » and a unit, after «, before a colon.

    (Lexique des règles typographiques en usage à l'Imprimerie nationale, 2002: narrow ones but before a colon.)
    """
    return _COLON.sub("\N{NO-BREAK SPACE}", _HIGH.sub(NARROW, text))


def _typeset(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _typeset(value) for name, value in content.items()}
    return [_typeset(value) for value in content] if isinstance(content, list) else typeset(content)


def _read(path: Traversable) -> dict[str, Any]:
    """Return what a TOML file says; of a folder, what each of its files does, by name."""
    if path.is_dir():
        return {one.name.removesuffix(".toml"): _read(one) for one in sorted(path.iterdir(), key=lambda one: one.name)}
    return tomllib.loads(path.read_text("utf-8"))
