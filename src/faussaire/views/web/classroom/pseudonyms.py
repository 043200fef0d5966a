"""Pseudonyms: what a pupil may be called on everybody's screen, and when two of them look the same.

A name is shown as text in an element of its own direction, never as HTML; what could still be done with it is done
away with here: letters that cannot be seen, that turn the line around (UTR #36, section 3.4), or that pile up; names
that look like another's (UTS #39, section 4: two names are confusable if their skeletons are the same). The table of
the consortium has ten thousand entries; ours has the letters of Greek and Cyrillic that look Latin, and the digits that
look like letters. What it lacks is caught where it matters: the letters of a name are of one script.
"""

from __future__ import annotations

import re
import unicodedata

from faussaire.core.errors import RequestError

MOST_LETTERS = 24
MOST_SENT = 200  # before it is cleaned
MOST_MARKS = 2  # on one letter
UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")  # Unicode categories: controls, marks of direction, half characters
FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5")  # letters and marks that show nothing
TOGETHER = {"HIRAGANA": "CJK", "KATAKANA": "CJK", "BOPOMOFO": "CJK", "HANGUL": "CJK"}
"""Scripts that are written in one word, by the first word of a letter's name."""

ALIKE = str.maketrans(
    {
        **dict(zip("авеѕікмнорстухјһӏԁԛԝ", "abesikmhopctyxjhldqw", strict=True)),  # Cyrillic
        **dict(zip("αερικντυχβηγω", "aepikvtuxbnyw", strict=True)),  # Greek
        **dict(zip("015|!$@", "olsllsa", strict=True)),
        "ο": "o",
        "i": "l",
    }
)
"""Small letters and digits, and the Latin letter that each is taken for; i is told from l by nobody in a hurry."""

RESERVED = ("teacher", "professor", "professeur", "prof", "enseignant", "enseignante", "maître", "maîtresse")
"""Who nobody may pretend to be."""


def pseudonym(sent: str) -> str:
    """Return what was sent as a name that can be shown.

    Raises:
        RequestError: nothing is left of it, it is too long, or its letters are of several scripts.
    """
    if len(sent) > MOST_SENT:
        raise RequestError(422, "a pseudonym has at most {most} letters", most=MOST_LETTERS)
    text = unicodedata.normalize("NFKC", sent)
    text = "".join(letter for letter in text if _is_seen(letter))
    text = re.sub(r"\s+", " ", _with_few_marks(text)).strip()
    if not any(unicodedata.category(letter)[0] in "LN" or unicodedata.category(letter) == "So" for letter in text):
        raise RequestError(422, "a pseudonym has at least one letter, digit or picture")
    if len(text) > MOST_LETTERS:
        raise RequestError(422, "a pseudonym has at most {most} letters", most=MOST_LETTERS)
    if len(_scripts(text)) > 1:
        raise RequestError(422, "the letters of a pseudonym are of one alphabet")
    if skeleton(text) in RESERVED_SKELETONS:
        raise RequestError(409, "somebody has a pseudonym that looks like this one: choose another")
    return text


def skeleton(name: str) -> str:
    """Return what is left of a name for a reader in a hurry: two of the same skeleton look the same.

    >>> skeleton("Léa") == skeleton("LEA ") == skeleton("Lеа")  # the last with Cyrillic е and а
    True
    """
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    letters = [letter for letter in plain if unicodedata.category(letter)[0] in "LNS"]
    return "".join(letters).translate(ALIKE).replace("rn", "m").replace("vv", "w") or plain


def _is_seen(letter: str) -> bool:
    category = unicodedata.category(letter)
    return letter.isspace() or (category not in UNSEEN and letter not in FILLERS and not _is_variation(letter))


def _is_variation(letter: str) -> bool:
    """Say whether a mark only chooses between two pictures of the letter before it."""
    return "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"


def _with_few_marks(text: str) -> str:
    """Leave out marks that pile up on a letter."""
    kept: list[str] = []
    marks = MOST_MARKS  # none stands before the first letter
    for letter in text:
        if unicodedata.category(letter).startswith("M"):
            marks += 1
        else:
            marks = MOST_MARKS if letter.isspace() else 0  # nor on a space
        if marks <= MOST_MARKS:
            kept.append(letter)
    return "".join(kept)


def _scripts(text: str) -> set[str]:
    """Return the scripts of the letters of a text."""
    letters = (letter for letter in text if unicodedata.category(letter)[0] == "L")
    words = {re.split("[ -]", unicodedata.name(letter, "UNNAMED"))[0] for letter in letters}
    return {TOGETHER.get(word, word) for word in words - {"MODIFIER"}}


RESERVED_SKELETONS = frozenset(skeleton(name) for name in RESERVED)
