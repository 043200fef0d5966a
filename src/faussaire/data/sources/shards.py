"""Data that lies in several files: shards, the parts of a set, and a folder that holds archives or tables for images.

Shards are named by numbers, `train-000012.tar`, or by a pattern in braces, `train-{000000..000012}.tar`. They are no
classes, and neither are train, val and test.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from faussaire.core.errors import DataError
from faussaire.data.labels.layouts import is_split
from faussaire.data.sources.kind import SourceKind
from faussaire.data.sources.kinds import SOURCES, is_named, kind_of

_INSTEAD_OF_IMAGES = (
    ("zip", "tar"),
    ("table",),
    ("npz", "npy"),
    ("lines",),
)  # kinds that a folder may hold, the likelier first
_BRACES = re.compile(r"\{([^{}]*)\}")
_MOST = 100_000  # names that a pattern may stand for


def expanded(text: str) -> list[str]:
    """Return the names that a pattern stands for, `{000..123}` or `{train,val}`; the text alone where it is none."""
    pieces = _BRACES.split(text)
    choices = [[piece] if k % 2 == 0 else _choices(piece) for k, piece in enumerate(pieces)]
    num = 1
    for options in choices:
        num *= len(options)
    return ["".join(parts) for parts in itertools.product(*choices)] if num <= _MOST else [text]


def _choices(inside: str) -> list[str]:
    """Return what stands between braces: numbers, as wide as the first of them, or words."""
    numbers = re.fullmatch(r"([0-9]{1,9})\.\.([0-9]{1,9})", inside)
    if numbers is not None:
        first, last = numbers.groups()
        if 0 <= int(last) - int(first) < _MOST:
            return [f"{i:0{len(first)}}" for i in range(int(first), int(last) + 1)]
    return inside.split(",") if "," in inside else [f"{{{inside}}}"]


def why_no_classes(names: Sequence[str]) -> str:
    """Return why the names of parts are no classes; empty where they are."""
    if len(set(names)) < len(names):
        return "two parts have the same name"
    if len({re.sub("[0-9]{3,}", "", name) for name in names}) == 1 and not all(name.isdecimal() for name in names):
        return "the parts are shards, named by their numbers"
    if all(map(is_split, names)):
        return "the parts are those of one set"
    return ""


def data_in(files: Sequence[Path]) -> dict[Path, SourceKind]:
    """Return the archives among the files of a folder without images, or else its tables of pixels, or its arrays.

    Of several, those with `train` in front are taken, if there are any.
    """
    able = [kind for kind in SOURCES if any(kind.name in names for names in _INSTEAD_OF_IMAGES)]
    kinds = {}
    for path in sorted(files, key=os.fspath):
        if any(is_named(path.name.lower(), kind) for kind in able):
            with suppress(DataError):
                kinds[path] = kind_of(path)
    for wanted in _INSTEAD_OF_IMAGES:
        found = {path: kind for path, kind in kinds.items() if kind.name in wanted}
        if found:
            return {path: kind for path, kind in found.items() if path.name.lower().startswith("train")} or found
    return {}
