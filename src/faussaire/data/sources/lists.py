"""A text file that names images, a line each: paths as seen from the list's folder, or URLs, perhaps with a label.

How lines are read stands in references.py. An image that is named twice is taken once.

URLs are fetched over http or https when the data is prepared, several at a time, and never again once it is. A line
that cannot be had is left out, said, and tried again at the next start.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from faussaire.core.disk import read_file, why_unread
from faussaire.core.errors import DataError
from faussaire.core.names import shown
from faussaire.data.dataset import Source
from faussaire.data.labels.labels import WrittenLabels
from faussaire.data.labels.references import (
    REMOTE,
    Columns,
    Reference,
    header_of,
    names_file,
    names_files,
    references,
    table_columns,
    text_lines,
)
from faussaire.data.labels.tables import json_rows
from faussaire.data.sources.downloads import Downloads
from faussaire.data.sources.files import Entry, entries_source, too_large
from faussaire.data.sources.kind import Head, SourceKind

_NO_FILE = "no such file"
_LOOKED_AT = 64  # lines


def _is_list(head: Head) -> bool:
    """Whether a text is a list of images: it has the header of one, or half of its first lines name a file or a URL.

    A file that is there, or has the suffix of an image. Any other text is lines to learn from (texts.py).
    """
    if head.is_packed or not head.is_text:
        return False
    # A first line that is longer than the head is none of a list.
    lines = [line.strip() for line in text_lines(head.data) if line.strip() and not line.startswith("#")][:_LOOKED_AT]
    if lines and (columns := header_of(lines[0])) is not None and (len(columns.names) > 1 or names_files(lines)):
        return True
    find = _finder(head.path.parent)
    exists = cache(lambda target: os.path.isfile(find(target)))
    return 2 * sum(names_file(line, exists) for line in lines) >= len(lines) > 0


def list_source(path: Path, scratch: Path) -> Source:
    """Make a source of the images that a list names, each once.

    Raises:
        DataError: the list cannot be read, or gives an image two labels.
    """
    find = _finder(path.parent)
    listed, columns = read_list(path, find)
    named: dict[str, Reference] = {}
    for one in listed:
        where = one.target if one.target.startswith(REMOTE) else os.path.normpath(find(one.target))
        before = named.setdefault(where, one)
        if one.label is not None and before.label is None:
            named[where] = replace(before, label=one.label)
        elif one.label not in (None, before.label):
            raise DataError(
                f"{path}: {shown(one.target)} has two labels, {before.label!r} in line {before.line} and {one.label!r} "
                f"in line {one.line}: an image has one class; keep one of these lines, or leave the labels out"
            )
    downloads = Downloads()
    entries = [_entry(find, one, downloads) for one in named.values()]
    notes = [f"a list of {len(entries)} images"]
    if len(listed) > len(named):
        notes.append(f"lines that name an image again: {len(listed) - len(named)}")
    if columns is not None and columns.why:
        notes.append(f"no labels: {columns.why}")
    several = sum(one.several for one in listed)
    if several:
        notes.append(f"lines with several labels, which make no class: {several}")
    if entries and all(entry.problem == _NO_FILE for entry in entries):
        notes.append(
            "nothing lies where the list says, as seen from its own folder: give the folder of the images, in which a "
            "table of their labels is read as such"
        )
    source = entries_source(entries, name=path.stem, where=str(path), notes=notes)
    labels = WrittenLabels(labels=[one.label for one in named.values()])
    return replace(source.labelled(labels.classes()), remote=any(one.target.startswith(REMOTE) for one in listed))


def _entry(find: Callable[[str], str], one: Reference, downloads: Downloads) -> Entry:
    name = shown(one.target)
    if one.target.startswith(REMOTE):
        return Entry(name, partial(downloads.fetch, one.target))
    where = find(one.target)
    return Entry(name, partial(read_file, where), _problem(where), where)


def _beside(path: Path) -> list[Path]:
    """Return the files that a list names."""
    find = _finder(path.parent)
    return [Path(find(one.target)) for one in read_list(path, find)[0] if not one.target.startswith(REMOTE)]


def read_list(path: Path, find: Callable[[str], str]) -> tuple[list[Reference], Columns | None]:
    """Return what the lines of a list say, and its columns, if it has a header; `find` tells where a path in it leads.

    Raises:
        DataError: it cannot be read, or is not text.
    """
    try:
        data = read_file(str(path))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {why_unread(error)}") from error
    exists = cache(lambda target: os.path.isfile(find(target)))
    lines = text_lines(data)
    columns, found = json_rows(lines)
    if columns is None:
        columns = table_columns(lines, exists)
        found = references(lines, exists, columns)
    for one in found:
        if not one.target.isprintable() and not _is_utf8(one.target) and not exists(one.target):
            raise DataError(f"{path} is not UTF-8 text (line {one.line}): save it so")
    return found, columns


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # bytes that are no UTF-8, kept by "surrogateescape"
        return False
    return True


def _finder(folder: Path) -> Callable[[str], str]:
    """Return what tells where a path in a list in this folder leads; of the ways to spell it, the one that is there."""

    @cache
    def find(target: str) -> str:
        if target.startswith("file://"):
            target = unquote(urlsplit(target).path)
        spellings = [target, os.path.expanduser(target), target.replace("\\", "/")]
        if not target.isascii():
            spellings += [unicodedata.normalize(form, target) for form in ("NFC", "NFD")]
        paths = [os.path.join(folder, one) for one in dict.fromkeys(spellings)]
        return next((path for path in paths if os.path.isfile(path)), paths[0])

    return find


def _problem(path: str) -> str:
    """Return why a named file cannot be read, as far as can be told without opening it."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return _NO_FILE
    except ValueError as error:
        return str(error)
    except OSError as error:
        return why_unread(error)
    if not stat.S_ISREG(status.st_mode):
        return "not a file, but a folder, pipe, socket or device"
    return too_large(status.st_size)


LIST = SourceKind(name="list", open=list_source, recognises=_is_list, patterns=(), beside=_beside)
