"""A folder of image files, read with all that lies below it.

Whatever a folder may hold, listing it ends and asks for no more than names: pipes and devices are never
opened, links are followed once, and a link to a folder that is read anyway (or that holds this one) is passed
over, so that none loops.
"""

from __future__ import annotations

import errno
import os
import stat
from functools import partial
from pathlib import Path

from faussaire.data.dataset import Source
from faussaire.data.files import IMAGE_SUFFIXES, Listing, file_source, hidden, shown, too_large
from faussaire.errors import DataError


def folder_source(root: Path) -> Source:
    """List the images of a folder and of the folders in it.

    Raises:
        DataError: the folder cannot be opened, or its `labels.csv` cannot be used.
    """
    listing, notes = Listing(), []
    num_hidden = num_links = 0
    seen: set[tuple[int, int]] = set()
    pending = [root]
    while pending:
        folder = pending.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            if folder == root:
                raise DataError(f"{root} cannot be opened: {why_unread(error)}") from error
            notes.append(f"the folder {_inside(root, folder)} could not be opened: {why_unread(error)}")
            continue
        for entry in entries:
            name = _inside(root, Path(entry.path))
            if hidden(entry.name):
                num_hidden += 1
            elif not _is_folder(entry):
                listing.add(name, partial(_read, entry.path), _problem(entry))
            elif entry.is_symlink() and _leads_back(root, entry.path):
                num_links += 1
            elif _first_visit(entry, seen):
                pending.append(Path(entry.path))
                if Path(name).suffix.lower() in IMAGE_SUFFIXES:
                    listing.add(name, partial(_read, entry.path), "a folder with the name of an image")
    if num_hidden:
        notes.append(f"hidden files or folders passed over: {num_hidden}")
    if num_links:
        notes.append(f"links to folders that are read anyway, passed over: {num_links}")
    return file_source(listing, name=root.resolve().name, where=str(root), notes=notes)


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


def _problem(entry: os.DirEntry[str]) -> str:
    """Return why something that is not a folder cannot be read, as far as can be told without opening it."""
    try:
        status = entry.stat()
    except OSError as error:
        return why_unread(error)
    if not stat.S_ISREG(status.st_mode):
        return "not a file, but a pipe, socket or device"
    return too_large(status.st_size)


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def why_unread(error: OSError) -> str:
    """Say in words why the system would not let a file or folder be read."""
    reasons = {
        errno.EACCES: "no permission to read",
        errno.EPERM: "no permission to read",
        errno.ENOENT: "a link to something that is not there",
        errno.ELOOP: "a link that leads back to itself",
        errno.ENAMETOOLONG: "a path too long for this system",
    }
    return reasons.get(error.errno or 0, f"unreadable: {error.strerror or type(error).__name__}")
