"""What the word after `faussaire train` may be, and the origin that it becomes.

A file is known by its first bytes, and only where they say nothing by its name: a zip called `photos.bin` is a zip.
Finding an origin reads names, sizes and times, never the images, so that data which is prepared already is there at
once.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from faussaire.core.errors import DataError
from faussaire.data.dataset import Origin, Source
from faussaire.data.disk import stamp, why_unread
from faussaire.data.names import slug
from faussaire.data.paths import whole
from faussaire.data.sources.archives import tar_source, zip_source
from faussaire.data.sources.arrays import npy_source
from faussaire.data.sources.embedded import embedded_sets
from faussaire.data.sources.files import with_labels_beside
from faussaire.data.sources.folders import Folder, folder_source, list_folder, listing_of
from faussaire.data.sources.hub import PREFIX, hub_source, hub_stamp, is_saved, split_name
from faussaire.data.sources.idx import find_idx, home_of, idx_source, labels_beside
from faussaire.data.sources.kinds import KINDS, kind_of
from faussaire.data.sources.lists import list_source, list_stamp
from faussaire.data.sources.npz import npz_source
from faussaire.data.sources.parquet import holds_images, parquet_files, parquet_source, parquet_stamp
from faussaire.data.sources.several import joined_name, several_source
from faussaire.data.sources.shards import data_in, expanded
from faussaire.data.sources.tables import table_source

Opener = Callable[[Path, Path], Source]

_OPENERS: dict[str, Opener] = {
    "zip": zip_source,
    "tar": tar_source,
    "npy": npy_source,
    "npz": npz_source,
    "idx": idx_source,
    "table": table_source,
    "parquet": lambda path, scratch: parquet_source([path], path.stem, scratch),
    "list": list_source,
}


def open_source(data: str | Path) -> Source:
    """Open data of any kind, decoding nothing: use it in a `with` statement.

    Raises:
        DataError: as `locate`, or it cannot be read.
    """
    return locate(data).open(Path(tempfile.gettempdir()))


def locate(data: str | Path | Sequence[str | Path]) -> Origin:
    """Find data of any kind.

    `data` is a path, `hf:` and the name of a data set, the name of an embedded set, or a sequence of several of these.
    An embedded name means the embedded set even where a file of that name exists: with a slash (`./mnist`), it is the
    path.

    Raises:
        DataError: there is no such path or name, it cannot be read, or it is not a kind of data that is known.
    """
    if not isinstance(data, (str, Path)):
        parts = [locate(part) for part in data]
        if not parts:
            raise DataError(f"no data given: name {KINDS}")
        return parts[0] if len(parts) == 1 else _several(parts)
    text = str(data)
    if not text:  # as a path it would be the working directory
        raise DataError(f"the name of the data is empty: give {KINDS}")
    if text in embedded_sets():
        return _file_origin(embedded_sets()[text].path, "npz", name=text)
    if text.startswith(PREFIX):
        return _hub_origin(text)
    pattern = [] if os.path.exists(text) else expanded(text)
    if len(pattern) > 1:
        return replace(_several([locate(name) for name in pattern]), name=slug(_without_braces(text)))
    try:
        path = Path(data).expanduser()
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise DataError(_unknown(text, path)) from error
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: the ~ of nobody
        reason = why_unread(error) if isinstance(error, OSError) else str(error)
        raise DataError(f"{text[:80]!r} cannot be opened ({reason}): give {KINDS}") from error
    if stat.S_ISDIR(mode):
        return _folder_origin(path)
    if stat.S_ISREG(mode):
        return _file_origin(path, kind_of(path))
    raise DataError(f"{data} is neither a file nor a folder, but a pipe, socket or device: give {KINDS}")


def _several(parts: Sequence[Origin]) -> Origin:
    text = "\n".join(part.signature for part in parts)
    return Origin(
        name=joined_name([part.name for part in parts]),
        identity="\n".join(part.identity for part in parts),
        signature=hashlib.sha256(text.encode()).hexdigest(),
        open=partial(several_source, parts),
    )


def _hub_origin(text: str) -> Origin:
    name = split_name(text)[0]
    return Origin(
        name=slug(Path(name).name),
        identity=whole(text),
        signature=hub_stamp(name),
        open=partial(hub_source, text),
    )


def _folder_origin(path: Path) -> Origin:
    """Find what a folder is: an IDX pair, parquet files, what `datasets` has saved, or else image files.

    Beside image files, parquet may hold captions or features: then its first cells say what it is.
    """
    try:
        images = find_idx(path)
        tables = parquet_files(path)
    except OSError as error:
        raise DataError(f"{path} cannot be opened: {why_unread(error)}") from error
    if images is not None:
        return _file_origin(images, "idx")
    if is_saved(path):
        return _hub_origin(f"{PREFIX}{path}")
    folder = list_folder(path)
    if tables and (not folder.has_images() or holds_images(tables[0])):
        name = slug(path.resolve().name)
        return Origin(
            name=name,
            identity=f"parquet {path.resolve()}",
            signature=parquet_stamp(tables),
            open=partial(parquet_source, tables, name),
        )
    files = [] if folder.has_images() else [Path(file) for _, file, why in folder.files if not why]
    found = data_in(files, _kind_or_none)
    parts = [_file_origin(file, kind_of(file)) for file in found]
    opener: Callable[[Path], Source] = partial(folder_source, folder)
    if parts:
        origin = parts[0] if len(parts) == 1 else _several(parts)
        opener = partial(_opened_in, folder, origin, found)
    return Origin(
        name=slug(path.resolve().name),
        identity=f"folder {path.resolve()}",
        signature=folder.signature,
        open=opener,
    )


def _opened_in(folder: Folder, origin: Origin, files: Sequence[Path], scratch: Path) -> Source:
    """Open what was found in a folder, with the labels that lie beside it, and say what it is."""
    source = origin.open(scratch)
    try:
        if source.read is not None:
            source = with_labels_beside(source, listing_of(folder))
    except BaseException:
        source.__exit__()
        raise
    others = f" and {len(files) - 1} others" if len(files) > 1 else ""
    return replace(source, notes=(f"the folder holds no images, but {files[0].name}{others}, read", *source.notes))


def _without_braces(text: str) -> str:
    return re.sub(r"[\W_]*\{.*\}", "", Path(text).name).split(".")[0]


def _kind_or_none(path: Path) -> str | None:
    try:
        return kind_of(path)
    except DataError:
        return None


def _file_origin(path: Path, kind: str, *, name: str | None = None) -> Origin:
    """Make the origin of one file, and of what lies beside it."""
    try:
        beside = [labels_beside(path), home_of(path) / "classes.txt"] if kind == "idx" else []
        stamps = [stamp(one.stat()) for one in (path, *beside) if one is not None and one.is_file()]
        signature = list_stamp(path) if kind == "list" else hashlib.sha256("\n".join(stamps).encode()).hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {why_unread(error)}") from error
    stem = home_of(path).name if kind == "idx" else path.name.split(".tar")[0] if kind == "tar" else path.stem
    return Origin(
        name=name or slug(stem.split(".")[0] if kind == "table" else stem),
        identity=f"{kind} {path.resolve()}",
        signature=signature,
        path=path.resolve(),
        open=partial(_OPENERS[kind], path),
    )


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
