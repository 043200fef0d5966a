"""A text file that names images, a line each, or a CSV of `file,label`: paths as seen from the list's folder, or URLs.

URLs are fetched over http or https when the data is prepared, several at a time, and never again once it is. A line
that cannot be had is left out and said.
"""

from __future__ import annotations

import csv
import hashlib
import http.client
import os
import stat
import urllib.request
from functools import partial
from pathlib import Path

from faussaire.data.dataset import Source
from faussaire.data.disk import read_file, stamp, why_unread
from faussaire.data.files import MAX_FILE_BYTES, Entry, listed_source, too_large
from faussaire.data.names import shown
from faussaire.errors import DataError

FILE_NAMES = ("file", "path", "filename", "file_name", "image", "img", "url", "image_path")
"""What the column of files is called, in any case."""

_LABELS = ("label", "labels", "class", "category", "target")
_SECONDS = 20.0
_REMOTE = ("http://", "https://")


def looks_like_list(head: str) -> bool:
    """Whether a text that begins so can be a list of images: its first line is a path or a URL, or the right header."""
    lines = [line.strip() for line in head.splitlines() if line.strip() and not line.startswith("#")]
    return bool(lines) and (_columns(lines[0]) is not None or "." in lines[0] or "/" in lines[0])


def list_source(path: Path, scratch: Path | None = None) -> Source:
    """Make a source of the images that a list names.

    Raises:
        DataError: the list cannot be read.
    """
    rows = read_list(path)
    entries: list[Entry] = []
    labels: dict[str, str] = {}
    remote = False
    for target, label in rows:
        name = shown(target)
        if target.startswith(_REMOTE):
            remote = True
            entries.append(Entry(name, partial(download, target)))
        else:
            where = os.path.join(path.parent, os.path.expanduser(target))
            entries.append(Entry(name, partial(read_file, where), _problem(where), where))
        if label:
            labels[name] = label
    notes = [f"a list of {len(rows)} images"]
    return listed_source(entries, labels, name=path.stem, where=str(path), notes=notes, remote=remote)


def list_stamp(path: Path) -> str:
    """Return a hash that changes when the list does, or one of the files that it names."""
    hasher = hashlib.sha256(read_file(str(path)))
    for target, _ in read_list(path):
        if not target.startswith(_REMOTE):
            try:
                state = stamp(os.stat(os.path.join(path.parent, os.path.expanduser(target))))
            except (OSError, ValueError):
                state = "none"
            hasher.update(f"\n{state}".encode())
    return hasher.hexdigest()


def read_list(path: Path) -> list[tuple[str, str]]:
    """Return target and label of each line; the label is empty where there is none.

    Raises:
        DataError: it cannot be read, or is not text.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text: save it so") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {why_unread(error)}") from error
    lines = [line for line in lines if line.strip() and not line.startswith("#")]
    columns = _columns(lines[0]) if lines else None
    if columns is None:
        return list(dict.fromkeys((line.strip(), "") for line in lines))
    delimiter, file, label = columns
    found: dict[tuple[str, str], None] = {}
    for row in csv.reader(lines[1:], delimiter=delimiter):
        if len(row) > file and row[file].strip():
            text = row[label].strip() if label is not None and len(row) > label else ""
            found[row[file].strip().replace("\\", "/") if "://" not in row[file] else row[file].strip(), text] = None
    return list(found)


def _columns(line: str) -> tuple[str, int, int | None] | None:
    """Return delimiter, column of files and column of labels of a header; None where a line is none."""
    for delimiter in ",;\t":
        names = [name.strip().strip('"').lower().lstrip("\ufeff") for name in line.split(delimiter)]
        file = next((names.index(name) for name in FILE_NAMES if name in names), None)
        if file is not None:
            return delimiter, file, next((names.index(name) for name in _LABELS if name in names), None)
    return None


def _problem(path: str) -> str:
    """Return why a named file cannot be read, as far as can be told without opening it."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return "no such file"
    except ValueError as error:
        return str(error)
    except OSError as error:
        return why_unread(error)
    if not stat.S_ISREG(status.st_mode):
        return "not a file, but a folder, pipe, socket or device"
    return too_large(status.st_size)


def download(url: str) -> bytes:
    """Fetch a file.

    Raises:
        OSError: it cannot be had; the message says why in words.
        ValueError: it is too large.
    """
    request = urllib.request.Request(url, headers={"User-Agent": "faussaire"})
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
            data: bytes = answer.read(MAX_FILE_BYTES + 1)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise OSError(None, f"could not be fetched: {' '.join(str(reason).split())[:100]}") from error
    if len(data) > MAX_FILE_BYTES:
        raise ValueError(too_large(len(data)))
    return data
