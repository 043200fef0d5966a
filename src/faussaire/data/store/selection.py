"""Which items of a source are wanted, and under which labels."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from faussaire.core.errors import ConfigError, DataError
from faussaire.core.names import shown
from faussaire.data.dataset import Source
from faussaire.data.labels.labels import is_about_labels, is_number


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The items that are wanted."""

    indices: Sequence[int]
    """N places in the source, rising."""

    labels: np.ndarray | None
    """int64 `[N]` into `classes`, -1 for an item that cannot be used anyway; None without labels."""

    classes: tuple[str, ...]
    """Names of the classes by label."""

    notes: tuple[str, ...] = ()
    """What there is to say about the choice."""


def choose(source: Source, wanted: Sequence[str]) -> Selection:
    """Choose the items of the classes `wanted` (names in any case, `*` and `?` in them, or label numbers).

    All when none is named. The kept classes are numbered anew, in the order of their labels in the source.

    Raises:
        DataError: there is no such class, or there are no labels at all.
    """
    if not wanted:
        return Selection(indices=range(len(source.items)), labels=source.labels, classes=source.classes)
    if source.labels is None:
        why = "".join(f" ({note})" for note in source.notes if is_about_labels(note))
        raise DataError(
            f"{source.where} has no labels to choose {', '.join(wanted)} by{why}: put the images in one folder "
            "for each class, or a labels.csv with the header file,label beside them"
        )
    found = [_numbers(name, source) for name in wanted]
    old = sorted({number for numbers, _ in found for number in numbers})
    renumbered = np.full(len(source.classes) + 1, -1)  # the last place is that of label -1
    renumbered[old] = np.arange(len(old))
    labels = renumbered[source.labels]
    indices = np.flatnonzero((labels >= 0) | (source.labels < 0))
    names = tuple(source.classes[label] for label in old)
    left_out = len(source.items) - len(indices)
    by_number = "".join(f"; {told}" for _, told in found if told)
    note = f"classes kept: {', '.join(names)}{by_number}; images of other classes left out: {left_out:,}"
    return Selection(indices=indices.tolist(), labels=labels[indices], classes=names, notes=(note,))


def class_by(asked: str, classes: Sequence[str]) -> tuple[int | None, str]:
    """Find a class by its name, in any case, or else by its number; None where there is none.

    Returns it with what there is to say where it was not found by its name.

    Raises:
        ConfigError: more than one may be meant.
    """
    text = shown(asked.strip())
    if text in classes:
        return classes.index(text), ""
    alike = [i for i, name in enumerate(classes) if name.casefold() == text.casefold()]
    number = int(text) if text.isdecimal() and len(text) < 10 else None
    if not alike and number is not None:
        alike = [i for i, name in enumerate(classes) if is_number(name) and float(name) == number]
        if number < len(classes) and number not in alike:
            if alike:
                raise ConfigError(
                    f"class {text} may be {classes[alike[0]]} by its name or {classes[number]} by its number: "
                    "give the name as it is written"
                )
            return number, f"no class is called {text}, so it is the one of that number: {classes[number]}"
    if len(alike) > 1:
        raise ConfigError(
            f"class {text} may be {' or '.join(classes[i] for i in alike)}: give the name as it is written"
        )
    return (alike[0], f"class {text} is {classes[alike[0]]}" if number is not None else "") if alike else (None, "")


def _numbers(name: str, source: Source) -> tuple[list[int], str]:
    """Return the labels of the classes that a name means, perhaps with wildcards, and what there is to say of it."""
    number, told = class_by(name, source.classes)
    if number is not None:
        return [number], told
    text = name.strip().casefold()
    known = {one.casefold(): label for label, one in enumerate(source.classes)}
    found = [label for label, one in enumerate(source.classes) if fnmatchcase(one.casefold(), text)]
    if not found:
        close = difflib.get_close_matches(text, known, n=1)
        meant = f"; did you mean {source.classes[known[close[0]]]}?" if close else ""
        raise DataError(f"{source.name} has no class {name!r}{meant} (classes: {_named(source.classes)})")
    return found, ""


def _named(classes: Sequence[str]) -> str:
    return ", ".join(classes[:30]) + (f" and {len(classes) - 30} others" if len(classes) > 30 else "")
