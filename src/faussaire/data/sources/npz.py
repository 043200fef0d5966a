"""Which arrays of an `.npz` are the images, and which are the labels: by name, as people name them, or by shape.

`images` and `labels`, `x_train` and `y_train`, `train_images` and `train_labels`, or `arr_0` and `arr_1`, as `np.savez`
names what was given without a name. Of several parts the training part is taken, and what was left out is told.
"""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faussaire.core.errors import DataError
from faussaire.core.names import shortened
from faussaire.data.dataset import Source
from faussaire.data.sources.arrays import OBJECTS, array_source, line
from faussaire.data.sources.kind import Head, SourceKind
from faussaire.data.sources.zips import BEGINS, first_name
from faussaire.modalities import modalities

_IMAGES = ("images", "image", "imgs", "img", "pixels", "data", "x", "inputs", "features", "samples", "faces")
_LABELS = ("labels", "label", "targets", "target", "y", "digits")
_NAMES = ("classes", "class_names", "label_names", "target_names")
_PART = re.compile("(?<![a-wz])(train|test|val|dev)(ing|id|idation)?(?![a-wz])")  # next to x or y, or a separator


@dataclass(frozen=True, kw_only=True)
class _Array:
    """One array of the archive, unread."""

    key: str
    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def part(self) -> str:
        """`train`, `test`, `val` …, or empty."""
        found = _PART.search(self.key.lower())
        return found[1] if found else ""

    @property
    def aside(self) -> bool:
        """Whether it belongs to a part that one does not train on."""
        return self.part not in ("", "train")

    @property
    def stem(self) -> str:
        """The name without its part: `x` of `x_train`."""
        return _PART.sub("", self.key.lower()).strip("_-. ")

    @property
    def may_be_images(self) -> bool:
        """Whether it has the shape of images."""
        return any(modality.takes_array(self.shape, self.dtype) for modality in modalities().values())


def npz_source(path: Path, scratch: Path) -> Source:
    """Open the images, labels and names of classes of an archive of arrays.

    Raises:
        DataError: it cannot be read, has no images, or its parts do not fit together.
    """
    try:
        # Opened here: np.load leaves a damaged file open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = [found for key in archive.files if (found := _described(archive.zip, key)) is not None]
            images = _images(arrays, path)
            labels = _labels(arrays, images)
            names = next((one for name in _NAMES for one in arrays if one.key.lower() == name), None)
            used = [one for one in (images, labels, names) if one is not None]
            _refuse_objects(used, path)
            content = {one.key: archive[one.key] for one in used}
    except DataError:
        raise
    except Exception as error:  # zipfile, zlib and NumPy each have their own
        raise DataError(f"{path} cannot be read as an .npz ({line(error)})") from error
    named = None if names is None else content[names.key]
    if names is not None and (names.dtype.kind != "U" or len(names.shape) != 1):
        raise DataError(f"{path}: `{names.key}` must be a list of names, not {names.dtype} {list(names.shape)}")
    return array_source(
        content[images.key],
        labels=None if labels is None else content[labels.key],
        classes=None if named is None else [str(name) for name in named],
        name=path.stem,
        where=str(path),
        notes=_notes(arrays, images, labels, names),
    )


def _described(archive: zipfile.ZipFile, key: str) -> _Array | None:
    """Read the header of an array; None for an entry that is none."""
    entry = key if key in archive.NameToInfo else f"{key}.npy"
    with archive.open(entry) as file:
        try:
            version = np.lib.format.read_magic(file)
        except ValueError:
            return None
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
    return _Array(key=key, shape=shape, dtype=dtype)


def _images(arrays: Sequence[_Array], path: Path) -> _Array:
    """Choose the images: those named so, of the training part if there are parts, else the largest of that shape.

    Raises:
        DataError: there are none.
    """
    by_name = [one for one in arrays if one.stem in _IMAGES and one.stem not in _LABELS and len(one.shape) > 1]
    able = by_name or [one for one in arrays if one.may_be_images]
    if not able:
        _refuse_objects(arrays, path)
        found = shortened(", ".join(f"{one.key} {list(one.shape)}" for one in arrays) or "nothing")
        raise DataError(f"{path} holds {found}, but no `images`: np.savez(path, images=..., labels=...)")
    rank = {stem: k for k, stem in enumerate(_IMAGES)}
    return min(
        able, key=lambda one: (not one.may_be_images, one.aside, rank.get(one.stem, 99), -math.prod(one.shape), one.key)
    )


def _labels(arrays: Sequence[_Array], images: _Array) -> _Array | None:
    """Choose the labels of these images: those named so and of the same part, else what has one for each image."""
    others = [one for one in arrays if one != images]
    by_name = [one for one in others if one.stem in _LABELS and one.part == images.part]
    if by_name:
        return min(by_name, key=lambda one: _LABELS.index(one.stem))
    if images.stem in _IMAGES:  # named, as labels would be, too
        return None
    unnamed = images.stem.startswith("arr_")  # np.savez was given no names, so these may be one-hot
    one_each = [
        one
        for one in others
        if one.shape in (images.shape[:1], (*images.shape[:1], 1))
        or (unnamed and len(one.shape) == 2 and one.shape[0] == images.shape[0] and not one.may_be_images)
    ]
    return one_each[0] if len(one_each) == 1 else None


def _refuse_objects(arrays: Sequence[_Array], path: Path) -> None:
    """Refuse what only unpickling could read: that may run any program.

    Raises:
        DataError: one of the arrays is of Python objects.
    """
    for one in arrays:
        if one.dtype.hasobject:
            raise DataError(f"{path}: `{one.key}` {OBJECTS}")


def _notes(arrays: Sequence[_Array], images: _Array, labels: _Array | None, names: _Array | None) -> list[str]:
    """Say which arrays were taken, unless they are called what they should be, and which were not."""
    notes = []
    if images.key != "images":
        notes.append(f"images from `{images.key}`")
    if labels is not None and labels.key != "labels":
        notes.append(f"labels from `{labels.key}`")
    left = [one.key for one in arrays if one not in (images, labels, names)]
    if left:
        notes.append(f"left out of the .npz: {shortened(', '.join(left))}")
    return notes


def _is_npz(head: Head) -> bool:
    if not head.data.startswith(BEGINS):
        return False
    return head.path.suffix.lower() == ".npz" or first_name(head.data).endswith(b".npy")


NPZ = SourceKind(name="npz", open=npz_source, recognises=_is_npz, patterns=("*.npz",))
