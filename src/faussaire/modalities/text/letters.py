"""Letters: what a reader takes for one sign, however many signs of Unicode it is written with, and the number of each.

`é` may be two of them, a flag two, a family of four seven: split at each, a generator would make halves of
them. Lines are cut into extended grapheme clusters, by the rules of Unicode's annex 29 that occur in living text: what
combines, what a joiner joins, tints of skin, pairs of regional indicators. A letter of one sign has that as its
number; one of several has a number above all of Unicode that only its own spelling decides, so that two files agree
without having seen each other.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np

END = 0
"""The number of what follows the last letter of a line, to the end of its row."""

NUMBER = np.dtype(np.uint32)
_SEVERAL = 1 << 31  # above the 0x10FFFF of Unicode
_JOINER = "\u200d"
_PLAIN = re.compile(r"[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u0590]*")


def letters_of(line: str) -> Sequence[str]:
    """Return the letters of a line, in the order in which they are read aloud."""
    if _PLAIN.fullmatch(line):  # no sign that belongs to the one before it
        return line
    found: list[str] = []
    flags = 0  # regional indicators at the end of what was found
    for sign in line:
        is_flag = 0x1F1E6 <= ord(sign) <= 0x1F1FF
        if found and (_continues(sign) or found[-1].endswith(_JOINER) or (is_flag and flags % 2)):
            found[-1] += sign
        else:
            found.append(sign)
        flags = flags + 1 if is_flag else 0
    return found


def _continues(sign: str) -> bool:
    """Whether a sign belongs to the letter before it: it combines, joins, tints or tags."""
    code = ord(sign)
    if sign == _JOINER or 0x1F3FB <= code <= 0x1F3FF or 0xE0020 <= code <= 0xE007F:
        return True
    return unicodedata.category(sign) in ("Mn", "Me", "Mc") or 0x1160 <= code <= 0x11FF  # vowels, finals of Hangul


def number_of(letter: str) -> int:
    """Return the number of a letter, which depends on its spelling alone."""
    if len(letter) == 1:
        return ord(letter)
    return (
        _SEVERAL | int.from_bytes(hashlib.sha256(letter.encode("utf-8", "surrogatepass")).digest()[:4], "little") >> 1
    )


def numbered(lines: Iterable[Sequence[str]], *, num_lines: int, length: int) -> tuple[np.ndarray, dict[int, str]]:
    """Return lines as numbers uint32 `[num_lines, length]`, END where a line has ended, and the letter of each number.

    Of a line that is longer the beginning is kept.
    """
    rows = np.zeros((num_lines, length), NUMBER)
    spelt: dict[str, int] = {}
    for row, line in zip(rows, lines, strict=True):
        numbers = [spelt[one] if one in spelt else spelt.setdefault(one, number_of(one)) for one in line[:length]]
        row[: len(numbers)] = numbers
    return rows, {number: letter for letter, number in spelt.items()}


def split_by(text: str, alphabet: Sequence[str]) -> list[int]:
    """Return the places in an alphabet, from 1 on, of the letters of a text that was put together of them.

    What is none of them is passed over.
    """
    place = {letter: number for number, letter in enumerate(alphabet, start=1)}
    longest_first = sorted(place, key=len, reverse=True)
    return [place[one] for one in re.findall("|".join(map(re.escape, longest_first)), text)]
