"""Names as they are shown, ordered, and made fit for folders."""

from __future__ import annotations

import re
import unicodedata


def shown(name: str) -> str:
    """Return a file's name in one Unicode spelling (NFC), with nothing in it that cannot be printed."""
    if name.isascii() and name.isprintable():
        return name
    text = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode())
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def slug(name: str, *, room: int = 60) -> str:
    """Return a name fit for a folder: lower case, words joined by hyphens, at most `room` characters.

    Names that are made of it must stay below the 255 bytes of most systems, and some letters take four.
    """
    words = re.sub(r"[\W_]+", "-", shown(name).lower()).strip("-")[:room]
    return words.encode()[: 2 * room].decode(errors="ignore").rstrip("-") or "data"


def natural(name: str) -> tuple[list[tuple[bool, int, str]], str]:
    """Return a key that sorts `2` before `10`, and anything else as text."""
    parts = re.findall(r"0*([0-9]+)|([^0-9]+)", name)
    # More digits are a greater number; int() would refuse thousands of them.
    return [(bool(text), len(digits), digits or text) for digits, text in parts], name
