"""What is in an archive: its files under the names that they have there, and what its links lead to.

The bytes of a name are its identity: what is no UTF-8 stays apart from other such names, and entries that share a name
are all kept. A link is the file that it leads to within the archive; nothing outside is ever looked at.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Generic, TypeVar

from faussaire.core.marks import is_marked
from faussaire.core.names import shown, told_apart
from faussaire.data.dataset import Source
from faussaire.data.sources.files import Listing, file_source
from faussaire.data.sources.litter import in_litter

_LONGEST_CHAIN = 40  # links from one to another, as many as Linux follows

T = TypeVar("T")


@dataclass(kw_only=True)
class Members(Generic[T]):
    """What the table of contents of an archive says, and how its members are read."""

    read: Callable[..., bytes]
    """Return the content of a member, or its first bytes: `read(member, count)`."""

    problem: Callable[[T], str]
    """Return why one cannot be read, as far as the table of contents tells; empty where nothing is known."""

    files: list[tuple[str, T]] = field(default_factory=list)
    """Name and member of each file; undecodable bytes of a name as Python escapes them (surrogates)."""

    links: list[tuple[str, str]] = field(default_factory=list)
    """Name of each link, and the name in the archive that it leads to."""

    others: list[tuple[str, str]] = field(default_factory=list)
    """Name of what is neither, and why it cannot be read."""

    def add_link(self, name: str, target: str) -> None:
        """Add a symbolic link, whose target is seen from the folder that it lies in."""
        self.links.append((name, posixpath.join(posixpath.dirname(name), target)))


def archive_source(members: Members[T], path: Path, close: Callable[[], None], notes: Sequence[str] = ()) -> Source:
    """Make a source of the members of an archive."""
    files, passed = _with_links(members)
    files = [(name.removeprefix("./"), member) for name, member in files]
    root = _root([name for name, _ in files])
    inside = [(name.removeprefix(root), member) for name, member in files]
    ours = _marked_folders([name for name, _ in inside])
    others = [entry for entry in inside if not entry[0].startswith(ours)]
    visible = [entry for entry in others if not in_litter(entry[0])]
    listing = Listing()
    for text, (_, member) in zip(told_apart([name for name, _ in visible]), visible, strict=True):
        listing.add(text, partial(members.read, member), members.problem(member))
    num_hidden = len(others) - len(visible)
    remarks = [f"{why}: {len(names)} (first: {shown(names[0])})" for why, names in passed.items()]
    if ours:
        remarks.append(f"folders that faussaire wrote, passed over: {len(ours)} (first: {shown(ours[0][:-1])})")
    remarks += [f"hidden files passed over: {num_hidden}"] if num_hidden else []
    remarks += _same_names([name for name, _ in visible])
    return file_source(listing, name=title_of(path), where=str(path), notes=[*notes, *remarks], close=close)


def title_of(path: Path) -> str:
    """Return what the data in an archive is called: its name without `.zip`, `.tar`, `.tar.gz` …."""
    return path.name.split(".tar")[0] if ".tar" in path.name else path.stem


def _with_links(members: Members[T]) -> tuple[list[tuple[str, T]], dict[str, list[str]]]:
    """Return the files and what links to them, and by the reason the names of what is passed over."""
    passed: dict[str, list[str]] = {}
    for name, why in members.others:
        passed.setdefault(f"{why}, passed over", []).append(name)
    if not members.links:
        return members.files, passed
    files = {posixpath.normpath(name): member for name, member in members.files}
    links = {posixpath.normpath(name): posixpath.normpath(target) for name, target in members.links}
    folders = {str(parent) for name in files for parent in PurePosixPath(name).parents} | {"."}
    found = list(members.files)
    for name, _ in members.links:
        target = _end_of(links, posixpath.normpath(name))
        if target in files:
            found.append((name, files[target]))
        elif target in folders and in_litter(target):  # which is not read by its own name
            found += [(name + one.removeprefix(target), files[one]) for one in files if one.startswith(f"{target}/")]
        elif target in folders:
            passed.setdefault("links to folders that are read anyway, passed over", []).append(name)
        else:
            passed.setdefault("links to what is not in the archive, passed over", []).append(name)
    return found, passed


def _end_of(links: Mapping[str, str], name: str) -> str:
    """Return what a link leads to in the end."""
    for _ in range(_LONGEST_CHAIN):
        if name not in links:
            break
        name = links[name]
    return name


def _root(names: Sequence[str]) -> str:
    """Return the folder that all files lie in, with its slash, as when a folder was packed; empty without one.

    That folder was named by whoever packed it, so it may be called as it likes; but litter beside it is no file.
    """
    for some in ([name for name in names if not in_litter(name)], names):
        tops = {name.split("/")[0] for name in some}
        if some:
            return f"{tops.pop()}/" if len(tops) == 1 and all("/" in name for name in some) else ""
    return ""


def _marked_folders(names: Sequence[str]) -> tuple[str, ...]:
    """Return the folders that faussaire wrote, each with its slash; the one that was packed is read as it is."""
    inside: dict[str, set[str]] = {}
    for name in names:
        folder, _, base = name.rpartition("/")
        inside.setdefault(folder, set()).add(base)
    return tuple(sorted(f"{folder}/" for folder, bases in inside.items() if folder and is_marked(bases)))


def _same_names(names: Sequence[str]) -> list[str]:
    counts = Counter(names)
    if len(counts) == len(names):
        return []
    first = next(name for name, num in counts.items() if num > 1)
    return [f"entries that share a name with another, all kept: {len(names) - len(counts)} (first: {shown(first)})"]
