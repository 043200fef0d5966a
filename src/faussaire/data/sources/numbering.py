"""The order of pixels whose columns are numbered, whichever order a program has written the columns in.

`pixel0,pixel1,pixel10 …` is sorted as text, `pixel783 … pixel0` is turned round, and `r0 … g0 … b0 …` are three planes:
read as they stand, they would give scrambled pictures that no one notices.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

_COLOURS = {"r": 0, "g": 1, "b": 2, "red": 0, "green": 1, "blue": 2}
_COLOUR = re.compile("red|green|blue|r|g|b")
_NUMBER = re.compile("([a-z]*)[^a-z0-9]*([0-9]+)")  # and the word that stands before it
_DOWN, _ACROSS = frozenset({"r", "row", "rows"}), frozenset({"c", "col", "column", "columns"})
_ACROSS_FIRST = ("x", "y")


def in_order(names: Sequence[str], columns: Sequence[int]) -> tuple[int, ...]:
    """Return columns in the order of the numbers in their names, as they are where these say nothing."""
    parts = [_NUMBER.findall(names[i].lower()) for i in columns]
    numbers = [tuple(int(number) for _, number in part) for part in parts]
    if len(set(map(len, numbers))) != 1 or len(set(numbers)) < len(numbers):
        return tuple(columns)
    words = tuple(word for word, _ in parts[0])
    if len(words) == 2:
        across_first = words[0] in _ACROSS and words[1] in _DOWN
        turned = [number[::-1] for number in numbers]
        if not across_first and not (words[0] in _DOWN and words[1] in _ACROSS):
            if turned == sorted(turned):  # row by row, if the first number counts columns
                return tuple(columns)
            across_first = words == _ACROSS_FIRST and numbers != sorted(numbers)
        numbers = turned if across_first else numbers
    return tuple(column for _, column in sorted(zip(numbers, columns, strict=True)))


def stems_of(names: Sequence[str]) -> list[str]:
    """Return names without the numbers in them."""
    return [re.sub("[0-9]+", "", name) for name in names]


def coloured(names: Sequence[str]) -> tuple[int, ...]:
    """Return the columns of red, green and blue, pixel by pixel, where one word or letter tells them apart; else none.

    Interleaved, since that is how a row in colour is read where its pixels do not tell.
    """
    stems = stems_of(names)
    counts = Counter(stems)  # once: there may be thousands of columns
    planes: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    for stem in counts:
        for found in _COLOUR.finditer(stem.lower()):
            rest = (stem[: found.start()].lower(), stem[found.end() :].lower())
            planes[rest][_COLOURS[found[0]]] = stem
    for three in planes.values():
        if len(three) == 3 and len({counts[stem] for stem in three.values()}) == 1:
            ordered = [
                in_order(names, [i for i, stem in enumerate(stems) if stem == three[colour]]) for colour in range(3)
            ]
            return tuple(column for pixel in zip(*ordered, strict=True) for column in pixel)
    return ()
