"""The IDX format of LeCun, Cortes and Burges's MNIST, and of the sets that were made to take its place.

A header of big-endian integers, 0x0000 08 then the number of axes, the length of each, then bytes; often
gzipped. Images and labels are two files beside each other. `http://yann.lecun.com/exdb/mnist/` described it.
"""

from __future__ import annotations

import gzip
import math
import re
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np

from faussaire.data.arrays import array_source
from faussaire.data.dataset import Source
from faussaire.errors import DataError

FASHION_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
"""Names of Fashion-MNIST's classes by label (Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747, table 2)."""

_IMAGES = re.compile(r"images([-.])idx3-ubyte(\.gz)?$")
_LABELS = re.compile(r"labels[-.]idx1-ubyte(\.gz)?$")


def find_idx(folder: Path) -> Path | None:
    """Return the file of images of the IDX pair that a folder holds, the training pair if there are several.

    Raises:
        DataError: there are several that could be meant.
    """
    found = sorted(path for path in folder.iterdir() if is_idx(path))
    training = [path for path in found if "train" in path.name] or found
    # An unpacked file beside its .gz is the same file: the unpacked one is quicker to read.
    distinct = {path.name.removesuffix(".gz"): path for path in reversed(training)}
    if len(distinct) > 1:
        raise DataError(f"{folder} holds several IDX files of images ({', '.join(distinct)}): give one of them")
    return next(iter(distinct.values()), None)


def is_idx(path: Path) -> bool:
    """Whether a file is named as an IDX file of images is."""
    return _IMAGES.search(path.name) is not None


def idx_source(path: Path, scratch: Path | None = None) -> Source:
    """Open an IDX file of images, with the labels and `classes.txt` that lie beside it, if any.

    Raises:
        DataError: a file is not IDX, is cut short, or images and labels are not as many.
    """
    if _LABELS.search(path.name):
        raise DataError(f"{path} holds labels: give the file of images beside it, or their folder")
    images = map_idx(path) if path.suffix != ".gz" else read_idx(path, num_axes=3)
    labels_path = labels_beside(path)
    folder = path.resolve().parent
    if labels_path is None:
        notes = ["no file of labels beside it"]
        return array_source(images, name=folder.name, where=str(path), notes=notes, path=path)
    labels = read_idx(labels_path, num_axes=1)
    classes, notes = _classes(folder, labels)
    return array_source(
        images, labels=labels, classes=classes, name=folder.name, where=str(path), notes=notes, path=path
    )


def map_idx(path: Path) -> np.ndarray:
    """Return the uint8 `[N, H, W]` of an unpacked IDX file of images, as a map of the file: its size is no matter.

    Raises:
        DataError: it cannot be read, or is not an IDX file of images.
    """
    try:
        with path.open("rb") as file:
            shape = _shape(file, path, num_axes=3)
        expected, found = 16 + math.prod(shape), path.stat().st_size
        if found != expected:
            problem = "is cut short" if found < expected else "goes on after its end"
            raise DataError(f"{path} {problem}: its header says {list(shape)}, {expected - 16} bytes: get it again")
        return np.memmap(path, np.uint8, "r", offset=16, shape=shape) if 0 not in shape else np.empty(shape, np.uint8)
    except (OSError, OverflowError) as error:
        raise DataError(f"{path} cannot be read ({error}): get it again") from error


def read_idx(path: Path, *, num_axes: int) -> np.ndarray:
    """Return the uint8 array in an IDX file, gzipped or not.

    Raises:
        DataError: it cannot be read, or is not an IDX file of bytes with that many axes.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as file:
            shape = _shape(file, path, num_axes)
            expected = math.prod(shape)
            # One more than expected, and no more: a small .gz can unpack to any size.
            data = file.read(expected + 1)
    except (OSError, EOFError, zlib.error, MemoryError, OverflowError) as error:
        raise DataError(f"{path} cannot be read ({error or type(error).__name__}): get it again") from error
    if len(data) != expected:
        problem = "is cut short" if len(data) < expected else "goes on after its end"
        raise DataError(f"{path} {problem}: its header says {list(shape)}, {expected} bytes: get it again")
    return np.frombuffer(data, np.uint8).reshape(shape)


def _shape(file: IO[bytes] | gzip.GzipFile, path: Path, num_axes: int) -> tuple[int, ...]:
    """Read the header: the length of each axis."""
    header = file.read(4 + 4 * num_axes)
    if header[:4] != bytes((0, 0, 8, num_axes)) or len(header) < 4 + 4 * num_axes:
        raise DataError(f"{path} is not an IDX file of {'images' if num_axes == 3 else 'labels'}")
    return struct.unpack(f">{num_axes}I", header[4:])


def labels_beside(images: Path) -> Path | None:
    """Return the file of labels that belongs to a file of images, whichever way both are spelt."""
    stem = _IMAGES.sub("", images.name)
    if stem == images.name:
        return None
    names = [f"{stem}labels{mark}idx1-ubyte{gz}" for mark in "-." for gz in ("", ".gz")]
    return next((images.with_name(name) for name in names if images.with_name(name).is_file()), None)


def _classes(folder: Path, labels: np.ndarray) -> tuple[Sequence[str] | None, list[str]]:
    """Return the names of the classes, None to use their numbers, and what there is to say about it."""
    listed = folder / "classes.txt"
    if listed.is_file():
        try:
            names = [line.strip() for line in listed.read_text("utf-8").splitlines() if line.strip()]
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{listed} cannot be read as UTF-8 text ({error})") from error
        return names, ["names of the classes from classes.txt"]
    if "fashion" in str(folder).lower() and labels.size and int(labels.max()) <= 9:
        return FASHION_CLASSES, [
            "names of the classes assumed to be those of Fashion-MNIST, from the name of the folder"
        ]
    return None, []
