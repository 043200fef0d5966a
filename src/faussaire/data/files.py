"""A source made of image files, wherever they lie: names, labels, and what is passed over.

Labels come from a `labels.csv` (header `file,label`) at the root, else from the folders of the first level,
when every image lies in one and there are at least two. Folders and zips differ only in how they are listed
(folders.py, archives.py).
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from faussaire.data.dataset import Source
from faussaire.data.decode import IMAGE_SUFFIXES, is_image
from faussaire.data.labels import classes_of
from faussaire.data.names import shown, slug
from faussaire.errors import DataError

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

_SPLITS = frozenset({"train", "training", "test", "testing", "val", "valid", "validation", "dev"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, or what stands in the place of one."""

    name: str
    """Path within the source, with forward slashes."""

    read: Callable[[], bytes]
    """Return its content, or raise what the system raises."""

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

    labels_csv: Callable[[], bytes] | None = None
    """Return the content of the labels.csv at the root, if there is one."""

    def add(
        self,
        name: str,
        read: Callable[[], bytes],
        problem: str = "",
        *,
        head: Callable[[], bytes],
        path: str | None = None,
    ) -> None:
        """Sort one file in: an entry, the table of labels, or one of the others. `head` reads its first 16 bytes."""
        suffix = os.path.splitext(name)[1].lower()
        if name == "labels.csv":
            self.labels_csv = read
        elif suffix in IMAGE_SUFFIXES or (suffix not in _NEVER and not problem and _begins_as_image(head)):
            self.entries.append(Entry(name, read, problem, path))
        else:
            self.others[suffix or "no suffix"] += 1
            if suffix in _CONTAINERS:
                self.containers.append(name)


def _begins_as_image(head: Callable[[], bytes]) -> bool:
    try:
        return is_image(head())
    except Exception:  # an archive has its own errors for what it cannot unpack
        return False


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
    entries = sorted(listing.entries, key=lambda entry: entry.name)
    problems = {i: entry.problem for i, entry in enumerate(entries) if entry.problem}
    missing = "no label"
    if listing.labels_csv is not None:
        missing = "no row for it in labels.csv"
        table = read_labels(listing.labels_csv, where=where)
        labels, label_notes = _labels_of_table(entries, table)
    else:
        labels, label_notes = _labels_of_folders(entries)
    told = (*notes, *_passed_over(listing), *label_notes)
    return _source(
        entries, labels, problems, name=name, where=where, notes=told, remote=False, close=close, missing=missing
    )


def listed_source(
    entries: Sequence[Entry],
    labels: Sequence[str | None],
    *,
    name: str,
    where: str,
    notes: Sequence[str],
    remote: bool,
) -> Source:
    """Make a source of entries in their own order, with the label of each, None where it has none."""
    problems = {i: entry.problem for i, entry in enumerate(entries) if entry.problem}
    return _source(entries, labels, problems, name=name, where=where, notes=notes, remote=remote, close=None)


def _source(
    entries: Sequence[Entry],
    labels: Sequence[str | None],
    problems: dict[int, str],
    *,
    name: str,
    where: str,
    notes: Sequence[str],
    remote: bool,
    close: Callable[[], None] | None,
    missing: str = "no label",
) -> Source:
    found = classes_of(labels)
    return Source(
        name=slug(name),
        where=where,
        items=[entry.name for entry in entries],
        labels=found.numbers,
        classes=found.classes,
        notes=(*notes, *found.notes),
        problems=found.problems(missing) | problems,
        read=lambda i: entries[i].read(),
        path=lambda i: entries[i].path,
        remote=remote,
        close=close,
    )


def _labels_of_table(entries: Sequence[Entry], table: dict[str, str]) -> tuple[list[str | None], list[str]]:
    """Return the label of each entry in a table by path, None if it has no row, and what there is to say."""
    notes = ["labels from labels.csv"]
    missing = sorted(table.keys() - {entry.name for entry in entries})
    if missing:
        notes.append(f"rows of labels.csv that name no image here: {len(missing)} (first: {missing[0]})")
    return [table.get(entry.name) for entry in entries], notes


def _labels_of_folders(entries: Sequence[Entry]) -> tuple[list[str | None], list[str]]:
    """Return the first folder of each path, if every usable one has one and they differ, and what to say."""
    paths = [entry.name.lstrip("/") for entry in entries]
    folders = [path.split("/")[0] if "/" in path else None for path in paths]
    used = {folder for folder, entry in zip(folders, entries, strict=True) if not entry.problem}
    if None in used or len(used) < 2:
        return [None] * len(entries), []
    notes = ["labels from the names of the folders"]
    if all(folder is not None and folder.lower() in _SPLITS for folder in used):
        notes.append("these folders look like parts of one set: give one of them for the classes in it")
    return [folder if folder in used else None for folder in folders], notes


def read_labels(read: Callable[[], bytes], *, where: str) -> dict[str, str]:
    """Return label by path from a table `file,label`; semicolons, as some spreadsheets write, do as well.

    Raises:
        DataError: it cannot be read, has another header, a row that is not two cells, or two labels for one
        file.
    """
    place = f"{where}: labels.csv"
    try:
        lines = read().decode("utf-8-sig").splitlines(keepends=True)
        rows = list(csv.reader(lines, delimiter=";" if lines and ";" in lines[0] else ",", strict=True))
    except UnicodeDecodeError as error:
        raise DataError(f"{place} is not UTF-8 text: save it as CSV in UTF-8") from error
    except (csv.Error, OSError, RuntimeError) as error:
        raise DataError(f"{place} cannot be read ({error})") from error
    if not rows or [cell.strip().lower() for cell in rows[0]] != ["file", "label"]:
        raise DataError(f"{place} must begin with the line `file,label`, then one row for each image")
    table: dict[str, str] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not row:
            continue
        if len(row) != 2 or not row[1].strip():
            raise DataError(f"{place}, row {number}: expected a file and its label, got {','.join(row)[:60]!r}")
        file, label = shown(row[0].strip().replace("\\", "/").removeprefix("./")), shown(row[1].strip())
        if table.setdefault(file, label) != label:
            raise DataError(f"{place}, row {number}: {file} has two labels, {table[file]!r} and {label!r}")
    return table


def _passed_over(listing: Listing) -> list[str]:
    """Say how many files were passed over, of which kinds, and which of them may hold images."""
    if not listing.others:
        return []
    kinds = ", ".join(suffix for suffix, _ in listing.others.most_common(5))
    told = [f"other files passed over: {listing.others.total()} ({kinds})"]
    if listing.containers:
        first = min(listing.containers)
        told.append(
            f"archives and arrays in it are not read: {len(listing.containers)} (first: {first}); "
            "give each as data of its own"
        )
    return told


def too_large(num_bytes: int) -> str:
    """Return why a file of that size is rejected, empty when it is not."""
    if num_bytes <= MAX_FILE_BYTES:
        return ""
    return f"a file of {num_bytes / 2**30:.1f} GiB: the limit is {MAX_FILE_BYTES / 2**30:.1f} GiB"
