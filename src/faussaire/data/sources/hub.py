"""A Hugging Face data set, by name or as `datasets` has saved it: `hf:NAME`, `hf:NAME:SPLIT`, `hf:NAME:SPLIT:COLUMN`.

It needs the package `datasets` (the extra `hf`), which downloads what it does not have yet. Images are taken as they
are encoded; none of the data set's own code is run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from faussaire.core.disk import read_file, signature_of, stamp
from faussaire.core.errors import DataError
from faussaire.data.dataset import Source
from faussaire.data.sources.arrow import ROWS, Columns, arrow_source, bytes_in

PREFIX = "hf:"

_PAUSES = (1.0, 4.0)  # seconds before another try


def is_saved(folder: Path) -> bool:
    """Whether a folder was written by `save_to_disk` of `datasets`."""
    return (folder / "dataset_dict.json").is_file() or (
        (folder / "dataset_info.json").is_file() and (folder / "state.json").is_file()
    )


def hub_stamp(name: str) -> str:
    """Return a hash that changes when a saved data set does; one on the hub is taken to stay what it is."""
    folder = Path(name).expanduser()
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    return signature_of(name, *(f"{path.relative_to(folder)} {stamp(path.stat())}" for path in files))


def split_name(text: str) -> tuple[str, str | None, str | None]:
    """Return name, split and column of `NAME[:SPLIT][:COLUMN]`."""
    name, _, rest = text.removeprefix(PREFIX).partition(":")
    split, _, column = rest.partition(":")
    return name, split or None, column or None


def hub_source(text: str, scratch: Path) -> Source:
    """Open a data set.

    Raises:
        DataError: `datasets` is missing, or there is no such data set, split or column.
    """
    name, split, column = split_name(text)
    data = _loaded(name, split)
    columns, within = Columns.of(data.features.arrow_schema, text, column), _folders(name)
    return arrow_source(
        ((columns, batch) for batch in data.with_format("arrow").iter(ROWS)),
        scratch,
        name=Path(name).name,
        where=text,
        content=lambda cell: bytes_in(_with_bytes(cell, within)),
    )


def _with_bytes(cell: Any, within: Sequence[Path]) -> Any:
    """Read the file that a cell names, where it holds no bytes itself: a stranger's table may name any file."""
    if isinstance(cell, dict) and cell.get("bytes") is None and cell.get("path"):
        path = (within[0] / cell["path"]).resolve()
        if any(path.is_relative_to(folder) for folder in within) and path.is_file():
            try:
                return read_file(str(path))
            except OSError:
                return cell
    return cell


def _folders(name: str) -> list[Path]:
    """Return the folders that the files of a data set may lie in: its own, and those of what `datasets` downloads."""
    import datasets

    own = [folder] if (folder := Path(name).expanduser()).is_dir() else []
    cached = (datasets.config.HF_CACHE_HOME, datasets.config.HF_DATASETS_CACHE)
    return [Path(folder).resolve() for folder in (*own, *cached)]


def _patiently(load: Callable[[str], Any], name: str) -> Any:
    """Load a data set, again after a while where the connection failed: what has come by then is not fetched anew."""
    for pause in _PAUSES:
        try:
            return load(name)
        except (ConnectionError, TimeoutError):
            time.sleep(pause)
    return load(name)


def _loaded(name: str, split: str | None) -> Any:
    """Return one split of a data set: the one asked for, else `train`, else the first."""
    try:
        import datasets
    except ImportError:
        raise DataError("hf: needs the package datasets: pip install 'faussaire[hf]'") from None
    folder = Path(name).expanduser()
    try:
        data = datasets.load_from_disk(str(folder)) if is_saved(folder) else _patiently(datasets.load_dataset, name)
    except Exception as error:  # it has many kinds: no network, no such name, a damaged file
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"hf:{name} cannot be had ({reason}): check the name and the network") from error
    if not isinstance(data, dict):
        if split not in (None, str(data.split)):
            raise DataError(f"hf:{name} has no split {split!r}: it is {data.split} alone")
        return data
    chosen = split or ("train" if "train" in data else next(iter(data)))
    if chosen not in data:
        raise DataError(f"hf:{name} has no split {chosen!r}: it has {', '.join(data)}")
    return data[chosen]
