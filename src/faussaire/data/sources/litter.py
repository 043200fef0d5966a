"""What systems leave in folders: thumbnails, indices, waste-paper baskets, other people's programs.

One table for folders and archives alike. It holds for what lies inside the data; what a user names is read, whatever
it is called.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection

_LITTER = (
    ".*",  # hidden
    "thumbs.db", "ehthumbs.db", "desktop.ini", "picasa.ini",  # files
    "__macosx", "network trash folder", "temporary items", "resource.frk",  # folders of macOS
    "*.photoslibrary", "*.photolibrary", "*.aplibrary", "ipod photo cache",  # of its programs for photographs
    "$recycle.bin", "recycler", "recycled", "system volume information", "found.[0-9][0-9][0-9]",  # of Windows
    "@eadir", "@tmp", "@sharebin", "@recycle", "@recently-snapshot", "@sharesnap", "@__*",  # of network drives
    "#recycle", "#snapshot", "lost+found",  # of network drives and file systems
    "_vti_*", "_gsdata_", "*.lrdata", "*.lrcat-data",  # of programs for web sites, copies and photographs
    "__pycache__", "site-packages", "node_modules", "cvs",  # of programs
)  # fmt: skip
"""Patterns of names in lower case."""

_IS_LITTER = re.compile("|".join(map(fnmatch.translate, _LITTER)))

_TRASH = {"files", "info"}
"""A folder that holds both is a waste-paper basket of Linux; one called `trash` may be a class."""

_ENVIRONMENTS = ("pyvenv.cfg", "conda-meta")
"""A folder that holds one of these is an environment of Python, whose packages have pictures of their own."""


def is_litter(name: str) -> bool:
    """Whether a file or folder of that name is none of the data."""
    return _IS_LITTER.match(name.lower()) is not None


def in_litter(path: str) -> bool:
    """Whether a path, with forward slashes, leads into what is none of the data."""
    return any(is_litter(part) for part in path.split("/") if part not in ("", ".", ".."))


def is_trash(folder: str, names: Collection[str]) -> bool:
    """Whether a folder of that name that holds these is a waste-paper basket."""
    return folder.lower().startswith("trash") and set(names) >= _TRASH


def is_environment(names: Collection[str]) -> bool:
    """Whether a folder that holds these names is an environment of Python."""
    return any(name in names for name in _ENVIRONMENTS)
