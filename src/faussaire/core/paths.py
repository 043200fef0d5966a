"""Where caches lie: the one place that knows. What is there can always be made again.

The first of these that can be written: `$XDG_CACHE_HOME` (where it is a whole path, as its specification asks), the
`.cache` of the home, and the system's folder for temporary files. Everybody can write the last, so the folder there
bears the user's number, is closed to others, and is refused where a stranger made it or can change what is in it.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from faussaire.core.errors import DataError

GROUP_OR_OTHERS, OTHERS = stat.S_IWGRP | stat.S_IWOTH, stat.S_IWOTH


def cache_folder(kind: str, name: str = "", *, serves: Callable[[Path], bool] = lambda folder: False) -> Path:
    """Return the folder of that name in the user's cache of one kind (`data`, `features`), made if need be.

    One that cannot be written is passed over, unless it `serves` as it is.

    Raises:
        DataError: none can be written, or a stranger can change what is in it.
    """
    for home in cache_homes():
        folder = home / kind / name
        if can_write(folder) or serves(folder):
            refuse_strangers(home)
            refuse_strangers(folder)
            return folder
    try:
        temporary = Path(tempfile.gettempdir()) / f"faussaire-{_user()}"
        make_private(temporary)
    except OSError as error:  # FileNotFoundError: there is no folder for temporary files
        raise DataError(
            f"no folder can be written to keep what is prepared ({error.strerror or error}): name one by --cache, or "
            "by the environment's XDG_CACHE_HOME"
        ) from None
    refuse_strangers(temporary, writable_by=GROUP_OR_OTHERS)
    folder = temporary / kind / name
    can_write(folder)
    return folder


def cache_homes() -> Iterator[Path]:
    """Return where the user's caches lie, the first choice first; nothing where there is no home."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(named):
        yield Path(named) / "faussaire"
    with suppress(RuntimeError):  # neither HOME nor an entry in the system's list of users
        home = Path.home()
        if home.is_absolute():
            yield home / ".cache" / "faussaire"


def can_write(folder: Path) -> bool:
    """Say whether a folder can be written; make it if need be."""
    try:
        make_private(folder)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)


def make_private(folder: Path) -> None:
    """Make a folder that no other user can look into, and what is missing above it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)


def expanded(path: str | Path) -> Path:
    """Return a path with the home of its user for `~`.

    Raises:
        DataError: there is no such user.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise DataError(f"{path} cannot be found: nobody here has that home; name a folder by its whole path") from None


def refuse_strangers(folder: Path, *, writable_by: int = OTHERS) -> None:
    """Make sure that no stranger has made a folder, or can change what is in it.

    Whoever owns the folder above is no stranger, as they could replace it anyway: so may several share a cache.

    Raises:
        DataError: one has, or can.
    """
    if not hasattr(os, "geteuid"):
        return
    above, here, there = folder.parent.stat(), folder.lstat(), folder.stat()
    everybodys = above.st_mode & stat.S_IWOTH
    sticky = there.st_mode & stat.S_ISVTX  # there, nobody can change what belongs to another
    if everybodys and not {here.st_uid, there.st_uid} <= {os.geteuid(), above.st_uid}:
        raise DataError(f"{folder} was made by another user, who could change what is kept there: {_WAY_OUT}")
    if there.st_mode & writable_by and not sticky:
        raise DataError(f"{folder} can be written by other users: {_WAY_OUT}, or close it (chmod 700)")


_WAY_OUT = "remove it, or name a folder of your own by --cache or the environment's XDG_CACHE_HOME"


def _user() -> str:
    return str(os.geteuid()) if hasattr(os, "geteuid") else "user"
