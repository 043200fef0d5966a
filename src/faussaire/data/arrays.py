"""Images that lie in a NumPy file: `.npy`, or `.npz` with `images`, and optionally `labels` and `classes`.

`[N, H, W]`, `[N, H, W, C]` or `[N, C, H, W]`; uint8, or floating point in [0, 1] or [-1, 1]. Pickles are
never loaded: opening a stranger's array is safe. A `.npy` is memory-mapped, so that its size is no matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from faussaire.data.dataset import Pixels, Source
from faussaire.data.labels import Labels, classes_of, classes_of_values, names_of, spelt
from faussaire.data.names import shown, slug
from faussaire.data.records import Numbered
from faussaire.data.rows import let_go
from faussaire.errors import DataError

_DEPTHS = (1, 3, 4)  # grey, RGB, RGBA
_TOLERANCE = 1e-3  # rounding may carry a value past the end of its range
_BLOCK = 1024  # images looked at in one go


def npy_source(path: Path, scratch: Path | None = None) -> Source:
    """Open an array of images.

    Raises:
        DataError: it cannot be read, or is not an array of images.
    """
    try:
        images = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # whatever NumPy's header parser raises on damaged bytes
        raise DataError(f"{path} cannot be read as a NumPy array ({_line(error)})") from error
    if not isinstance(images, np.ndarray):
        images.close()
        raise DataError(f"{path} is an .npz by its content: name it so")
    return array_source(images, name=path.stem, where=str(path), path=path)


def npz_source(path: Path, scratch: Path | None = None) -> Source:
    """Open the `images`, `labels` and `classes` of an archive of arrays.

    Raises:
        DataError: it cannot be read, has no `images`, or its parts do not fit together.
    """
    try:
        # Opened here: np.load leaves a damaged file open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            content = {key: archive[key] for key in ("images", "labels", "classes") if key in archive.files}
            found = ", ".join(archive.files) or "nothing"
    except Exception as error:  # zipfile, zlib and NumPy each have their own
        raise DataError(f"{path} cannot be read as an .npz ({_line(error)})") from error
    if "images" not in content:
        raise DataError(f"{path} holds {found}, but no `images`: np.savez(path, images=..., labels=...)")
    names = content.get("classes")
    if names is not None and (names.ndim != 1 or names.dtype.kind != "U"):
        raise DataError(f"{path}: `classes` must be a list of names, not {names.dtype} {list(names.shape)}")
    return array_source(
        content["images"],
        labels=content.get("labels"),
        classes=None if names is None else [str(name) for name in names],
        name=path.stem,
        where=str(path),
    )


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
    close: Callable[[], None] | None = None,
) -> Source:
    """Make a source of an array of images, and of `[N]` labels, or the classes that were found in them.

    Labels index `classes`; where that is None, the classes are the values that occur, and are named by them. `path`
    is the file that the array is a map of, if it is one.

    Raises:
        DataError: the shape, number type or range is none that images have, or the labels do not fit.
    """
    pixels, found = _pixels(images, where=where, path=path)
    num = len(pixels.raw)
    if labels is None:
        labels = Labels()
    elif not isinstance(labels, Labels):
        labels = _labels(labels, classes, num=num, where=where)
    file = shown(Path(where).name)
    return Source(
        name=slug(name),
        where=where,
        items=Numbered(file, num),
        labels=labels.numbers,
        classes=labels.classes,
        notes=(*notes, *found, *labels.notes),
        problems=labels.problems() | dict(problems or {}),
        pixels=pixels,
        close=close,
    )


def _pixels(images: np.ndarray, *, where: str, path: Path | None) -> tuple[Pixels, list[str]]:
    """Find layout and range; return the pixels, and what there is to say about them."""
    shape = list(images.shape)
    if images.ndim == 3:
        raw, layout = images[:, None], ""
    elif images.ndim == 4 and images.shape[3] in _DEPTHS and not _channels_first(images.shape):
        raw, layout = images.transpose(0, 3, 1, 2), "[N, H, W, C]"
    elif images.ndim == 4 and images.shape[1] in _DEPTHS:
        raw, layout = images, "[N, C, H, W]"
    else:
        raise DataError(f"{where} has shape {shape}: images are [N, H, W], [N, H, W, C] or [N, C, H, W]")
    if 0 in shape[1:]:
        raise DataError(f"{where} has shape {shape}: its images have no pixels")
    notes = [f"read as {layout}"] if layout else []
    if images.dtype == np.uint8:
        mapped = path if isinstance(images, np.memmap) and raw.flags.c_contiguous else None
        return Pixels(raw=raw, path=mapped, offset=images.offset if isinstance(images, np.memmap) else 0), notes
    if images.dtype.kind != "f":
        raise DataError(f"{where} holds {images.dtype}: give uint8, or floating point in [0, 1] or [-1, 1]")
    low, high = _range(images, where=where)
    bottom = 0.0 if low >= -_TOLERANCE else -1.0
    if low < -1 - _TOLERANCE or high > 1 + _TOLERANCE:
        raise DataError(f"{where} has values from {low:g} to {high:g}: scale them to [0, 1] or [-1, 1], or give uint8")
    notes.append(f"values of {images.dtype} in [{bottom:g}, 1] scaled to 8 bits")
    return Pixels(raw=raw, low=bottom), notes


def _channels_first(shape: tuple[int, ...]) -> bool:
    """Whether `[N, C, H, W]` is the likelier reading where both fit: it alone makes the images square."""
    _, a, b, c = shape
    return a in _DEPTHS and b == c and a != b


def _range(images: np.ndarray, *, where: str) -> tuple[float, float]:
    """Return the least and the greatest value, a block at a time."""
    low, high = np.inf, -np.inf
    for start in range(0, len(images), _BLOCK):
        block = images[start : start + _BLOCK]
        if not np.isfinite(block).all():
            raise DataError(f"{where} has values that are not finite, in the {_BLOCK} images from {start} on")
        low, high = min(low, float(block.min())), max(high, float(block.max()))
        let_go(images)
    return low, high


def _labels(labels: np.ndarray, classes: Sequence[str] | None, *, num: int, where: str) -> Labels:
    """Return the classes of an array of labels, which may be one-hot `[N, number of classes]`."""
    if (
        labels.ndim == 2
        and labels.shape[1] > 1
        and labels.dtype.kind in "iubf"
        and ((labels == 0) | (labels == 1)).all()
    ):
        labels = labels.argmax(axis=1) if (labels.sum(axis=1) == 1).all() else labels
    whole = labels.dtype.kind != "f" or bool((np.isnan(labels) | (labels % 1 == 0)).all())
    if labels.ndim != 1 or labels.dtype.kind not in "iubfUS" or not whole:
        raise DataError(
            f"{where}: labels must be whole numbers [N] or texts [N], one for each image, not {labels.dtype} "
            f"{list(labels.shape)}{'' if whole else ' with fractions'}"
        )
    if len(labels) != num:
        raise DataError(f"{where}: {num} images, but {len(labels)} labels: they must be as many")
    if labels.dtype.kind in "US" and classes is None:
        return classes_of([spelt(label) for label in labels.tolist()])
    if classes is None:
        found, numbers = np.unique(labels, return_inverse=True)
        return classes_of_values([spelt(value) or "" for value in found.tolist()], numbers)
    if labels.dtype.kind not in "iub":
        raise DataError(f"{where}: `classes` names whole numbers, but the labels are {labels.dtype}")
    if num and not (int(labels.min()) >= 0 and int(labels.max()) < len(classes)):
        raise DataError(f"{where}: labels from {labels.min()} to {labels.max()}, but {len(classes)} names of classes")
    if len(set(classes)) != len(classes):
        raise DataError(f"{where}: two classes have the same name")
    return Labels(numbers=labels.astype(np.int64), classes=names_of(classes))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
