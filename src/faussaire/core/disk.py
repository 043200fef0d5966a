"""Files as the system gives them. Light: every process that decodes imports it as it starts."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

from faussaire.core.errors import DataError


def stamp(status: os.stat_result) -> str:
    """Return what changes when a file does, also where its size and time of change were set back."""
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"


def signature_of(*texts: str) -> str:
    """Return one hash of several stamps or names, which changes when one of them does."""
    return hashlib.sha256("\n".join(texts).encode("utf-8", "surrogateescape")).hexdigest()


def read_file(path: str, count: int = -1) -> bytes:
    """Return the content of a file, or its first bytes."""
    with open(path, "rb", buffering=0) as file:  # a buffer would cost a small file half of its time
        return file.read(count)


def why_unread(error: OSError) -> str:
    """Say in words why the system would not let a file or folder be read."""
    reasons = {
        errno.EACCES: "no permission to read",
        errno.EPERM: "no permission to read",
        errno.ENOENT: "a link to something that is not there",
        errno.ELOOP: "a link that leads back to itself",
        errno.ENAMETOOLONG: "a path too long for this system",
    }
    if error.errno is None and error.strerror:
        return error.strerror
    return reasons.get(error.errno or 0, f"unreadable: {error.strerror or type(error).__name__}")


def raise_if_of_the_moment(error: Exception, path: Path) -> None:
    """Tell what the machine cannot do now from damage, which would be taken for the end of the data.

    Raises:
        DataError: it is the machine's fault.
    """
    if isinstance(error, MemoryError):
        raise DataError(f"{path} cannot be read: too large for the memory of this machine") from error
    if isinstance(error, OSError) and error.errno is not None:
        raise DataError(f"{path} cannot be read: {why_unread(error)}") from error
