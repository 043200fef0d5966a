"""A folder of image files, read with all that lies below it.

Whatever a folder may hold, listing it ends and asks for no more than names, sizes and times: pipes and devices are
never opened. The folder itself is walked first, then its links to other folders: each folder is read once, so that a
link to one that is read anyway (or that holds this one) is passed over, and none loops. What faussaire wrote, and what
systems leave behind, is passed over and told, unless it is the folder that was named.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from faussaire.core.disk import read_file, stamp, why_unread
from faussaire.core.errors import DataError
from faussaire.core.marks import is_marked
from faussaire.core.names import shown, told_apart
from faussaire.data.dataset import Source
from faussaire.data.sources.files import Listing, file_source, too_large
from faussaire.data.sources.litter import is_environment, is_litter, is_trash
from faussaire.modalities import begins_as_item, is_item

Key = tuple[int, int] | str

_LOOKED_AT = 64
_HIDDEN = "hidden files or folders passed over"


@dataclass
class Folder:
    """What lies in a folder and below."""

    root: Path

    files: list[tuple[str, str, str]] = field(default_factory=list)
    """Of each file its name from the root on, its path, and why it cannot be used."""

    notes: list[str] = field(default_factory=list)
    """What there is to say about it."""

    signature: str = ""
    """Hash of the names, sizes and times of change."""

    def has_images(self) -> bool:
        """Whether a file in it is an image by its name; of files without a suffix, a few are looked at."""
        without: list[str] = []
        for name, path, why in self.files:
            suffix = os.path.splitext(name)[1].lower()
            if not why and is_item(suffix):
                return True
            if not why and not suffix:
                without.append(path)
        return any(map(_begins_as_image, without[:_LOOKED_AT]))


def list_folder(root: Path) -> Folder:
    """List a folder and the folders in it.

    Raises:
        DataError: it cannot be opened.
    """
    walk = _Walk(root)
    walk.all()
    return walk.found


def folder_source(folder: Folder, scratch: Path | None = None) -> Source:
    """Make a source of the images in a folder.

    Raises:
        DataError: its `labels.csv` cannot be used.
    """
    name, where = folder.root.resolve().name, str(folder.root)
    return file_source(listing_of(folder), name=name, where=where, notes=folder.notes)


def listing_of(folder: Folder) -> Listing:
    """Return what is in a folder, sorted by what it is."""
    listing = Listing()
    names = told_apart([name for name, _, _ in folder.files])
    for name, (_, path, problem) in zip(names, folder.files, strict=True):
        listing.add(name, partial(read_file, path), problem, path)
    return listing


class _Walk:
    """One way through all folders."""

    def __init__(self, root: Path) -> None:
        self.root, self.found = root, Folder(root)
        self._stamps: list[str] = []
        self._pending: list[tuple[str, str]] = [(str(root), "")]
        self._links: list[tuple[str, str]] = []
        self._seen: set[Key] = set()
        self._above: set[Key] = set()
        self._passed: dict[str, list[str]] = {}

    def all(self) -> None:
        """Go through the root and all below, then through what its links lead to."""
        self._above = {_key(str(folder)) for folder in (self.root, *self.root.resolve().parents)}
        while self._pending or self._links:
            if self._pending:
                self._list(*self._pending.pop())
            else:
                self._links.sort()
                self._follow(*self._links.pop(0))
        # What is passed over is no part of the data: it may come and go.
        text = "\0".join([*sorted(self._stamps), *self.found.notes])
        self.found.signature = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        self.found.notes += [f"{why}: {len(names)}{_first(names)}" for why, names in self._passed.items()]

    def _list(self, folder: str, inside: str) -> None:
        """Sort the entries of one folder; `inside` is its name from the root on, with a slash at its end."""
        try:
            with os.scandir(folder) as entries:
                here = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if not inside:
                raise DataError(f"{folder} cannot be opened: {why_unread(error)}") from error
            self.found.notes.append(f"the folder {shown(inside[:-1])} could not be opened: {why_unread(error)}")
            return
        names = {entry.name for entry in here}
        if inside and (why := _not_data(os.path.basename(folder), names)):
            self._pass(why, inside[:-1])
            return
        for entry in here:
            self._sort(entry, f"{inside}{entry.name}")

    def _sort(self, entry: os.DirEntry[str], name: str) -> None:
        if is_litter(entry.name):
            self._pass(_HIDDEN, name)
        elif not _is_folder(entry):
            problem, state = _state(entry)
            self.found.files.append((name, entry.path, problem))
            self._stamps.append(f"{name}\0{state}\0{problem}")
        elif entry.is_symlink():
            self._links.append((name, entry.path))
        else:
            self._enter(name, entry.path)

    def _follow(self, name: str, path: str) -> None:
        if _key(path) in self._seen | self._above:
            self._pass("links to folders that are read anyway, passed over", name)
        else:
            self._enter(name, path)

    def _enter(self, name: str, path: str) -> None:
        key = _key(path)
        if key in self._seen:
            self._pass("folders that are read anyway by another name, passed over", name)
            return
        self._seen.add(key)
        self._pending.append((path, f"{name}/"))
        if is_item(os.path.splitext(name)[1].lower()):
            self.found.files.append((name, path, "a folder with the name of an image"))

    def _pass(self, why: str, name: str) -> None:
        self._passed.setdefault(why, []).append(name)


def _begins_as_image(path: str) -> bool:
    try:
        return begins_as_item(read_file(path, 16))
    except OSError:
        return False


def _first(names: list[str]) -> str:
    return f" (first: {shown(names[0])})"


def _not_data(folder: str, names: Collection[str]) -> str:
    """Return why a folder of that name that holds these is passed over; empty where it is not."""
    if is_marked(names):
        return "folders that faussaire wrote, passed over"
    if is_trash(folder, names):
        return _HIDDEN
    return "environments of Python, passed over" if is_environment(names) else ""


def _key(path: str) -> Key:
    """Return what is the same for one folder by whatever name."""
    try:
        status = os.stat(path)
    except OSError:
        return path
    return (status.st_dev, status.st_ino) if status.st_ino else os.path.realpath(path)  # some drives number nothing


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _state(entry: os.DirEntry[str]) -> tuple[str, str]:
    """Return why something that is not a folder cannot be read, as far as can be told without opening it; its stamp."""
    try:
        status = entry.stat()
    except OSError as error:
        return why_unread(error), ""
    if not stat.S_ISREG(status.st_mode):
        return "not a file, but a pipe, socket or device", ""
    return too_large(status.st_size), stamp(status)
