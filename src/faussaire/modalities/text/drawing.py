"""Lines drawn as pictures: black on white, in the first font at hand that has their letters.

DejaVu Sans comes with matplotlib and has the alphabets of Europe and the Near East; for others the fonts of the system
are looked through, once, and only where a letter is missing. Lines from right to left, and letters that change their
shape beside others, are laid out by Raqm where Pillow has it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont, features

SIZE = 16  # pixels, of the letters
HEIGHT = 24  # of a line
MARGIN = 6
_MISSING = "\U0010ffff"  # a sign that no font has: it shows how each draws what it lacks

Font = ImageFont.FreeTypeFont


def line_width(alphabet: Sequence[str], length: int) -> int:
    """Return how wide, in pixels, nearly every line of so many letters is: rows of tiles have one width."""
    widths = sorted(_width(letter) for letter in alphabet) or [SIZE]
    typical = widths[len(widths) * 3 // 4]
    return 2 * MARGIN + int(np.ceil(length * typical))


def drawn(lines: Sequence[str], width: int) -> np.ndarray:
    """Draw lines as uint8 `[n, HEIGHT, width, 1]`; one that is too wide is drawn narrower."""
    return np.stack([_drawn(line, width) for line in lines])[..., None]


def _drawn(line: str, width: int) -> np.ndarray:
    room, needed = width - 2 * MARGIN, 2 + int(np.ceil(sum(font.getlength(part) for font, part in _runs(line))))
    sheet = Pillow.new("L", (max(room, needed), HEIGHT), 255)
    pen = ImageDraw.Draw(sheet)
    right_to_left = _is_right_to_left(line)
    x = float(sheet.width if right_to_left else 0)
    for font, part in _runs(line):
        x -= font.getlength(part) if right_to_left else 0
        pen.text((x, HEIGHT / 2 + SIZE * 0.36), part, fill=0, font=font, anchor="ls")
        x += 0 if right_to_left else font.getlength(part)
    if sheet.width > room:
        sheet = sheet.resize((room, HEIGHT), Pillow.Resampling.LANCZOS)
    tile = np.full((HEIGHT, width), 255, np.uint8)
    tile[:, MARGIN : MARGIN + room] = np.asarray(sheet)
    return tile


def _is_right_to_left(line: str) -> bool:
    """Whether the first letter that has a direction is written to the left."""
    directions = (unicodedata.bidirectional(sign) for sign in line)
    return next((one in ("R", "AL") for one in directions if one in ("L", "R", "AL")), False)


def _runs(line: str) -> Iterator[tuple[Font, str]]:
    """Cut a line into parts that one font has all letters of, each in the order in which it is drawn by Pillow."""
    start, font = 0, _fonts()[0]
    if all(_has(font, sign) for sign in line):
        yield font, _laid(line)
        return
    for end, sign in enumerate([*line, ""]):
        wanted = _font_for(sign) if sign else None
        if wanted is not font and end > start:
            yield font, _laid(line[start:end])
            start = end
        font = wanted or font


def _laid(part: str) -> str:
    """Return a part as Pillow shall draw it: without Raqm it draws from left to right, whatever it is given."""
    return part if features.check("raqm") or not _is_right_to_left(part) else part[::-1]


@cache
def _width(letter: str) -> float:
    return _font_for(letter[0]).getlength(letter)


@cache
def _font_for(sign: str) -> Font:
    """Return the first font that has a sign; what combines or joins, and what none has, is drawn by the first."""
    if unicodedata.category(sign) in ("Mn", "Me", "Cf", "Zs"):
        return _fonts()[0]
    return next((font for font in _all_fonts(sign) if _has(font, sign)), _fonts()[0])


def _all_fonts(sign: str) -> Iterator[Font]:
    yield from _fonts()
    yield from _fonts_of_the_system()


@cache
def _has(font: Font, sign: str) -> bool:
    if sign.isspace() or unicodedata.category(sign) in ("Mn", "Me", "Cf"):
        return True
    return bytes(font.getmask(sign)) != bytes(font.getmask(_MISSING))


@cache
def _fonts() -> tuple[Font, ...]:
    """Return the font that is there everywhere."""
    from matplotlib import get_data_path

    return (ImageFont.truetype(str(Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), SIZE),)


@cache
def _fonts_of_the_system() -> tuple[Font, ...]:
    """Return those that can be drawn in this size, by their names."""
    from matplotlib.font_manager import findSystemFonts

    found = []
    for path in sorted(findSystemFonts(), key=lambda path: ("Regular" not in path, path)):
        with suppress(OSError, ValueError):  # one of fixed size, a damaged one
            found.append(ImageFont.truetype(path, SIZE))
    return tuple(found)
