"""Files and folders on the disk: written whole or not at all, and errors told in one line that says what to do.

A file is written beside its name, synced and renamed, so that a reader sees the old or the new, never half of one, and
so does whoever comes after a power cut. It costs one fsync, a few milliseconds.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from faussaire.core.errors import CheckpointError, ConfigError, FaussaireError

if TYPE_CHECKING:
    import numpy as np

GO_ON = "what was saved before is intact, and the same command goes on from it"


def make_folder(path: Path) -> None:
    """Make the folder that a user asked to write in.

    Raises:
        ConfigError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "a file of that name is in the way" if isinstance(error, FileExistsError) else error.strerror
        raise ConfigError(f"{path} cannot be written: {reason}; choose another place") from None


def read_bounded(path: Path, most_bytes: int) -> bytes:
    """Read a file that a stranger may have made: no pipe or device, which may never end, and no more than that.

    Raises:
        OSError: it is no file, or cannot be read.
        ValueError: it is longer.
    """
    if path.exists() and not path.is_file():
        raise OSError(None, "it is no file", str(path))
    with path.open("rb") as file:
        content = file.read(most_bytes + 1) if os.fstat(file.fileno()).st_size <= most_bytes else None
    if content is None or len(content) > most_bytes:
        raise ValueError(f"it is longer than such a file can be ({most_bytes:,} bytes)")
    return content


@contextmanager
def writing(path: Path, *, remedy: str = GO_ON, kind: type[FaussaireError] = CheckpointError) -> Iterator[None]:
    """Turn the errors of the disk into one clear line, an error of that kind, which ends with the remedy."""
    try:
        yield
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not path.parent.is_dir():
            remedy = "its folder was removed or moved while it was in use"
        raise kind(f"cannot write {path}: {error.strerror or error}; {remedy}") from error


@contextmanager
def replacing(path: Path, *, remedy: str = GO_ON, kind: type[FaussaireError] = CheckpointError) -> Iterator[Path]:
    """Give a name beside `path`, with its suffix, to write under; what is there in the end becomes `path`.

    Where the writing fails, nothing is left under that name.

    Raises:
        FaussaireError: of that kind, the disk is full, or the like; what was at `path` is intact.
    """
    beside = path.with_name(f".tmp-{path.name}")
    with writing(path, remedy=remedy, kind=kind):
        try:
            yield beside
            os.replace(beside, path)
        except BaseException:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise


def sync(file: IO[bytes]) -> None:
    """Wait until the disk has what was written."""
    file.flush()
    os.fsync(file.fileno())


def write_atomically(
    path: Path, content: bytes, *, remedy: str = GO_ON, kind: type[FaussaireError] = CheckpointError
) -> None:
    """Write a file so that it is there as a whole or not at all, even after a power cut."""
    with replacing(path, remedy=remedy, kind=kind) as beside, beside.open("wb") as file:
        file.write(content)
        sync(file)


def let_go(array: np.ndarray) -> None:
    """Give the pages of a memory-mapped array, if it is one, back to the system."""
    mapped = getattr(array, "_mmap", None)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
