"""Names as they are shown, ordered, and made fit for folders."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import overload


def shown(name: str) -> str:
    """Return a name in one Unicode spelling (NFC), what cannot be printed escaped: `\\n`, `\\x1b`, a byte `\\xe9`."""
    if name.isascii() and name.isprintable():
        return name
    text = unicodedata.normalize("NFC", name)
    return "".join(letter if _printable(letter) else _escaped(letter) for letter in text)


def told_apart(paths: Sequence[str]) -> list[str]:
    """Return how paths are shown: two that differ in their bytes, in whichever part, differ in what is shown.

    Names of one folder that would be shown alike are escaped wherever they are not ASCII; blanks at the ends of a name
    are, as nobody sees them.
    """
    if all(map(_plain, paths)):
        return list(paths)
    within: dict[str, dict[str, str]] = {}
    for path in dict.fromkeys(paths):
        for folder, part in _steps(path):
            within.setdefault(folder, {})[part] = ""
    for folder, parts in within.items():
        within[folder] = dict(zip(parts, _apart(list(parts)), strict=True))
    return ["/".join(within[folder][part] for folder, part in _steps(path)) for path in paths]


def _steps(path: str) -> Iterator[tuple[str, str]]:
    """Give each part of a path, after the folder that it lies in."""
    folder = ""
    for part in path.split("/"):
        yield folder, part
        folder += f"{part}/"


def _apart(names: Sequence[str]) -> list[str]:
    """Return how different names are shown, all different."""
    texts = [_with_ends(shown(name)) for name in names]
    while len(num := Counter(texts)) < len(texts):
        texts = [
            "".join(_escaped(letter, whole=True) for letter in name) if num[text] > 1 else text
            for name, text in zip(names, texts, strict=True)
        ]
    return texts


def _plain(path: str) -> bool:
    """Whether a path is shown as it is."""
    if not (path.isascii() and path.isprintable()):
        return False
    return " " not in path or not ("/ " in path or " /" in path or path[0] == " " or path[-1] == " ")


def _with_ends(text: str) -> str:
    left, right = len(text) - len(text.lstrip()), len(text.rstrip())
    return "".join(_escaped(t, whole=True) if not left <= i < right else t for i, t in enumerate(text))


def _printable(letter: str) -> bool:
    """Whether a letter can be shown as it is: also wide blanks, and what joins the parts of a letter or an emoji."""
    return letter.isprintable() or letter in "\u200c\u200d" or unicodedata.category(letter) == "Zs"


def _escaped(letter: str, *, whole: bool = False) -> str:
    """Return a letter as an escape; `whole` does so such that no two texts become one."""
    code = ord(letter)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"  # a byte that is no text, as Python hands it over
    if whole and code < 0x80:
        return letter if letter.isprintable() and letter not in "\\ " else f"\\x{code:02x}"
    return f"\\u{code:04x}" if whole and code < 0x100 else letter.encode("unicode_escape").decode()


def shortened(text: str, room: int = 100) -> str:
    """Return what comes from outside as a message may quote it: one line, printable, of at most `room` characters."""
    whole = shown(" ".join(text[: 4 * room].split()))
    return whole if len(whole) <= room and len(text) <= 4 * room else whole[: room - 1].rstrip() + "…"


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


class Numbered(Sequence[str]):
    """The names `file[0]`, `file[1]` … of the rows of an array, made when they are asked for."""

    def __init__(self, file: str, count: int) -> None:
        self.file, self._rows = file, range(count)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, i: int) -> str: ...
    @overload
    def __getitem__(self, i: slice) -> list[str]: ...
    def __getitem__(self, i: int | slice) -> str | list[str]:
        """Return one name, or those of a slice."""
        rows, file = self._rows[i], self.file
        return f"{file}[{rows}]" if isinstance(rows, int) else [f"{file}[{row}]" for row in rows]
