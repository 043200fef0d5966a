"""A folder of image files, read with all that lies below it.

Whatever a folder may hold, listing it ends and asks for no more than names, sizes and times: pipes and devices are
never opened, links are followed once, and a link to a folder that is read anyway (or that holds this one) is passed
over, so that none loops.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from faussaire.data.dataset import Source
from faussaire.data.disk import read_file, stamp, why_unread
from faussaire.data.files import IMAGE_SUFFIXES, Listing, file_source, hidden, too_large
from faussaire.data.names import shown
from faussaire.errors import DataError


@dataclass
class Folder:
    """What lies in a folder and below."""

    root: Path

    files: list[tuple[str, str, str]] = field(default_factory=list)
    """Of each file its shown name, its path, and why it cannot be used; in the order of their names."""

    notes: list[str] = field(default_factory=list)
    """What there is to say about it."""

    signature: str = ""
    """Hash of the names, sizes and times of change."""


def list_folder(root: Path) -> Folder:
    """List a folder and the folders in it.

    Raises:
        DataError: it cannot be opened.
    """
    found = Folder(root)
    num_hidden = num_links = 0
    seen: set[tuple[int, int]] = set()
    stamps: list[str] = []
    pending = [root]
    while pending:
        folder = pending.pop()
        for entry in _entries(folder, found):
            name = _inside(root, Path(entry.path))
            if hidden(entry.name):
                num_hidden += 1
            elif not _is_folder(entry):
                problem, stamp = _state(entry)
                found.files.append((name, entry.path, problem))
                stamps.append(f"{name}\n{stamp}\n{problem}")
            elif entry.is_symlink() and _leads_back(root, entry.path):
                num_links += 1
            elif _first_visit(entry, seen):
                pending.append(Path(entry.path))
                if Path(name).suffix.lower() in IMAGE_SUFFIXES:
                    found.files.append((name, entry.path, "a folder with the name of an image"))
    if num_hidden:
        found.notes.append(f"hidden files or folders passed over: {num_hidden}")
    if num_links:
        found.notes.append(f"links to folders that are read anyway, passed over: {num_links}")
    text = "\n".join([*sorted(stamps), *found.notes])
    found.signature = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
    return found


def folder_source(folder: Folder, scratch: Path | None = None) -> Source:
    """Make a source of the images in a folder.

    Raises:
        DataError: its `labels.csv` cannot be used.
    """
    listing = Listing()
    for name, path, problem in folder.files:
        listing.add(name, partial(read_file, path), problem, head=partial(read_file, path, 16), path=path)
    return file_source(listing, name=folder.root.resolve().name, where=str(folder.root), notes=folder.notes)


def _entries(folder: Path, found: Folder) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        if folder == found.root:
            raise DataError(f"{folder} cannot be opened: {why_unread(error)}") from error
        found.notes.append(f"the folder {_inside(found.root, folder)} could not be opened: {why_unread(error)}")


def _inside(root: Path, path: Path) -> str:
    return shown(path.relative_to(root).as_posix())


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _leads_back(root: Path, link: str) -> bool:
    """Whether a link leads to a folder inside `root`, or to one that holds it."""
    here, there = root.resolve(), Path(link).resolve()
    return there.is_relative_to(here) or here.is_relative_to(there)


def _first_visit(entry: os.DirEntry[str], seen: set[tuple[int, int]]) -> bool:
    """Whether this folder has not been met before, by whatever name."""
    status = entry.stat()
    key = (status.st_dev, status.st_ino)
    if key in seen and status.st_ino:  # some network drives number nothing
        return False
    seen.add(key)
    return True


def _state(entry: os.DirEntry[str]) -> tuple[str, str]:
    """Return why something that is not a folder cannot be read, as far as can be told without opening it; its stamp."""
    try:
        status = entry.stat()
    except OSError as error:
        return why_unread(error), ""
    if not stat.S_ISREG(status.st_mode):
        return "not a file, but a pipe, socket or device", ""
    return too_large(status.st_size), stamp(status)
