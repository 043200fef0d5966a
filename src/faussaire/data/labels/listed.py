"""The files that were listed, and which image a table among them means by a name.

A name is that of an image as seen from the table's own folder, or from the root, or its last part; suffixes may be
missing. Where that finds none, capital letters do not count, and then neither do the zeros in front of a number, nor a
`.0` behind it. What may mean several images means none.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from faussaire.core.names import shown
from faussaire.modalities import is_item


@dataclass(frozen=True)
class Files:
    """What was listed."""

    names: Sequence[str]
    """Of the images."""

    usable: Sequence[bool]
    """Whether each may be used."""

    texts: Mapping[str, Callable[[], bytes]]
    """By name, how the content is read of what labels may stand in."""

    where: str
    """The whole, as a message should show it."""

    @cached_property
    def _exact(self) -> _Index:
        return _Index(self.names)

    @cached_property
    def _folded(self) -> _Index:
        return _Index([name.casefold() for name in self.names])

    @cached_property
    def _numbers(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for i, name in enumerate(self.names):
            if (number := _number(name)) is not None:
                found.setdefault(number, []).append(i)
        return found

    def find(self, text: str, table: str = "") -> int | None:
        """Return which image a table means by a name; None where that is none, or not clear."""
        found = self.candidates(text, table)
        return found[0] if len(found) == 1 else None

    def candidates(self, text: str, table: str = "") -> Sequence[int]:
        """Return which images a table may mean by a name."""
        name = shown(text.strip().replace("\\", "/")).removeprefix("./")
        found = self._exact.candidates(name, table) or self._folded.candidates(name.casefold(), table.casefold())
        number = None if found else _number(name)
        return found if number is None else self._numbers.get(number, [])


class _Index:
    """Images by their name, by its last part, and by both without the suffix."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self._indices: dict[str, list[int]] = {}
        for i, name in enumerate(names):
            last = name.rsplit("/", 1)[-1]
            for key in {name, f"*/{last}", f"*/{os.path.splitext(last)[0]}", os.path.splitext(name)[0]}:
                self._indices.setdefault(key, []).append(i)

    def candidates(self, name: str, table: str) -> Sequence[int]:
        folder = table.rpartition("/")[0]
        for key in (f"{folder}/{name}" if folder else name, name):
            exact = self._indices.get(key, [])
            if len(exact) == 1:
                return exact
        found = self._indices.get(f"*/{name.rsplit('/', 1)[-1]}") or self._indices.get(f"*/{_stem(name)}", [])
        if len(found) < 2:
            return found
        plain = f"/{name.removesuffix(_image_suffix(name))}"
        ends = [i for i in found if os.path.splitext(f"/{self.names[i]}")[0].endswith(plain)]
        if len(ends) == 1:
            return ends
        split = os.path.splitext(table.rsplit("/", 1)[-1])[0].lower()
        in_split = [i for i in ends if split in self.names[i].lower().split("/")[:-1]]
        return in_split if len(in_split) == 1 else found


def _image_suffix(name: str) -> str:
    suffix = os.path.splitext(name)[1]
    return suffix if is_item(suffix.lower()) else ""


def _stem(name: str) -> str:
    """Return the last part of a name without the suffix of an image."""
    return name.rsplit("/", 1)[-1].removesuffix(_image_suffix(name))


def _number(name: str) -> int | None:
    """Return which number a file is called by: 7 for `7`, `00007.jpg` and `7.0`; None for another name."""
    found = re.fullmatch(r"([0-9]{1,18})(\.0*)?", _stem(name), re.ASCII)
    return int(found[1]) if found else None
