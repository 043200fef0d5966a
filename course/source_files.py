"""The source of a notebook: one file for both languages, from which all its versions are made.

It is Python in the percent format. Text is in pairs, `[en]` and `[fr]`; code is shared, and what people read of it, in
strings and comments, stands as `[[English | français]]`. What lies between `# START` and `# END` is a hole of the
exercise. A budget that a quick run makes smaller says so behind its line: `kimg=60,  # quick: 0.5`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from words import LANGUAGES

CELL = "# %%"
MARKDOWN = "# %% [markdown]"
PAIR = re.compile(r"\[\[(.*?) \| (.*?)\]\]")
HOLE = re.compile(r"^( *)# START([^\n]*)\n(.*?)^ *# END *$", re.MULTILINE | re.DOTALL)
BUDGET = re.compile(r"^(.*?)([\d._]+)(\D*?)  # quick: ([\d._]+)$", re.MULTILINE)


class SourceError(ValueError):
    """A source that no notebook can be made of; the message says where and why."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell: Markdown of each language, or code."""

    line: int
    """Where it begins in its file."""
    markdown: dict[str, str] | None = None
    code: str = ""

    @property
    def has_hole(self) -> bool:
        """Whether there is something to fill in."""
        return self.markdown is None and HOLE.search(self.code) is not None

    def text(self, language: str, *, solution: bool = True, quick: bool = False) -> str:
        """Return what stands in the notebook of a language.

        Args:
            solution: with what belongs into the holes.
            quick: with the small budgets.
        """
        if self.markdown is not None:
            return self.markdown[language]
        code = PAIR.sub(lambda pair: pair[1 + LANGUAGES.index(language)], self.code)
        if not solution:
            code = HOLE.sub(r"\1# START\2\n\1...\n\1# END", code)
        return BUDGET.sub(lambda budget: f"{budget[1]}{budget[4] if quick else budget[2]}{budget[3]}", code)


def parse(text: str, *, name: str) -> list[Cell]:
    """Read the cells of a source.

    Raises:
        SourceError: it begins without a cell, or a text is there in one language only.
    """
    return [_cell(head, lines, line, name) for head, lines, line in _blocks(text, name)]


def _blocks(text: str, name: str) -> Iterator[tuple[str, list[str], int]]:
    """Yield the head of each cell, its lines and the number of its first."""
    head, lines, start = "", [], 1
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(CELL):
            if head:
                yield head, lines, start
            head, lines, start = line.rstrip(), [], number
        elif head:
            lines.append(line)
        elif line.strip():
            raise SourceError(f"{name}:{number}: a cell begins with {CELL!r}")
    if head:
        yield head, lines, start


def _cell(head: str, lines: list[str], line: int, name: str) -> Cell:
    if head != MARKDOWN:
        code = "\n".join(lines).strip("\n")
        if code.count("# START") != code.count("# END") or code.count("[[") != len(PAIR.findall(code)):
            raise SourceError(f"{name}:{line}: a START without END, or a [[ without ' | ' and ]]")
        return Cell(line=line, code=code)
    parts: dict[str, list[str]] = {}
    language = ""
    for number, raw in enumerate(lines, line + 1):
        if raw.strip() and not raw.startswith("#"):
            raise SourceError(f"{name}:{number}: text stands behind '# '")
        content = raw[2:]
        if content.strip() in (f"[{one}]" for one in LANGUAGES):
            language = content.strip()[1:-1]
            parts[language] = []
        elif language:
            parts[language].append(content)
        elif content.strip():
            raise SourceError(f"{name}:{number}: text begins with [en] or [fr]")
    if set(parts) != set(LANGUAGES):
        raise SourceError(f"{name}:{line}: text must be there in {' and '.join(LANGUAGES)}")
    return Cell(line=line, markdown={one: "\n".join(part).strip("\n") for one, part in parts.items()})
