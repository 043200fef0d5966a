"""Images in tables of arrow: a column of encoded images, perhaps a label, as the Hugging Face hub keeps them.

A cell is the bytes of an image file, or a struct with them under `bytes`. The column is found by its type. Names of
classes come from the metadata that `datasets` writes, where they are there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faussaire.core.errors import DataError
from faussaire.core.names import Numbered, shown, slug
from faussaire.data.dataset import Source
from faussaire.data.labels.labels import Labels, WrittenLabels, are_mostly_several, column_of_labels, spelt
from faussaire.data.store.spool import Spool

ROWS = 256
"""Read at a time."""

_IMAGE_NAMES = ("image", "img", "picture", "photo", "bytes", "jpg", "png")


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which columns of a table are read."""

    image: str
    label: str | None
    classes: list[str]
    """Names of the classes that whole numbers in the column of labels stand for; empty where they are not told."""

    @classmethod
    def of(cls, schema: Any, where: Path | str, image: str | None = None) -> Columns:
        """Find them in a schema of pyarrow.

        Raises:
            DataError: there is no column of images, or none that is called `image`.
        """
        if image is not None and image not in schema.names:
            raise DataError(f"{where} has no column {image!r}: it has {', '.join(schema.names)}")
        index = column_of_labels(schema.names)
        label, classes = None if index is None else str(schema.names[index]), []
        with suppress(KeyError, TypeError, ValueError):
            metadata = json.loads(schema.metadata[b"huggingface"])
            classes = [str(name) for name in metadata["info"]["features"][label]["names"]]
        return cls(image=image or _image_column(schema, where), label=label, classes=classes)

    @property
    def names(self) -> list[str]:
        """Their names."""
        return [self.image] if self.label is None else [self.image, self.label]


def _image_column(schema: Any, where: Path | str) -> str:
    able = [field.name for field in schema if _may_hold_images(field.type)]
    if not able:
        columns = ", ".join(f"{field.name} ({field.type})" for field in schema)[:200]
        raise DataError(f"{where} has no column of images, encoded as files: it holds {columns}")
    able.sort(key=lambda name: _IMAGE_NAMES.index(name.lower()) if name.lower() in _IMAGE_NAMES else 99)
    return str(able[0])


def _may_hold_images(kind: Any) -> bool:
    import pyarrow.types as types

    if types.is_struct(kind):
        return any(kind.field(i).name == "bytes" for i in range(kind.num_fields))
    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def bytes_in(cell: Any) -> Any:
    """Return what a cell of images holds, which should be bytes."""
    return cell.get("bytes") if isinstance(cell, dict) else cell


def arrow_source(
    batches: Iterable[tuple[Columns, Any]],
    scratch: Path,
    *,
    name: str,
    where: str,
    content: Callable[[Any], Any] = bytes_in,
) -> Source:
    """Make a source of batches of rows, each with its columns; `content` returns what a cell of images holds."""
    labels: list[Any] = []
    problems: dict[int, str] = {}
    columns = None
    with ExitStack() as stack:
        spool = Spool(scratch)
        stack.callback(spool.close)
        for columns, batch in batches:
            cells = batch.column(columns.image).to_pylist()
            labels += [None] * len(cells) if columns.label is None else batch.column(columns.label).to_pylist()
            for data in map(content, cells):
                if not isinstance(data, bytes):
                    problems[len(spool)] = "an empty cell" if data is None else "a cell that is no image"
                spool.add(data if isinstance(data, bytes) else b"")
        stack.pop_all()
    source = Source(
        name=slug(name),
        where=where,
        items=Numbered(shown(Path(where).name), len(spool)),
        notes=() if columns is None else (f"images from the column {columns.image!r}",),
        problems=problems,
        read=spool.read,
        close=spool.close,
    )
    return source if columns is None or columns.label is None else source.labelled(_labels(labels, columns))


def _labels(values: list[Any], columns: Columns) -> Labels:
    """Find the classes of text, or of whole numbers that may index the names of the classes."""
    several = {i for i, value in enumerate(values) if isinstance(value, list) and len(value) > 1}
    texts = [spelt(value, columns.classes) for value in values]
    if are_mostly_several(len(several), len(texts) - texts.count(None)):
        return Labels(notes=(f"no labels: the column {columns.label!r} gives several to {len(several):,} images",))
    notes = (f"labels from the column {columns.label!r}",) if any(text is not None for text in texts) else ()
    missing = dict.fromkeys(several, "several labels")
    return WrittenLabels(labels=texts, notes=notes, missing=missing).classes(order=columns.classes)
