"""A source made of image files, wherever they lie: names, labels, and what is passed over.

Labels come from files beside the images (beside.py), else from the folders that they lie in (layouts.py). Folders and
archives differ only in how they are listed (folders.py, archives.py).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from faussaire.core.marks import OWN_NOTE, mark_in
from faussaire.core.names import slug
from faussaire.data.dataset import Source
from faussaire.data.labels.beside import TEXT_SUFFIXES, find_beside, find_labels
from faussaire.data.labels.labels import is_about_labels
from faussaire.data.labels.layouts import masks_in
from faussaire.data.labels.listed import Files
from faussaire.data.pool.chunks import content
from faussaire.modalities import begins_as_item, is_item

MAX_FILE_BYTES = 2**29
"""Larger files are rejected unread."""

_NEVER = frozenset(
    {".txt", ".csv", ".json", ".xml", ".md", ".html", ".py", ".svg", ".mp4", ".wav", ".mp3", ".zip", ".gz"}
)
# these are what they are called: not worth a look inside

_CONTAINERS = frozenset(
    {".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".npy", ".npz", ".parquet", ".arrow", ".h5"}
)
# data of its own, which is not read as part of a folder


class Entry(NamedTuple):
    """One file, or what stands in the place of one."""

    name: str
    """Path within the source, with forward slashes."""

    read: Callable[..., bytes]
    """Return its content, or its first bytes, `read(count)`; or raise what the system raises."""

    problem: str = ""
    """Why it cannot be used, where that is known already."""

    path: str | None = None
    """Where it lies as a file of its own, if it does."""


@dataclass
class Listing:
    """What is in a folder or zip."""

    entries: list[Entry] = field(default_factory=list)
    """Everything that has the suffix of an image, or begins as one does."""

    others: Counter[str] = field(default_factory=Counter)
    """Number of files passed over, by suffix."""

    containers: list[str] = field(default_factory=list)
    """Names of archives and arrays, which are among the others."""

    texts: dict[str, Callable[[], bytes]] = field(default_factory=dict)
    """Those of the others that labels may stand in: how each is read."""

    pickles: list[str] = field(default_factory=list)
    """Those of the others that are pickles."""

    def add(self, name: str, read: Callable[..., bytes], problem: str = "", path: str | None = None) -> None:
        """Sort one file in: an entry, or one of the others."""
        suffix = os.path.splitext(name)[1].lower()
        called_so = is_item(suffix)
        begin = b"" if called_so or problem or suffix in _NEVER else _beginning(read)
        if called_so or begins_as_item(begin):
            self.entries.append(Entry(name, read, problem, path))
            return
        self.others[suffix or "no suffix"] += 1
        if suffix in _CONTAINERS:
            self.containers.append(name)
        elif suffix in TEXT_SUFFIXES and not problem:
            self.texts[name] = read
        elif is_pickle(begin):
            self.pickles.append(name)


def _beginning(read: Callable[..., bytes]) -> bytes:
    try:
        return read(16)
    except Exception:  # an archive has its own errors for what it cannot unpack
        return b""


def is_pickle(head: bytes) -> bool:
    """Whether a file that begins so is a pickle, as data sets of Python's early days are."""
    return head[:1] == b"\x80" and head[1:2] in (b"\2", b"\3", b"\4", b"\5")


def file_source(
    listing: Listing,
    *,
    name: str,
    where: str,
    notes: Sequence[str] = (),
    close: Callable[[], None] | None = None,
) -> Source:
    """Make a source of what was listed: sorted by path, with labels if there are any.

    Raises:
        DataError: `labels.csv` is not a table of `file,label`.
    """
    entries = _told_own(sorted(listing.entries, key=lambda entry: entry.name))
    masks = masks_in([entry.name for entry in entries])
    if masks:
        first = entries[min(masks)].name
        notes = (*notes, f"masks beside images of the same name, passed over: {len(masks)} (first: {first})")
        entries = [entry for i, entry in enumerate(entries) if i not in masks]
    files = Files([entry.name for entry in entries], [not entry.problem for entry in entries], listing.texts, where)
    found = find_labels(files)
    source = entries_source(entries, name=name, where=where, notes=(*notes, *_passed_over(listing, found.used)))
    return replace(source.labelled(found.classes()), close=close, mixed=((len(entries), True),))


def entries_source(entries: Sequence[Entry], *, name: str, where: str, notes: Sequence[str]) -> Source:
    """Make a source of entries in their own order, without labels."""
    return Source(
        name=slug(name),
        where=where,
        items=[entry.name for entry in entries],
        notes=tuple(notes),
        problems={i: entry.problem for i, entry in enumerate(entries) if entry.problem},
        read=lambda i: entries[i].read(),
        path=lambda i: entries[i].path,
    )


def _told_own(entries: list[Entry]) -> list[Entry]:
    """Find the pictures that faussaire wrote beside folders of images: one image beside them would cost all labels.

    The first picture that somebody else put there ends the search, so that next to nothing is read twice.
    """
    beside = [i for i, entry in enumerate(entries) if "/" not in entry.name and not entry.problem]
    for i in beside if len(beside) < len(entries) else ():
        data, *_ = content(entries[i].read)
        if data is None or not mark_in(data):
            break
        entries[i] = entries[i]._replace(problem=OWN_NOTE)
    return entries


def with_labels_beside(source: Source, listing: Listing) -> Source:
    """Give a source without labels those that the files of a folder around it tell."""
    usable = [i not in source.problems for i in range(len(source.items))]
    found = None
    if source.labels is None and listing.texts:
        found = find_beside(Files(source.items, usable, listing.texts, source.where))
    if found is None:
        return source
    notes = tuple(note for note in source.notes if not is_about_labels(note))
    return replace(source, notes=notes).labelled(found.classes())


def _passed_over(listing: Listing, used: Collection[str]) -> list[str]:
    """Say how many files were passed over, of which kinds, and which of them may hold images."""
    others = listing.others - Counter(os.path.splitext(name)[1].lower() for name in used)
    if not others:
        return []
    kinds = ", ".join(suffix for suffix, _ in others.most_common(5))
    notes = [f"other files passed over: {others.total()} ({kinds})"]
    if listing.pickles:
        notes.append(
            f"pickles are never opened, as they may run any program: {len(listing.pickles)} "
            f"(first: {min(listing.pickles)}); save the images in them as an .npz, or as files"
        )
    if listing.containers:
        first = min(listing.containers)
        notes.append(
            f"archives and arrays in it are not read: {len(listing.containers)} (first: {first}); "
            "give each as data of its own"
        )
    return notes


def too_large(num_bytes: int) -> str:
    """Return why a file of that size is rejected, empty when it is not."""
    if num_bytes <= MAX_FILE_BYTES:
        return ""
    return f"a file of {num_bytes / 2**30:.1f} GiB: the limit is {MAX_FILE_BYTES / 2**30:.1f} GiB"
