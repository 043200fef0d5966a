"""What the word after `faussaire train` may be, and the source that it becomes."""

from __future__ import annotations

import contextlib
import difflib
import stat
from pathlib import Path

from faussaire.data.archives import zip_source
from faussaire.data.arrays import npy_source, npz_source
from faussaire.data.dataset import Source
from faussaire.data.embedded import embedded_sets, embedded_source
from faussaire.data.files import IMAGE_SUFFIXES
from faussaire.data.folders import folder_source, why_unread
from faussaire.data.idx import find_idx, idx_source
from faussaire.errors import DataError

KINDS = "a folder of images, a .zip of them, an IDX pair, .npy, .npz, or the name of an embedded set"
"""What data may be, for messages."""


def open_source(data: str | Path) -> Source:
    """Open data of any kind, decoding nothing: use it in a `with` statement.

    `data` is a folder (read with all that lies below it), a `.zip`, an IDX file of images or the folder that
    holds it, a `.npy`, a `.npz`, or the name of an embedded set. An embedded name means the embedded set even
    where a file of that name exists: with a slash (`./mnist`), it is the path.

    Raises:
        DataError: there is no such path or name, it cannot be read, or it is not a kind of data that is
        known.
    """
    if str(data) in embedded_sets():
        return embedded_source(str(data))
    try:
        path = Path(data).expanduser()
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise DataError(_unknown(str(data), path)) from error
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: the ~ of nobody
        reason = why_unread(error) if isinstance(error, OSError) else str(error)
        raise DataError(f"{str(data)[:80]!r} cannot be opened ({reason}): give {KINDS}") from error
    if stat.S_ISDIR(mode):
        return _folder_source(path)
    if stat.S_ISREG(mode):
        return _file_source(path)
    raise DataError(f"{data} is neither a file nor a folder, but a pipe, socket or device: give {KINDS}")


def _folder_source(path: Path) -> Source:
    """Open a folder: of an IDX pair, if it holds one, else of image files."""
    try:
        images = find_idx(path)
    except OSError as error:
        raise DataError(f"{path} cannot be opened: {why_unread(error)}") from error
    return idx_source(images) if images is not None else folder_source(path)


def _file_source(path: Path) -> Source:
    """Open one file by its suffix, or by the first bytes where that says nothing."""
    suffix = path.suffix.lower()
    if suffix == ".zip":
        return zip_source(path)
    if suffix == ".npy":
        return npy_source(path)
    if suffix == ".npz":
        return npz_source(path)
    if "idx" in path.name.lower() or suffix == ".gz":
        return idx_source(path)
    if suffix in IMAGE_SUFFIXES:
        raise DataError(f"{path} is a single image: give the folder that it lies in")
    raise DataError(f"{path} is not a kind of data that is known: give {KINDS}")


def _unknown(data: str, path: Path) -> str:
    """Return the message for something that is not there, with what may have been meant."""
    names = list(embedded_sets())
    close = difflib.get_close_matches(data.lower(), names, n=1)
    if not close:
        with contextlib.suppress(OSError):
            siblings = sorted(entry.name for entry in path.parent.iterdir())
            close = [str(path.with_name(name)) for name in difflib.get_close_matches(path.name, siblings, n=1)]
    meant = f"; did you mean {close[0]}?" if close else ""
    return f"{data}: no such path, and no embedded data set of that name{meant} (embedded: {', '.join(names)})"
