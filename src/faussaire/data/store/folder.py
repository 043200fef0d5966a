"""Where prepared data lies: a folder for each set and way of preparing it, in `~/.cache/faussaire/data` or `--cache`.

    NAME-KEY/SIGNATURE/          KEY: which data, prepared how; SIGNATURE: its state when it was prepared; and a number
                                 where more of the same data could be read later
        index.json               what is here; written last, so that without it the preparation is unfinished
        pixels.u8                rows [n, *shape], sample after sample
        items.bin words.jsonl    what became of each item, as rows of OUTCOME, and the words of its notes
        names.txt names.npy      the name of each item, and where it ends
        labels.npy rejected.npy  the label of each item, and the positions of those that are not used
        train.npy held-out.npy   positions of the images that are trained on, and of those that never are, in order
        train-labels.npy …       their labels
        plan.json outcomes.bin   of an unfinished preparation: what was planned, and what was done so far

Nothing is ever changed in a finished folder. Data that has changed has another signature, so it is prepared anew, and
the old folder is removed once the new one is finished. What is open stays readable meanwhile.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from filelock import FileLock

from faussaire.core import files
from faussaire.core.errors import DataError
from faussaire.core.marks import mark_folder
from faussaire.core.names import Numbered
from faussaire.core.paths import cache_folder, expanded, refuse_strangers
from faussaire.data.dataset import Dataset, Inventory, Origin
from faussaire.data.pool.outcomes import OUTCOME
from faussaire.data.store.records import Lines, Records
from faussaire.data.store.rows import PixelFile, Rows
from faussaire.modalities import SampleSpec, modality

VERSION = 9
"""Of the format, and of the rules for decoding and for the order: another one is another store."""

INDEX = "index.json"
TRAIN, HELD_OUT = "train", "held-out"
ITEMS, WORDS, NAMES = "items.bin", "words.jsonl", "names.txt"
PREPARED_IS_KEPT = (
    "what was prepared so far is kept: make room and give the same command again, or name another place by --cache"
)


@dataclass(frozen=True, kw_only=True)
class StoreFolder:
    """The folder of one prepared set."""

    folder: Path
    signature: str

    @property
    def current(self) -> Path:
        """The part of the folder that belongs to the data as it is now: the last one that is finished, if any is."""
        return max(self._finished(), default=self.folder / self._name)

    @property
    def following(self) -> Path:
        """The part that will take the place of the current one, for the same data."""
        number = int(self.current.name[len(self._name) + 1 :] or 0)
        return self.folder / f"{self._name}-{number + 1:06}"

    @property
    def _name(self) -> str:
        return self.signature[:16]

    def _finished(self) -> list[Path]:
        return [index.parent for index in self.folder.glob(f"{self._name}*/{INDEX}")]

    def ready(self) -> bool:
        """Say whether the data was prepared, and has not changed since."""
        try:
            return (self.current / INDEX).is_file()
        except OSError:  # no permission to look
            return False

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes from preparing the same; wait for one that does.

        Raises:
            DataError: the folder cannot be written.
        """
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            mark_folder(self.folder)
            lock = FileLock(self.folder / ".lock")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def remove_others(self) -> None:
        """Remove what was prepared of the data as it was before."""
        for path in self.folder.iterdir():
            if path.is_dir() and path != self.current:
                shutil.rmtree(path, ignore_errors=True)


def store_folder(origin: Origin, settings: Mapping[str, Any], cache: str | Path | None) -> StoreFolder:
    """Return where data prepared by these settings lies.

    Without `cache` it is in the user's cache, see `core.paths`.

    Raises:
        DataError: `cache` cannot be written, or a stranger can change what is in it.
    """
    key = hashlib.sha256(json.dumps([VERSION, origin.identity, settings], sort_keys=True).encode()).hexdigest()
    name = f"{origin.name}-{key[:16]}"

    def at(folder: Path) -> StoreFolder:
        return StoreFolder(folder=folder, signature=origin.signature)

    if cache is None:
        return at(cache_folder("data", name, serves=lambda folder: at(folder).ready()))
    if not str(cache):
        raise DataError("--cache is empty: name a folder, or leave it out")
    home = expanded(cache)
    found = at(home / name)
    if not found.ready():
        with writing(found.folder):
            found.folder.mkdir(parents=True, exist_ok=True)
    for folder in (home, found.folder):
        refuse_strangers(folder)
    return found


