"""From labels as they were written to classes.

The text of a label is its identity: `7`, `007` and `7.0` are three classes, `1000001` and `1000002` are two. Blanks
around it do not count; nothing at all is no label, and neither is `nan` where the others are numbers. Classes come in
the order of numbers where all are numbers, and else in that of text, with the numbers in it in theirs.

An image has one class. One with several labels has none: it is left out, unless most images have several, so that there
are no classes. Values that nearly every image has for itself (names, identities) and measures (fractions, more
of them than classes have names) are none, which is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import numpy as np

from faussaire.core.errors import DataError
from faussaire.core.names import natural, shown

LABEL_NAMES = (
    "label", "labels", "class", "class_name", "label_name", "target", "category", "fine_label", "y", "digit", "emotion",
    "breed", "species", "class_id", "label_id", "cls",
)  # fmt: skip
"""What a column of labels is called, in any case, in the order of preference."""

MANY = 10
"""More classes than these must have two images each, on average, and may not be fractions."""

MANY_MADE = 1000
"""The same, where somebody has made whole numbers of the labels already."""

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Labels:
    """The class of each item."""

    numbers: np.ndarray | None = None
    """int64 `[N]` into `classes`, -1 for an item without a label; None without classes."""

    classes: tuple[str, ...] = ()
    """Names of the classes, as they are shown."""

    notes: tuple[str, ...] = ()
    """Where they come from, or why there are none."""

    missing: Mapping[int, str] = field(default_factory=dict)
    """Of an item without a label, why it has none, where more is known than that."""

    def problems(self) -> dict[int, str]:
        """Return what is wrong with each item that has no label where others have one."""
        without = [] if self.numbers is None else np.flatnonzero(self.numbers < 0).tolist()
        return {i: self.missing.get(i, "no label") for i in without}


@dataclass(frozen=True, kw_only=True)
class WrittenLabels:
    """The labels of items, as they were written."""

    labels: Sequence[str | None]
    """None for an item that has none."""

    notes: tuple[str, ...] = ()
    """Where they come from, or why there are none."""

    missing: Mapping[int, str] = field(default_factory=dict)
    """Of an item without a label, why it has none, where more is known than that."""

    used: frozenset[str] = frozenset()
    """Names of the files that were read for it."""

    def classes(self, *, order: Sequence[str] = ()) -> Labels:
        """Find the classes; `order` names them in an order of their own, where it names all that occur."""
        found = classes_of(self.labels, order=order)
        return replace(found, notes=(*self.notes, *found.notes), missing=self.missing)


def no_labels(num: int, why: str, *, source: str = "") -> WrittenLabels:
    """Return that there are no labels for so many items; `source` is the file that was to give them."""
    note = f"no labels from {source}: {why}" if source else f"no labels: {why}"
    return WrittenLabels(labels=[None] * num, notes=(note,))


def classes_of(labels: Sequence[str | None], *, order: Sequence[str] = ()) -> Labels:
    """Find the classes of labels as they were written, None for an item without one.

    `order` names classes in an order of their own, where it names all that occur.
    """
    places: dict[str, int] = {}
    numbers = np.fromiter(
        (-1 if label is None else places.setdefault(label.strip(), len(places)) for label in labels),
        np.int64,
        len(labels),
    )
    return classes_of_values(list(places), numbers, order=order)


def classes_of_values(
    values: Sequence[str], numbers: np.ndarray, *, order: Sequence[str] = (), many: int = MANY
) -> Labels:
    """Find the classes of labels that are told by int64 `[N]` into different `values`, -1 for none.

    More than `many` classes are looked at twice: whether they are any.
    """
    real = [value for value in values if value]
    named = [value for value in real if value.lower() != "nan"]
    if all(map(is_number, named)):
        real = named
    ordered = [one for one in order if one in set(real)]
    if len(ordered) < len(real):
        ordered = in_order(real)
    number = {value: i for i, value in enumerate(ordered)}
    renumbered = np.array([*(number.get(value, -1) for value in values), -1], np.int64)[numbers]
    if not ordered:
        return Labels()
    reason = _no_classes(ordered, int((renumbered >= 0).sum()), many)
    if reason:
        return Labels(notes=(f"no classes: {reason}",))
    return Labels(numbers=renumbered, classes=names_of(ordered))


def _no_classes(values: Sequence[str], num: int, many: int) -> str:
    """Return why the labels of `num` items make no classes; empty where they do."""
    if len(values) <= many:
        return ""
    if num < 2 * len(values):
        return (
            f"{num:,} images have {len(values):,} different labels ({shown(values[0])[:40]} …), "
            "which name single images rather than kinds of them"
        )
    if all(map(is_number, values)) and any(Decimal(value) % 1 for value in values):
        return f"the labels are {len(values):,} different fractions ({values[0]} …), a measure rather than kinds"
    return ""


def classes_of_array(labels: np.ndarray, names: Sequence[str] | None, *, num: int, where: str) -> Labels:
    """Find the classes of labels `[num]`, `[num, 1]`, or one-hot `[num, number of classes]`: numbers or texts.

    Numbers index `names`; where that is None, the classes are the values that occur, and are named by them.

    Raises:
        DataError: the labels are of another shape or type, or do not fit the names.
    """
    if labels.ndim > 1 and labels.size == len(labels):
        labels = labels.reshape(-1)
    if labels.ndim == 2 and labels.dtype.kind in "iubf" and _is_one_hot(labels):
        labels = labels.argmax(axis=1)
    whole = labels.dtype.kind != "f" or bool((np.isnan(labels) | (labels % 1 == 0)).all())
    if labels.ndim != 1 or labels.dtype.kind not in "iubfUS" or not whole:
        raise DataError(
            f"{where}: labels must be whole numbers [N] or texts [N], one for each image, not {labels.dtype} "
            f"{list(labels.shape)}{'' if whole else ' with fractions'}"
        )
    if len(labels) != num:
        raise DataError(f"{where}: {num} images, but {len(labels)} labels: they must be as many")
    if names is None and labels.dtype.kind in "US":
        return classes_of([spelt(label) for label in labels.tolist()])
    if names is None:
        found, numbers = np.unique(labels, return_inverse=True)
        return classes_of_values([spelt(value) or "" for value in found.tolist()], numbers, many=MANY_MADE)
    if labels.dtype.kind not in "iub":
        raise DataError(f"{where}: `classes` names whole numbers, but the labels are {labels.dtype}")
    if num and not (int(labels.min()) >= 0 and int(labels.max()) < len(names)):
        raise DataError(f"{where}: labels from {labels.min()} to {labels.max()}, but {len(names)} names of classes")
    if len(set(names)) != len(names):
        raise DataError(f"{where}: two classes have the same name")
    return Labels(numbers=labels.astype(np.int64), classes=names_of(names))


def _is_one_hot(labels: np.ndarray) -> bool:
    return bool(((labels == 0) | (labels == 1)).all() and (labels.sum(axis=1) == 1).all())


def is_number(text: str) -> bool:
    """Whether a text is a finite number."""
    return _NUMBER.fullmatch(text) is not None


def in_order(values: Iterable[str]) -> list[str]:
    """Return different labels in the order that they are shown in."""
    found = list(values)
    if all(map(is_number, found)):
        return sorted(found, key=lambda value: (Decimal(value), value))
    return sorted(found, key=natural)


def names_of(values: Sequence[str]) -> tuple[str, ...]:
    """Return what different labels are shown as: different names, also where they differ in what cannot be shown."""
    names: dict[str, None] = {}
    for value in values:
        name, number = shown(value), 1
        while name in names:
            number += 1
            name = f"{shown(value)} ({number})"
        names[name] = None
    return tuple(names)


def spelt(value: Any, known: Sequence[str] = ()) -> str | None:
    """Return the text of a label that is a value of some type; None for an empty one, or several.

    Whole numbers index the names that are `known`, if any are. A float that is whole is that number: where one label is
    missing, pandas makes floats of all.
    """
    if isinstance(value, (list, tuple)) and len(value) == 1:
        value = value[0]
    if value is None or isinstance(value, (list, tuple, dict)):
        return None
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")  # its bytes are its identity
    if isinstance(value, float) and not isinstance(value, bool):
        if value != value:
            return None
        value = int(value) if value.is_integer() else value
    if isinstance(value, int) and not isinstance(value, bool) and known:
        return known[value] if 0 <= value < len(known) else None
    return str(value).strip() or None


def are_mostly_several(num_several: int, num_single: int) -> bool:
    """Whether most of the images that have labels have several: then these are no classes."""
    return num_several > num_single


def column_of_labels(names: Sequence[str]) -> int | None:
    """Return the place of the column of labels among the names of columns, if one of them is called so."""
    plain = [name.strip().lower() for name in names]
    if "x" in plain:  # then y is a place in the picture
        plain = ["" if name == "y" else name for name in plain]
    return next((plain.index(name) for name in LABEL_NAMES if name in plain), None)


def is_about_labels(note: str) -> bool:
    """Whether what is said of a set tells where its labels come from, why it has none, or which class was meant."""
    source = r"(.*: )?((no )?(labels from|labels:|classes:|classes kept)|no file of labels)"
    return re.match(rf"{source}|no class is called |class \S+ is ", note) is not None
