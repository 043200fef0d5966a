"""Where data lies, written so that it is found again: from another folder, or after it was moved together with its run.

A run records each part of its data twice: as it stands from anywhere, and as it lies from the folder of the run.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from faussaire.data.sources.embedded import embedded_sets
from faussaire.data.sources.hub import PREFIX, split_name


def whole(part: str) -> str:
    """Return the path of data as it stands from anywhere; names of embedded sets and of the hub as they are."""
    if part in embedded_sets():
        return part
    if part.startswith(PREFIX):
        name = split_name(part)[0]
        return part.replace(name, absolute(name), 1) if _is_folder(name) else part
    return absolute(part)


def from_folder(part: str, folder: Path) -> str | None:
    """Return the path of data as it lies from a folder; None for what is no path, or on another drive."""
    if not os.path.isabs(whole(part)):
        return None
    try:
        return os.path.relpath(os.path.realpath(whole(part)), os.path.realpath(folder))
    except ValueError:  # Windows has no way from one drive to another
        return None


def found_again(parts: Sequence[str], beside: Sequence[str | None], folder: Path) -> tuple[str, ...]:
    """Return where recorded data lies now: where it was, or else in the same place as seen from `folder`.

    Args:
        parts: what `whole` gave.
        beside: what `from_folder` gave for each; of a run that has not recorded it, empty.
        folder: of the run.
    """
    others = [*beside, *[None] * (len(parts) - len(beside))]
    found = []
    for part, other in zip(parts, others, strict=True):
        moved = None if other is None else os.path.normpath(folder.absolute() / other)
        found.append(moved if moved and not os.path.exists(part) and os.path.exists(moved) else part)
    return tuple(found)


def joined_once(text: str) -> list[str]:
    """Return the parts of data that a run of version 0.1 recorded as one text."""
    return [text] if os.path.exists(text) else text.split(" + ")


def absolute(path: str) -> str:
    """Return a path from the root on, links and `..` left as they are."""
    try:
        return str(Path(path).expanduser().absolute())
    except (RuntimeError, OSError):  # the ~ of nobody; a working directory that was removed
        return path


def _is_folder(name: str) -> bool:
    try:
        return Path(name).expanduser().is_dir()
    except (RuntimeError, OSError, ValueError):
        return False
