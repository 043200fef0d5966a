"""What systems leave in folders: thumbnails, indices, waste-paper baskets, other people's programs.

One table for folders and archives alike. It holds for what lies inside the data; what a user names is read, whatever
it is called.
"""

from __future__ import annotations

from collections.abc import Collection

_LITTER = frozenset(
    {
        "thumbs.db", "ehthumbs.db", "desktop.ini", "picasa.ini",  # files
        "__macosx", "network trash folder", "temporary items",  # folders of macOS
        "$recycle.bin", "recycler", "system volume information", "found.000",  # of Windows
        "@eadir", "@tmp", "@sharebin", "@recycle", "@recently-snapshot", "@sharesnap",  # of network drives
        "#recycle", "#snapshot", "lost+found",  # of network drives and file systems
        "__pycache__", "site-packages", "node_modules", "cvs",  # of programs
    }
)  # fmt: skip
"""Names in lower case. Whatever begins with a dot is passed over as well."""

_ENVIRONMENTS = ("pyvenv.cfg", "conda-meta")
"""A folder that holds one of these is an environment of Python, whose packages have pictures of their own."""


def is_litter(name: str) -> bool:
    """Whether a file or folder of that name is none of the data."""
    return name.startswith(".") or name.lower() in _LITTER


def in_litter(path: str) -> bool:
    """Whether a path, with forward slashes, leads into what is none of the data."""
    return any(is_litter(part) for part in path.split("/") if part not in ("", ".", ".."))


def is_environment(names: Collection[str]) -> bool:
    """Whether a folder that holds these names is an environment of Python."""
    return any(name in names for name in _ENVIRONMENTS)
