"""Parquet files of images, read as tables of arrow (arrow.py)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from faussaire.core.errors import DataError
from faussaire.core.names import shortened
from faussaire.data.dataset import Source
from faussaire.data.sources.arrow import ROWS, Columns, arrow_source, bytes_in
from faussaire.data.sources.kind import SourceKind
from faussaire.modalities import begins_as_item

_LOOKED_AT = 16  # rows, to know whether they hold images


def parquet_files(folder: Path) -> list[Path]:
    """Return the parquet files of a folder or of its `data`: those of the training part, where there are parts."""
    for home in (folder, folder / "data"):
        found = sorted(home.glob("*.parquet"))
        if found:
            return of_training_part(found, folder)
    return []


def of_training_part(files: Sequence[Path], root: Path) -> list[Path]:
    """Return those that are called `train…`, or lie in a folder so called; all, where there are none of these."""
    train = [path for path in files if any(part.lower().startswith("train") for part in path.relative_to(root).parts)]
    return train or list(files)


def holds_images(path: Path) -> bool:
    """Whether a parquet file holds encoded images, by its first cells: bytes may be anything else as well."""
    try:
        columns, batch = next(_batches([path], _LOOKED_AT))
        contents = [bytes_in(cell) for cell in batch.column(columns.image).to_pylist()]
    except Exception:  # no pyarrow, no such column, no rows, or damaged: no images that could be read
        return False
    return any(isinstance(data, bytes) and begins_as_item(data[:16]) for data in contents)


def parquet_source(paths: Sequence[Path], name: str, scratch: Path) -> Source:
    """Read the images of one parquet file, or of several.

    Raises:
        DataError: pyarrow is missing, a file cannot be read, or there is no column of images.
    """
    where = paths[0] if len(paths) == 1 else paths[0].parent
    try:
        return arrow_source(_batches(paths), scratch, name=name, where=str(where))
    except ImportError:
        raise DataError("parquet needs pyarrow: pip install 'faussaire[parquet]'") from None
    except DataError:
        raise
    except Exception as error:  # pyarrow's own errors, OSError and ValueError
        raise DataError(f"{where} cannot be read as parquet ({shortened(str(error), 200)})") from error


def _batches(paths: Sequence[Path], num_rows: int = ROWS) -> Iterator[tuple[Columns, Any]]:
    import pyarrow.parquet

    for path in paths:
        with pyarrow.parquet.ParquetFile(path) as file:
            columns = Columns.of(file.schema_arrow, path)
            for batch in file.iter_batches(num_rows, columns=columns.names):
                yield columns, batch


PARQUET = SourceKind(
    name="parquet",
    open=lambda path, scratch: parquet_source([path], path.stem, scratch),
    recognises=lambda head: head.data.startswith(b"PAR1"),
    patterns=("*.parquet",),
)
