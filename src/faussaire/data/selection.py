"""Which items of a source are wanted, under which labels; and which of the kept ones are set aside."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from faussaire.data.dataset import Record, Source
from faussaire.errors import DataError

HELD_OUT_FROM = 200
"""Smaller sets are trained on whole: a tenth of them would be too few to measure anything with."""

HELD_OUT_ONE_IN = 10
"""One image in so many is set aside."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The items that are wanted."""

    indices: np.ndarray
    """int64 `[N]` into the source, rising."""

    labels: np.ndarray | None
    """int64 `[N]` into `classes`, -1 for an item that cannot be used anyway; None without labels."""

    classes: tuple[str, ...]
    """Names of the classes by label."""

    notes: tuple[str, ...] = ()
    """What there is to say about the choice."""


def choose(source: Source, wanted: Sequence[str]) -> Selection:
    """Choose the items of the classes `wanted` (names in any case, or label numbers); all when none is named.

    The kept classes are numbered anew, in the order of their labels in the source.

    Raises:
        DataError: there is no such class, or there are no labels at all.
    """
    everything = np.arange(len(source.items))
    if not wanted:
        return Selection(indices=everything, labels=source.labels, classes=source.classes)
    if source.labels is None:
        raise DataError(
            f"{source.where} has no labels to choose {', '.join(wanted)} by: put the images in one folder "
            "for each class, or a labels.csv with the header file,label beside them"
        )
    old = sorted({_number(name, source) for name in wanted})
    renumbered = np.full(len(source.classes) + 1, -1)  # the last place is that of label -1
    renumbered[old] = np.arange(len(old))
    labels = renumbered[source.labels]
    indices = everything[(labels >= 0) | (source.labels < 0)]
    names = tuple(source.classes[label] for label in old)
    left_out = len(everything) - len(indices)
    note = f"classes kept: {', '.join(names)}; images of other classes left out: {left_out}"
    return Selection(indices=indices, labels=labels[indices], classes=names, notes=(note,))


def _number(name: str, source: Source) -> int:
    """Return the label of the class with that name, or else with that number."""
    known = {known.casefold(): label for label, known in enumerate(source.classes)}
    label = known.get(name.strip().casefold())
    if label is None and name.strip().isdecimal() and int(name) < len(source.classes):
        label = int(name)
    if label is None:
        close = difflib.get_close_matches(name.casefold(), known, n=1)
        meant = f"; did you mean {source.classes[known[close[0]]]}?" if close else ""
        raise DataError(f"{source.name} has no class {name!r}{meant} (classes: {', '.join(source.classes)})")
    return label


def without_empty_classes(selection: Selection, records: Sequence[Record]) -> Selection:
    """Drop the classes of which no image is kept: nothing could be learnt of them. Renumber the others."""
    if selection.labels is None:
        return selection
    kept = np.array([record.kept for record in records], bool)
    filled = np.unique(selection.labels[kept])
    if len(filled) == len(selection.classes):
        return selection
    renumbered = np.full(len(selection.classes) + 1, -1)
    renumbered[filled] = np.arange(len(filled))
    dropped = [name for label, name in enumerate(selection.classes) if label not in filled]
    return replace(
        selection,
        labels=renumbered[selection.labels],
        classes=tuple(selection.classes[label] for label in filled),
        notes=(*selection.notes, f"classes without a usable image dropped: {', '.join(dropped)}"),
    )


def held_out(digests: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    """Return bool `[N]`: what training must never see, one in ten by the SHA-256 of the pixels (V32 `[N]`).

    Copies of one image have one hash, so they fall on one side together, and an image falls on the same side
    in every set that it is in. A class, or a whole set, that would lose all its images to this keeps them for
    training.
    """
    if len(digests) < HELD_OUT_FROM:
        return np.zeros(len(digests), bool)
    aside: np.ndarray = digests.view("<u8")[::4] % HELD_OUT_ONE_IN == 0
    groups = labels if labels is not None else np.zeros(len(digests), np.int64)
    trained_on = np.bincount(groups[~aside], minlength=int(groups.max()) + 1)
    aside[trained_on[groups] == 0] = False
    return aside
