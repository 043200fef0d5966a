"""Images in parquet, as the data sets of the Hugging Face hub are kept: a column of encoded images, perhaps a label.

A cell is the bytes of an image file, or a struct with them under `bytes`. The column is found by its type. Names of
classes come from the metadata that `datasets` writes, where they are there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from faussaire.core.errors import DataError
from faussaire.data.dataset import Source
from faussaire.data.decode.decode import is_image
from faussaire.data.disk import stamp
from faussaire.data.labels.labels import Labels, are_mostly_several, classes_of, column_of_labels, spelt
from faussaire.data.names import shown, slug
from faussaire.data.store.spool import Spool

_ROWS = 256  # read at a time
_LOOKED_AT = 16  # rows, to know whether they hold images
_IMAGE_NAMES = ("image", "img", "picture", "photo", "bytes", "jpg", "png")


def parquet_files(folder: Path) -> list[Path]:
    """Return the parquet files of a folder or of its `data`: those of the training part, where there are parts."""
    for place in (folder, folder / "data"):
        found = sorted(place.glob("*.parquet"))
        if found:
            return [path for path in found if path.name.lower().startswith("train")] or found
    return []


def holds_images(path: Path) -> bool:
    """Whether a parquet file holds encoded images, by its first cells: bytes may be anything else as well."""
    try:
        import pyarrow.parquet

        with pyarrow.parquet.ParquetFile(path) as file:
            column = image_column(file.schema_arrow, path)
            batch = next(file.iter_batches(_LOOKED_AT, columns=[column]))
            cells = batch.column(column).to_pylist()
    except Exception:  # no pyarrow, no such column, no rows, or damaged: no images that could be read
        return False
    contents = [cell.get("bytes") if isinstance(cell, dict) else cell for cell in cells]
    return any(isinstance(data, bytes) and is_image(data[:16]) for data in contents)


def parquet_stamp(paths: Sequence[Path]) -> str:
    """Return a hash that changes when one of the files does."""
    text = "\n".join(f"{path.name} {stamp(path.stat())}" for path in paths)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def parquet_source(paths: Sequence[Path], name: str, scratch: Path) -> Source:
    """Read the images of one parquet file, or of several with the same columns.

    Raises:
        DataError: pyarrow is missing, a file cannot be read, or there is no column of images.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise DataError("parquet needs pyarrow: pip install 'faussaire[parquet]'") from None
    spool = Spool(scratch)
    labels: list[Any] = []
    problems: dict[int, str] = {}
    known: list[str] = []
    column = label = None
    try:
        for path in paths:
            with pyarrow.parquet.ParquetFile(path) as file:
                schema = file.schema_arrow
                column, label = image_column(schema, path), label_column(schema)
                known = known or class_names(schema, label)
                wanted = [column] if label is None else [column, label]
                for batch in file.iter_batches(_ROWS, columns=wanted):
                    labels += [None] * batch.num_rows if label is None else batch.column(label).to_pylist()
                    add_images(spool, batch.column(column).to_pylist(), problems)
    except DataError:
        spool.close()
        raise
    except Exception as error:  # pyarrow's own errors, OSError and ValueError
        spool.close()
        where = paths[0] if len(paths) == 1 else f"{paths[0].parent}"
        raise DataError(f"{where} cannot be read as parquet ({' '.join(str(error).split())[:200]})") from error
    where = str(paths[0] if len(paths) == 1 else paths[0].parent)
    told = [f"images from the column {column!r}"]
    return cells_source(spool, labels, known, problems, name=name, where=where, notes=told, label=label)


def add_images(spool: Spool, cells: Sequence[Any], problems: dict[int, str]) -> None:
    """Add the bytes of image cells to a spool; say of each that has none why."""
    for cell in cells:
        data = cell.get("bytes") if isinstance(cell, dict) else cell
        if not isinstance(data, bytes):
            problems[len(spool)] = "an empty cell" if cell is None or data is None else "a cell that is no image"
            data = b""
        spool.add(data)


def cells_source(
    spool: Spool,
    labels: Sequence[Any],
    known: Sequence[str],
    problems: dict[int, str],
    *,
    name: str,
    where: str,
    notes: Sequence[str],
    label: str | None,
) -> Source:
    """Make a source of spooled images and their labels: text, or whole numbers that may index `known` names."""
    told = list(notes)
    found = Labels()
    if label is not None:
        several = sum(isinstance(value, list) and len(value) > 1 for value in labels)
        texts = [spelt(value, known) for value in labels]
        if are_mostly_several(several, len(texts) - texts.count(None)):
            found = Labels(notes=(f"no labels: the column {label!r} gives several to {several:,} images",))
        else:
            found = classes_of(texts, order=known)
        told += found.notes or ([f"labels from the column {label!r}"] if found.classes else [])
        for i, problem in found.problems().items():
            problems.setdefault(i, problem if not isinstance(labels[i], list) else "several labels")
    stem = shown(Path(where).name)
    return Source(
        name=slug(name),
        where=where,
        items=[f"{stem}[{i}]" for i in range(len(spool))],
        labels=found.numbers,
        classes=found.classes,
        notes=tuple(told),
        problems=problems,
        read=spool.read,
        close=spool.close,
    )


def image_column(schema: Any, path: Path | str) -> str:
    """Return the name of the column of images in a schema of pyarrow.

    Raises:
        DataError: there is none.
    """
    able = [field.name for field in schema if _may_hold_images(field.type)]
    if not able:
        columns = ", ".join(f"{field.name} ({field.type})" for field in schema)[:200]
        raise DataError(f"{path} has no column of images, encoded as files: it holds {columns}")
    able.sort(key=lambda name: _IMAGE_NAMES.index(name.lower()) if name.lower() in _IMAGE_NAMES else 99)
    return str(able[0])


def _may_hold_images(kind: Any) -> bool:
    import pyarrow.types as types

    if types.is_struct(kind):
        return any(kind.field(i).name == "bytes" for i in range(kind.num_fields))
    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def label_column(schema: Any) -> str | None:
    """Return the name of the column of labels in a schema of pyarrow, if there is one."""
    place = column_of_labels(schema.names)
    return None if place is None else str(schema.names[place])


def class_names(schema: Any, label: str | None) -> list[str]:
    """Return the names of the classes that `datasets` has written beside the columns, if there are any."""
    with suppress(KeyError, TypeError, ValueError):
        told = json.loads(schema.metadata[b"huggingface"])
        return [str(name) for name in told["info"]["features"][label]["names"]]
    return []
