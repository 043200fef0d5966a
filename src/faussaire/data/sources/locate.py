"""What the word after `faussaire train` may be, and the origin that it becomes.

A file is known by its first bytes, and only where they say nothing by its name: a zip called `photos.bin` is a zip.
Finding an origin reads names, sizes and times, never the images, so that data which is prepared already is there at
once.
"""

from __future__ import annotations

import difflib
import os
import re
import stat
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from faussaire.core.disk import signature_of, stamp, why_unread
from faussaire.core.errors import DataError
from faussaire.core.names import slug
from faussaire.data.dataset import Origin, Source
from faussaire.data.paths import whole
from faussaire.data.sources.embedded import embedded_sets
from faussaire.data.sources.files import with_labels_beside
from faussaire.data.sources.folders import Folder, folder_source, list_folder, listing_of
from faussaire.data.sources.hub import PREFIX, hub_source, hub_stamp, is_saved, split_name
from faussaire.data.sources.idx import IDX, find_idx
from faussaire.data.sources.kind import SourceKind
from faussaire.data.sources.kinds import WHAT_DATA_MAY_BE, kind_of
from faussaire.data.sources.parquet import holds_images, of_training_part, parquet_files, parquet_source
from faussaire.data.sources.several import joined_name, several_source
from faussaire.data.sources.shards import data_in, expanded


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
            raise DataError(f"no data given: name {WHAT_DATA_MAY_BE}")
        return _several(parts)
    text = str(data)
    if not text:  # as a path it would be the working directory
        raise DataError(f"the name of the data is empty: give {WHAT_DATA_MAY_BE}")
    if text in embedded_sets():
        return _file_origin(embedded_sets()[text].path, name=text)
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
        raise DataError(f"{text[:80]!r} cannot be opened ({reason}): give {WHAT_DATA_MAY_BE}") from error
    if stat.S_ISDIR(mode):
        return _folder_origin(path)
    if stat.S_ISREG(mode):
        return _file_origin(path)
    raise DataError(f"{data} is neither a file nor a folder, but a pipe, socket or device: give {WHAT_DATA_MAY_BE}")


def _several(parts: Sequence[Origin]) -> Origin:
    if len(parts) == 1:
        return parts[0]
    return Origin(
        name=joined_name([part.name for part in parts]),
        identity="\n".join(part.identity for part in parts),
        signature=signature_of(*(part.signature for part in parts)),
        open=partial(several_source, parts),
    )


def _hub_origin(text: str) -> Origin:
    name = split_name(text)[0]
    signature = hub_stamp(name)
    return Origin(name=slug(Path(name).name), identity=whole(text), signature=signature, open=partial(hub_source, text))


def _folder_origin(path: Path) -> Origin:
    """Find what a folder is: an IDX pair, parquet files, what `datasets` has saved, or else image files.

    Beside image files, parquet may hold captions or features: then its first cells say what it is.
    """
    try:
        images, tables = find_idx(path), parquet_files(path)
    except OSError as error:
        raise DataError(f"{path} cannot be opened: {why_unread(error)}") from error
    if images is not None:
        return _file_origin(images, IDX)
    if is_saved(path):
        return _hub_origin(f"{PREFIX}{path}")
    folder, name = list_folder(path), slug(path.resolve().name)
    has_images = folder.has_images()
    if not tables and not has_images:  # as the hub keeps what it has converted: default/train/0000.parquet
        below = [Path(file) for _, file, why in folder.files if not why and file.lower().endswith(".parquet")]
        tables = of_training_part(sorted(below), path)
    if tables and (not has_images or holds_images(tables[0])):
        return Origin(
            name=name,
            identity=f"parquet {path.resolve()}",
            signature=signature_of(*(f"{path.name} {stamp(path.stat())}" for path in tables)),
            open=partial(parquet_source, tables, name),
        )
    opener: Callable[[Path], Source] = partial(folder_source, folder)
    found = {} if has_images else data_in([Path(file) for _, file, why in folder.files if not why])
    if found:
        origin = _several([_file_origin(file, kind) for file, kind in found.items()])
        opener = partial(_opened_in, folder, origin, list(found))
    return Origin(name=name, identity=f"folder {path.resolve()}", signature=folder.signature, open=opener)


def _opened_in(folder: Folder, origin: Origin, files: Sequence[Path], scratch: Path) -> Source:
    """Open what was found in a folder, with the labels that lie beside it, and say what it is."""
    with ExitStack() as stack:
        source = stack.enter_context(origin.open(scratch))
        if source.read is not None:
            source = with_labels_beside(source, listing_of(folder))
        stack.pop_all()
    others = f" and {len(files) - 1} others" if len(files) > 1 else ""
    return replace(source, notes=(f"the folder holds no images, but {files[0].name}{others}, read", *source.notes))


def _without_braces(text: str) -> str:
    return re.sub(r"[\W_]*\{.*\}", "", Path(text).name).split(".")[0]


def _file_origin(path: Path, kind: SourceKind | None = None, *, name: str | None = None) -> Origin:
    """Make the origin of one file, and of what lies beside it."""
    kind = kind or kind_of(path)
    try:
        stamps = [stamp(path.stat()), *filter(None, map(_stamp_if_there, kind.beside(path)))]
    except OSError as error:
        raise DataError(f"{path} cannot be read: {why_unread(error)}") from error
    return Origin(
        name=name or slug(kind.title(path)),
        identity=f"{kind.name} {path.resolve()}",
        signature=signature_of(*stamps),
        path=path.resolve(),
        open=partial(kind.open, path),
    )


def _stamp_if_there(path: Path) -> str:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return ""
    return stamp(status) if stat.S_ISREG(status.st_mode) else ""


def _unknown(data: str, path: Path) -> str:
    """Return the message for something that is not there, with what may have been meant."""
    names = list(embedded_sets())
    close = difflib.get_close_matches(data.lower(), names, n=1)
    if not close:
        with suppress(OSError):
            siblings = sorted(entry.name for entry in path.parent.iterdir())
            close = [str(path.with_name(name)) for name in difflib.get_close_matches(path.name, siblings, n=1)]
    meant = f"; did you mean {close[0]}?" if close else ""
    return f"{data}: no such path, and no embedded data set of that name{meant} (embedded: {', '.join(names)})"
