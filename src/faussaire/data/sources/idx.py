"""The IDX format of LeCun, Cortes and Burges's MNIST, and of the sets that were made to take its place.

A header of big-endian integers, 0x0000, the type of the numbers (08: bytes), the number of axes, the length of each,
then the numbers; often gzipped. Images and labels are two files beside each other, or each in a folder of its own name.
`http://yann.lecun.com/exdb/mnist/` described it.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np

from faussaire.core.disk import read_file
from faussaire.core.errors import DataError
from faussaire.core.names import shortened
from faussaire.core.packed import is_packed, unpacked
from faussaire.data.dataset import Source
from faussaire.data.sources.arrays import array_source
from faussaire.data.sources.kind import SourceKind

FASHION_CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
"""Names of Fashion-MNIST's classes by label (Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747, table 2)."""

_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
"""Number types by the third byte of a file."""

_ENDING = r"(ubyte|byte|short|int|float|double)(\.gz|\.bz2|\.xz|\.zst)?$"
_IMAGES = re.compile(rf"images([-.])idx[234]-{_ENDING}", re.IGNORECASE)
_LABELS = re.compile(rf"labels[-.]idx[12]-{_ENDING}", re.IGNORECASE)
_MOST_AXES = 4
_NAMES_OF_CLASSES = "classes.txt"


def is_idx(head: bytes) -> bool:
    """Whether a file that begins so is IDX."""
    return len(head) > 8 and head[:2] == b"\0\0" and head[2] in _TYPES and 1 <= head[3] <= _MOST_AXES


def find_idx(folder: Path) -> Path | None:
    """Return the file of images of the IDX pair that a folder holds, the training pair if there are several.

    A file may lie in a folder of its own name, as it does after some archives are unpacked.

    Raises:
        DataError: there are several that could be meant.
    """
    found = sorted(_files_named(_IMAGES, folder))
    training = [path for path in found if "train" in path.name] or found
    # An unpacked file beside its .gz is the same file: the unpacked one is quicker to read. Hyphen or dot, too.
    distinct = {_plain(path.name): path for path in reversed(training)}
    if len(distinct) > 1:
        names = shortened(", ".join(sorted(path.name for path in distinct.values())))
        raise DataError(f"{folder} holds several IDX files of images ({names}): give one of them")
    return next(iter(distinct.values()), None)


def _plain(name: str) -> str:
    return re.sub(r"\.(gz|bz2|xz|zst)$", "", name.lower()).replace(".idx", "-idx")


def _files_named(pattern: re.Pattern[str], folder: Path) -> list[Path]:
    """Return the files in a folder with such names, also where one lies in a folder of its own name."""
    entries = [entry for entry in sorted(folder.iterdir()) if pattern.search(entry.name)]
    inside = [path for entry in entries if entry.is_dir() for path in sorted(entry.iterdir())]
    return [path for path in (*entries, *inside) if pattern.search(path.name) and path.is_file()]


def home_of(images: Path) -> Path:
    """Return the folder of a pair: that of the file, or the one above where that has the file's name."""
    folder = images.resolve().parent
    return folder.parent if _IMAGES.search(folder.name) else folder


def idx_source(path: Path, scratch: Path) -> Source:
    """Open an IDX file of images, with the labels and `classes.txt` that lie beside it, if any.

    Raises:
        DataError: a file is not IDX, is cut short, or images and labels are not as many.
    """
    if _LABELS.search(path.name):
        raise DataError(f"{path} holds labels: give the file of images beside it, or their folder")
    images = read_idx(path)
    if images.ndim < 2:
        raise DataError(f"{path} holds {len(images)} numbers, not images: give the file of images, or its folder")
    labels_path, home = labels_beside(path), home_of(path)
    labels, classes, notes = None, None, ["no file of labels beside it"]
    if labels_path is not None:
        labels = read_idx(labels_path)
        classes, notes = _classes(home, labels)
    return array_source(images, labels=labels, classes=classes, name=home.name, where=str(path), notes=notes, path=path)


def read_idx(path: Path) -> np.ndarray:
    """Return the array in an IDX file: an unpacked one as a map of the file, so that its size is no matter.

    Raises:
        DataError: it cannot be read, or is not an IDX file.
    """
    try:
        packed = is_packed(read_file(str(path), 8))
        with unpacked(path) as stream:
            shape, dtype, start = _header(stream, path)
            expected = math.prod(shape) * dtype.itemsize
            # One more than expected, and no more: a small .gz can unpack to any size.
            data = stream.read(expected + 1) if packed else b""
        found = len(data) if packed else path.stat().st_size - start
    except DataError:
        raise
    except Exception as error:  # each kind of compression has its own
        reason = shortened(str(error)) or type(error).__name__
        raise DataError(f"{path} cannot be read ({reason}): get it again") from error
    if found != expected:
        problem = "is cut short" if found < expected else "goes on after its end"
        raise DataError(f"{path} {problem}: its header says {list(shape)}, {expected} bytes: get it again")
    if packed or not expected:
        return np.frombuffer(data, dtype).reshape(shape)
    return np.memmap(path, dtype, "r", offset=start, shape=shape)


def _header(file: IO[bytes], path: Path) -> tuple[tuple[int, ...], np.dtype, int]:
    """Read the length of each axis, the number type, and where the numbers begin."""
    begin = file.read(4)
    num_axes = begin[3] if len(begin) == 4 else 0
    lengths = file.read(4 * num_axes)
    if not is_idx(begin + lengths + b"\0") or len(lengths) < 4 * num_axes:
        raise DataError(f"{path} is not an IDX file: get it again")
    return struct.unpack(f">{num_axes}I", lengths), np.dtype(_TYPES[begin[2]]), 4 + 4 * num_axes


def labels_beside(images: Path) -> Path | None:
    """Return the file of labels that belongs to a file of images, whichever way both are spelt.

    It may lie in a folder of its own name, beside the images or beside the folder that they lie in.
    """
    stem = _IMAGES.sub("", images.name)
    if stem == images.name:
        return None
    pattern = re.compile(f"^{re.escape(stem)}{_LABELS.pattern}", re.IGNORECASE)
    folders = dict.fromkeys((images.parent, home_of(images)))
    return next((path for folder in folders for path in _files_named(pattern, folder)), None)


def _classes(folder: Path, labels: np.ndarray) -> tuple[Sequence[str] | None, list[str]]:
    """Return the names of the classes, None to use their numbers, and what there is to say about it."""
    listed = folder / _NAMES_OF_CLASSES
    if listed.is_file():
        try:
            names = [line.strip() for line in listed.read_text("utf-8").splitlines() if line.strip()]
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{listed} cannot be read as UTF-8 text ({error})") from error
        return names, [f"names of the classes from {_NAMES_OF_CLASSES}"]
    if "fashion" in str(folder).lower() and labels.size and int(labels.max()) <= 9:
        return FASHION_CLASSES, [
            "names of the classes assumed to be those of Fashion-MNIST, from the name of the folder"
        ]
    return None, []


def _beside(path: Path) -> list[Path]:
    return [one for one in (labels_beside(path), home_of(path) / _NAMES_OF_CLASSES) if one is not None]


IDX = SourceKind(
    name="idx",
    open=idx_source,
    recognises=lambda head: is_idx(head.inside),
    patterns=("*idx*", "*.gz"),
    beside=_beside,
    title=lambda path: home_of(path).name,
)
