"""From strings to letters: one spelling of each letter, no signs that cannot be seen, and what is no line left out."""

from __future__ import annotations

import unicodedata

import numpy as np

from faussaire.modalities.text.letters import letters_of, numbered
from faussaire.modalities.text.rule import MOST_LENGTH, ArrangedText

_MOST_SIGNS = 16 * MOST_LENGTH  # of Unicode; a longer line is not even cut into letters


def arranged(strings: np.ndarray) -> ArrangedText:
    """Cut strings `[N]` into letters; what has none, or too many, is a problem.

    Each is brought to Unicode's composed form (NFC), so that `é` is one letter however it was typed. Blanks around it
    are dropped, tabs and other blanks within become a space, and control characters go.
    """
    lines = []
    problems: dict[int, str] = {}
    num_cleaned = 0
    for place, string in enumerate(strings.tolist()):
        line = _cleaned(str(string))
        num_cleaned += any(map(_is_control, line))
        line = "".join(sign for sign in line if not _is_control(sign)) if num_cleaned else line
        letters = letters_of(line) if len(line) <= _MOST_SIGNS else line
        if not letters:
            problems[place] = "an empty line"
        elif len(letters) > MOST_LENGTH:
            problems[place] = f"a line of {len(letters):,} letters, and those of up to {MOST_LENGTH} are learnt"
        lines.append("" if place in problems else letters)
    rows, spelt = numbered(lines, num_lines=len(lines), length=max(1, *map(len, lines), 1) if lines else 1)
    notes = [f"lines with control characters, which were dropped: {num_cleaned:,}"] if num_cleaned else []
    return ArrangedText(raw=rows, letters=spelt, notes=tuple(notes), problems=problems)


def _cleaned(string: str) -> str:
    if string.isascii() and string.isprintable():
        return string.strip()
    return unicodedata.normalize("NFC", " ".join(string.split()))


def _is_control(sign: str) -> bool:
    """Whether a sign is none that could be seen: a control character, half a surrogate, a byte-order mark."""
    return sign not in " " and (unicodedata.category(sign) in ("Cc", "Cs", "Co") or sign == "\ufeff")
