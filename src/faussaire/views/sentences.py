"""What rooms left of the views say in English, in French: by templates, since it is kept as plain text.

An error, a note of the data, a verdict or a warning is one English line where it arises; some are kept for years in
events.jsonl, scores.json or the cache, which stay free of languages. The catalogue has each as a template, with braces
where a value stands: `{}` for any text, `{!r}` for text in quotes, `{:,}` for a number, `{:%}` for a share and `{name}`
for a value with a name. A text is compared with the templates, the longest first; what stands for its values is itself
looked up, or is a number and written as French writes it. What none fits is cut at its punctuation, and its parts are
looked up; what is still unknown, a path or a name, stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from string import Formatter

from faussaire.views.numbers import NARROW, in_french

_KINDS = {
    "!r": re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""),
    ":,": re.compile(r"[-+]?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[-+]?\d+)?|inf|nan)"),
    ":%": re.compile(r"-?\d[\d,]*(?:\.\d+)?%"),
}
_STOPS = {". ": ". ", "; ": f"{NARROW}; "}
_PAUSES = {": ": "\N{NO-BREAK SPACE}: ", " (": " (", ", ": ", "}
_JOINS = {" and ": " et ", " or ": " ou "}
LONG = 8
"""Letters of a template that tell it from others; a shorter one is tried once a text was cut at its stops."""

TELLING = 16
"""Letters of a template that tell it from others, whatever stands before them: with fewer, that is a name at most."""

_COUNTED = re.compile(r"(\d[\d,]*(?:\.\d+)?) (\w.*)", re.DOTALL)
_BEFORE = re.compile(r"[.;:,] ")
"""What no name has in it, but for a bracket: files that were downloaded twice are called so."""

_SPECS = re.compile(r"\{(\w*)(?:!r|:[,%])\}")
_SPACED = re.compile(r"(?<=\d) %")
_TYPED = re.compile(r"(--[\w-]+ |=)$")
"""What stands before a value that is to be typed, and is never rewritten."""


@dataclass(frozen=True)
class _Template:
    """An English template: `literals` around and between its values, whose `kinds` and names are beside."""

    literals: tuple[str, ...]
    kinds: tuple[str, ...]
    names: tuple[str, ...]
    french: str
    goes_on: bool
    """Whether it begins with punctuation or a space, and goes on from some other text, which is its first value."""
    goes_before: bool
    """Whether it ends with a space, and something follows, which is its last value."""

    @property
    def size(self) -> int:
        """How many letters tell it from others."""
        return sum(letter.isalpha() for literal in self.literals for letter in literal)

    @property
    def is_telling(self) -> bool:
        """Whether it is looked for before a text is cut: by its letters, or by the word and the colon before it."""
        return self.size >= LONG or self.literals[0].endswith(": ")

    def rank(self) -> tuple[int, int]:
        """Return what to sort by: the one that fits the fewest texts comes first."""
        return -self.size, -sum(map(len, self.literals))

    def values_in(self, text: str) -> list[str] | None:
        """Return what stands in a text for each value, or None where the text is not of this template."""
        if not text.startswith(self.literals[0]) or not text.endswith(self.literals[-1]):
            return None
        place, found = len(self.literals[0]), []
        for number, (kind, literal) in enumerate(zip(self.kinds, self.literals[1:], strict=True)):
            if kind:
                match = _KINDS[kind].match(text, place)
                end = match.end() if match else -1
            elif number == len(self.kinds) - 1:
                end = len(text) - len(literal)
            elif not literal and self.kinds[number + 1]:
                match = _KINDS[self.kinds[number + 1]].search(text, place)
                end = match.start() if match else -1
            else:
                end = text.find(literal, place)
            if end < place or not text.startswith(literal, end):
                return None
            found.append(text[place:end])
            place = end + len(literal)
        return found if place == len(text) and not self._takes_too_much(found) else None

    def _takes_too_much(self, values: Sequence[str]) -> bool:
        """Say whether the first value is rather the beginning of a text of which only the end is like the template."""
        if self.goes_on or not values or self.literals[0] or self.size >= TELLING:
            return False
        return _BEFORE.search(values[0]) is not None


class Sentences:
    """Says in French what is said in English.

    Args:
        french: the French by the English, both with braces for values.
    """

    def __init__(self, french: Mapping[str, str]) -> None:
        templates = sorted(map(_template, french, french.values()), key=_Template.rank)
        self._long = [template for template in templates if template.is_telling]
        self._short = [template for template in templates if not template.is_telling]
        self.said = lru_cache(1024)(self._said)

    def _said(self, text: str) -> str:
        """Return a text in French, as far as it is known; of older runs, which wrote `72 %`, too."""
        text = _SPACED.sub("%", text)
        if not text.strip():
            return text
        ways: tuple[Callable[[], str | None], ...] = (
            lambda: self._of_template(text, self._long),
            lambda: self._cut(text, _STOPS),
            lambda: self._of_template(text, self._short),
            lambda: self._counted(text),
            lambda: self._cut(text, _PAUSES),
            lambda: self._listed(text),
        )
        return next((found for way in ways if (found := way()) is not None), in_french(text))

    def _of_template(self, text: str, templates: Sequence[_Template]) -> str | None:
        """Return the French of a text that is of a template, but for a capital to begin with or a stop at its end."""
        for template in templates:
            values = template.values_in(text)
            if values is not None:
                return self._filled(template, values)
        if text.endswith(".") and not text.endswith(".."):
            known = self._of_template(text[:-1], templates)
            return None if known is None else f"{known}."
        if text[:1].isupper():
            known = self._of_template(text[0].lower() + text[1:], templates)
            return None if known is None else known[0].upper() + known[1:]
        return None

    def _filled(self, template: _Template, values: Sequence[str]) -> str:
        shown = [
            value if _TYPED.search(before) else _quoted(value) if kind == "!r" else self.said(value)
            for before, kind, value in zip(template.literals[:-1], template.kinds, values, strict=True)
        ]
        before = shown.pop(0) if template.goes_on else ""
        after = shown.pop() if template.goes_before else ""
        return before + template.french.format(*shown, **dict(zip(template.names, shown, strict=True))) + after

    def _counted(self, text: str) -> str | None:
        """Return a number and what it counts."""
        counted = _COUNTED.fullmatch(text)
        return None if counted is None else f"{in_french(counted[1])} {self.said(counted[2])}"

    def _cut(self, text: str, ends: Mapping[str, str]) -> str | None:
        """Return a text whose parts, cut at one kind of punctuation, are known, at least some of them."""
        for end, shown_end in ends.items():
            parts = text.split(end)
            french = [self.said(part) for part in parts] if len(parts) > 1 else parts
            if french != parts:
                return shown_end.join(french)
        return None

    def _listed(self, text: str) -> str | None:
        """Return two words or more that are joined, as names are."""
        for join, shown_join in _JOINS.items():
            parts = text.split(join)
            if len(parts) > 1 and not any(" " in part for part in parts):
                return shown_join.join(map(self.said, parts))
        return None


def _template(english: str, french: str) -> _Template:
    """Take a template apart."""
    goes_on, goes_before = english[0] in " ,;:", english[-1] == " "
    literals, kinds = (["", ""], [""]) if goes_on else ([""], [])
    names: list[str] = []
    for literal, name, spec, conversion in Formatter().parse(english):
        literals[-1] += literal
        if name is not None:
            kinds.append(f"!{conversion}" if conversion else f":{spec}" if spec else "")
            names.append(name or f"_{len(names)}")
            literals.append("")
    if goes_before:
        literals.append("")
        kinds.append("")
    return _Template(tuple(literals), tuple(kinds), tuple(names), _SPECS.sub(r"{\1}", french), goes_on, goes_before)


def _quoted(text: str) -> str:
    """Return what stands in the quotes of Python in those of French."""
    return f"«{NARROW}{text[1:-1]}{NARROW}»"