def writing(path: Path) -> AbstractContextManager[None]:
    """Turn the errors of the disk into one clear line.

    Raises:
        DataError: there is no room, or no permission.
    """
    return files.writing(path, remedy=PREPARED_IS_KEPT, kind=DataError)


def check_room(folder: Path, num_bytes: int) -> None:
    """Stop before the work begins where it cannot end well.

    Raises:
        DataError: the disk has less room than that.
    """
    free = shutil.disk_usage(folder).free
    if num_bytes > free:
        raise DataError(
            f"no room in {folder}: the prepared images take {_size(num_bytes)} and {_size(free)} are free; "
            "name another place by --cache, or lower --resolution"
        )


def _size(num_bytes: int) -> str:
    return f"{num_bytes / 2**30:.1f} GiB" if num_bytes >= 2**30 else f"{num_bytes / 2**20:.1f} MiB"


def write_text(path: Path, text: str) -> None:
    """Write a file so that it is there as a whole or not at all."""
    files.write_atomically(path, text.encode(), remedy=PREPARED_IS_KEPT, kind=DataError)


def load(folder: Path, in_place: Path | None = None) -> Dataset:
    """Open a finished store: a few small files are read, whatever its size.

    `in_place` is the file that the data is, which may serve as the store's pixels. No other file outside the store is
    ever opened, whatever its index says: it may come from a stranger.

    Raises:
        DataError: something in it is missing or damaged.
    """
    try:
        index = read_index(folder)
        classes = tuple(index["classes"])
        spec = SampleSpec.from_dict({**index, "modality": modality(index["modality"]).name})
        rows = read_rows(folder, index, in_place)
        if links := [path.name for path in folder.iterdir() if path.is_symlink()]:
            raise ValueError(f"{links[0]} is a link")
        train, held_out = (_part(folder, name, labelled=bool(classes)) for name in (TRAIN, HELD_OUT))
        records = _records(folder, index)
        rejected = _numbers(folder / "rejected.npy")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"the prepared images in {folder} are damaged ({error}): remove that folder") from error
    return Dataset(
        name=index["name"],
        spec=spec,
        images=rows.at(train[0]),
        labels=train[1],
        held_out=rows.at(held_out[0]),
        held_out_labels=held_out[1],
        inventory=Inventory(
            name=index["name"],
            records=records,
            rejected=records.at(rejected),
            classes=classes,
            class_counts=dict(index["class_counts"]),
            notes=tuple(index["notes"]),
        ),
        fingerprint=index["fingerprint"],
    )


def read_index(folder: Path) -> dict[str, Any]:
    """Return what the index of a finished store says."""
    index: dict[str, Any] = json.loads((folder / INDEX).read_text("utf-8"))
    return index


def read_rows(folder: Path, index: Mapping[str, Any], in_place: Path | None = None) -> Rows:
    """Open the rows of a store; see `load` for `in_place`."""
    told = index["pixels"]
    name = told["path"]
    if name is None and in_place is not None:
        path = in_place
    elif name is None or Path(name).name != name:
        raise ValueError("its file of pixels lies outside it")
    else:
        path = folder / name
    shape = tuple(index.get("row_shape", index["shape"]))
    return Rows(PixelFile(**{**told, "path": path}), shape, dtype=np.dtype(index["dtype"]))


def _part(folder: Path, name: str, *, labelled: bool) -> tuple[np.ndarray, np.ndarray | None]:
    """Map the positions of a part, and its labels as torch wants them: writable in memory, and never on the disk."""
    return _numbers(folder / f"{name}.npy"), _numbers(folder / f"{name}-labels.npy", "c") if labelled else None


def _numbers(path: Path, mode: Literal["r", "c"] = "r") -> np.ndarray:
    found: np.ndarray = np.load(path, mmap_mode=mode)
    if found.dtype != np.int64 or found.ndim != 1:
        raise ValueError(f"{path.name} holds no positions or labels")
    return found


def _records(folder: Path, index: Mapping[str, Any]) -> Records:
    outcomes = np.memmap(folder / ITEMS, OUTCOME, "r")
    words = [json.loads(line) for line in (folder / WORDS).read_text("utf-8").splitlines()]
    names = Numbered(index["numbered"], len(outcomes)) if index["numbered"] else Lines(folder / NAMES)
    labels = _numbers(folder / "labels.npy") if index["classes"] else None
    return Records(outcomes, words, names, labels, range(len(outcomes)))


def discard(folder: Path) -> None:
    """Remove a store that is of no use."""
    with suppress(OSError):
        shutil.rmtree(folder)
