"""Samples that lie in an array, as in a `.npy`, and their labels. What its axes and numbers mean, its modality says.

Pickles are never loaded: opening a stranger's array is safe. A `.npy` is memory-mapped, so that its size is no matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from faussaire.core.errors import DataError
from faussaire.core.names import Numbered, shortened, shown, slug
from faussaire.data.dataset import Source
from faussaire.data.labels.labels import Labels, classes_of_array
from faussaire.data.sources.kind import SourceKind
from faussaire.data.sources.rows import ArrayRows
from faussaire.modalities import of_array

OBJECTS = (
    "holds Python objects, which are pickled and never read: save it as numbers (.astype(np.uint8)) or as text "
    "(.astype(str))"
)
"""What is said of an array of them."""


def npy_source(path: Path, scratch: Path) -> Source:
    """Open an array of images.

    Raises:
        DataError: it cannot be read, or is not an array of images.
    """
    try:
        images = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # whatever NumPy's header parser raises on damaged bytes
        if "Python objects" in str(error) or "Object arrays" in str(error):
            raise DataError(f"{path} {OBJECTS}") from error
        raise DataError(f"{path} cannot be read as a NumPy array ({line(error)})") from error
    if not isinstance(images, np.ndarray):
        images.close()
        raise DataError(f"{path} is an .npz by its content: name it so")
    return array_source(images, name=path.stem, where=str(path), path=path)


def array_source(
    images: np.ndarray,
    *,
    labels: np.ndarray | Labels | None = None,
    classes: Sequence[str] | None = None,
    name: str,
    where: str,
    notes: Sequence[str] = (),
    problems: Mapping[int, str] | None = None,
    path: Path | None = None,
    typed: bool = True,
    close: Callable[[], None] | None = None,
) -> Source:
    """Make a source of an array of images, and of `[N]` labels, or the classes that were found in them.

    Labels index `classes`; where that is None, the classes are the values that occur, and are named by them. `path`
    is the file that the array is a map of, if it is one; `typed` is False where its numbers were text.

    Raises:
        DataError: the shape or number type is none that images have, or the labels do not fit.
    """
    images, order = _items_first(images, labels)
    modality = of_array(images.shape, images.dtype)
    arranged = modality.arranged(images, where=where, typed=typed)
    num = len(arranged.raw)
    source = Source(
        name=slug(name),
        where=where,
        items=Numbered(shown(Path(where).name), num),
        notes=(*notes, *order, *arranged.notes),
        problems=dict(arranged.problems) | dict(problems or {}),
        array=ArrayRows(modality=modality, arranged=arranged, path=path if isinstance(images, np.memmap) else None),
        close=close,
    )
    if isinstance(labels, np.ndarray):
        labels = classes_of_array(labels, classes, num=num, where=where)
    return source if labels is None else source.labelled(labels)


def _items_first(images: np.ndarray, labels: np.ndarray | Labels | None) -> tuple[np.ndarray, list[str]]:
    """Return an array with its last axis first where there is a label for each along that, as in MATLAB, and say so.

    Only if it is the longest: as many labels as an image is wide are rather the wrong labels.
    """
    num = len(labels) if isinstance(labels, np.ndarray) and labels.ndim else 0
    if images.ndim < 2 or images.shape[-1] != num or max(images.shape[:-1]) >= num:
        return images, []
    return np.moveaxis(images, -1, 0), [f"read with the last axis first: there are {num} labels"]


def line(error: Exception) -> str:
    """Return the message of an error as one line that is not long."""
    return shortened(str(error)) or type(error).__name__


NPY = SourceKind(
    name="npy",
    open=npy_source,
    recognises=lambda head: head.data.startswith(b"\x93NUMPY"),
    patterns=("*.npy",),
)
