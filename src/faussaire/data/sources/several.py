"""Several sources as one, in the order in which they were given.

Where they have labels, those of one name are one class. Where none has, but each is a folder or archive of its own,
its name is the label of all that it holds, unless they are shards or parts of one set (shards.py). Arrays of one shape
stay an array; any other mixture is read as files.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

import numpy as np

from faussaire.core.config import NAMED, named
from faussaire.core.names import shown, slug
from faussaire.data.dataset import Origin, Source
from faussaire.data.labels.labels import Labels, classes_of_values, is_about_labels
from faussaire.data.sources.rows import ArrayRows, SourceRows, StackedRows
from faussaire.data.sources.shards import why_no_classes


def joined_name(names: Sequence[str]) -> str:
    """Return a name for several sets together, fit for a folder's name however many they are."""
    if len(names) <= NAMED:
        return slug("-".join(names))
    return slug(names[0], room=40) + f"-and-{len(names) - 1}-others"


def several_source(origins: Sequence[Origin], scratch: Path) -> Source:
    """Open several origins as one source.

    Raises:
        DataError: one of them cannot be read.
    """
    with ExitStack() as stack:
        parts = [stack.enter_context(origin.open(scratch)) for origin in origins]
        return _joined(_agreed(parts), stack.pop_all().close)


def _agreed(parts: Sequence[Source]) -> list[Source]:
    """Let arrays of one modality mean the same by their numbers: they are parts of one set."""
    found = list(parts)
    arrays = {i: part.array for i, part in enumerate(parts) if isinstance(part.array, ArrayRows)}
    for modality in {array.modality for array in arrays.values()}:
        places = [i for i, array in arrays.items() if array.modality is modality]
        agreed = modality.agreed([arrays[i].arranged for i in places])
        for i, arranged in zip(places, agreed, strict=True):
            notes = [text for text in parts[i].notes if text not in arrays[i].arranged.notes]
            array = replace(arrays[i], arranged=arranged)
            found[i] = replace(parts[i], array=array, notes=(*notes, *arranged.notes))
    return found


def _joined(parts: Sequence[Source], close: Callable[[], None]) -> Source:
    ends = list(accumulate(len(part.items) for part in parts))
    labels = _labels(parts)

    def at(i: int) -> tuple[Source, int]:
        part = bisect_right(ends, i)
        return parts[part], i - (ends[part - 1] if part else 0)

    def read(i: int) -> bytes:
        source, k = at(i)
        return _as_file(source, k) if source.read is None else source.read(k)

    def path(i: int) -> str | None:
        source, k = at(i)
        return None if source.path is None else source.path(k)

    starts = [0, *ends[:-1]]
    array = _one_array(parts)
    return Source(
        name=joined_name([part.name for part in parts]),
        where=named([part.where for part in parts]),
        items=[f"{part.name}/{item}" for part in parts for item in part.items],
        labels=labels.numbers,
        classes=labels.classes,
        notes=tuple(_notes(parts, labels)),
        problems={
            start + i: text for start, part in zip(starts, parts, strict=True) for i, text in part.problems.items()
        },
        read=None if array else read,
        path=None if array else path,
        array=array,
        remote=any(part.remote for part in parts),
        mixed=tuple(one for part in parts for one in part.mixed or ((len(part.items), False),)),
        close=close,
    )


def _labels(parts: Sequence[Source]) -> Labels:
    """Return the classes of all items together."""
    counts = [len(part.items) for part in parts]
    if all(part.labels is None for part in parts):
        names = [_called(part) for part in parts]
        why = why_no_classes(names)
        if why:
            return Labels(notes=(f"no labels: {why}",))
        found = classes_of_values(names, np.repeat(np.arange(len(parts)), counts))
        return replace(found, notes=(*found.notes, "labels from the names of the parts"))
    if any(part.labels is None for part in parts):
        without = next(part.name for part in parts if part.labels is None)
        return Labels(notes=(f"no labels: some parts have them and others have none (first: {without})",))
    number: dict[str, int] = {}
    pieces = []
    for part in parts:
        assert part.labels is not None
        renumbered = np.array([*(number.setdefault(name, len(number)) for name in part.classes), -1])
        pieces.append(renumbered[part.labels])
    return classes_of_values(list(number), np.concatenate(pieces))


def _called(part: Source) -> str:
    """Return the name of a part as a class: that of its folder, as it is written, or that of its file."""
    name = shown(Path(part.where).name)
    return name if slug(name) == part.name else part.name


def _notes(parts: Sequence[Source], labels: Labels) -> list[str]:
    """Return what there is to say of the parts, what is the same for several once, and of the whole."""
    names_by_note: dict[str, list[str]] = {}
    for part in parts:
        for text in part.notes:
            if not (labels.notes and is_about_labels(text)):
                names_by_note.setdefault(text, []).append(part.name)
    others = {text: f" and {len(names) - 1} others" if len(names) > 1 else "" for text, names in names_by_note.items()}
    return [*(f"{names[0]}{others[text]}: {text}" for text, names in names_by_note.items()), *labels.notes]


def _one_array(parts: Sequence[Source]) -> SourceRows | None:
    """Return the images of all parts as one array, where they are arrays of one shape."""
    arrays = [part.array for part in parts if part.array is not None]
    if len(arrays) < len(parts) or len({(array.modality, array.shape[1:]) for array in arrays}) > 1:
        return None
    return StackedRows(arrays)


def _as_file(source: Source, i: int) -> bytes:
    """Return a sample of an array as the bytes of a file."""
    assert source.array is not None
    return source.array.modality.as_file(source.array[np.array([i])][0])
