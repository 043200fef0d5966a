"""One process trains in a run: a lock of the system, `.lock`, and beside it `.owner.json`, which says whose it is.

The system lets go of a lock when its process ends, however it ends, so one that a kill has left is free. What it
cannot tell is a process on another machine that shares the folder without sharing locks: that one is known by its name
in `.owner.json`, as long as it has told an event within SILENT_SECONDS. A folder that was copied has its lock in
another file, so the process that is named there has nothing to do with it.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from faussaire.core.errors import ConfigError
from faussaire.core.files import write_atomically
from faussaire.runs.standing import SILENT_SECONDS

LOCK, OWNER = ".lock", ".owner.json"


@contextmanager
def owned(folder: Path, last_told: Path) -> Iterator[None]:
    """Be the one process that trains in a folder.

    Args:
        folder: of the run, which is there.
        last_told: the file that a process that trains here writes to.

    Raises:
        ConfigError: another process does.
        OSError: the folder cannot be written.
    """
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise _taken(folder, _owner(folder)) from None
    try:
        _refuse_another_machine(folder, last_told)
        mine = {"pid": os.getpid(), "host": socket.gethostname(), "lock": (folder / LOCK).stat().st_ino}
        write_atomically(folder / OWNER, json.dumps(mine).encode())
        yield
    finally:
        if _owner(folder).get("pid") == os.getpid():
            with suppress(OSError):
                (folder / OWNER).unlink()
        lock.release()


def is_held(folder: Path) -> bool:
    """Say whether a process of this machine trains in a folder."""
    lock = FileLock(folder / LOCK, timeout=0)
    if not (folder / LOCK).is_file():
        return False
    try:
        lock.acquire()
    except (Timeout, OSError):
        return True
    lock.release()
    return False


def _refuse_another_machine(folder: Path, last_told: Path) -> None:
    """Raise ConfigError where a process of another machine, which the lock does not stop, still tells of its run."""
    owner = _owner(folder)
    if not owner or owner.get("host") == socket.gethostname() or owner.get("lock") != (folder / LOCK).stat().st_ino:
        return
    with suppress(OSError):
        if abs(time.time() - last_told.stat().st_mtime) < SILENT_SECONDS:
            raise _taken(folder, owner)


def _taken(folder: Path, owner: dict[str, Any]) -> ConfigError:
    who = f" (process {owner['pid']} on {owner['host']})" if {"pid", "host"} <= owner.keys() else ""
    return ConfigError(f"another process is training in {folder}{who}: wait for it, or choose another --run")


def _owner(folder: Path) -> dict[str, Any]:
    """Return who says that the run is theirs; nothing where nobody does."""
    try:
        found = json.loads((folder / OWNER).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
