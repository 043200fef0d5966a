"""Data that lies in several files: shards, the parts of a set, and a folder that holds archives or tables for images.

Shards are named by numbers, `train-000012.tar`, or by a pattern in braces, `train-{000000..000012}.tar`. They are no
classes, and neither are train, val and test.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from faussaire.data.labels.layouts import is_split

_ARCHIVES = ("zip", "tar")
_SUFFIXES = (
    ".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".csv", ".csv.gz", ".tsv", ".npz", ".npy"
)  # fmt: skip
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


def data_in(files: Sequence[Path], kind_of: Callable[[Path], str | None]) -> list[Path]:
    """Return the archives among the files of a folder without images, or else its tables of pixels, or its arrays.

    Of several, those with `train` in front are taken, if there are any.
    """
    named = [path for path in files if path.name.lower().endswith(_SUFFIXES)]
    kinds = {path: kind_of(path) for path in named}
    for wanted in (_ARCHIVES, ("table",), ("npz", "npy")):
        found = sorted((path for path in named if kinds[path] in wanted), key=lambda path: os.fspath(path))
        if found:
            return [path for path in found if path.name.lower().startswith("train")] or found
    return []
