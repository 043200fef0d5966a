"""Images that lie in an array, as in a `.npy`: layouts, ranges, labels.

`[N, H, W]`, `[N, H, W, C]`, `[N, C, H, W]`, or `[N, H·W]` of square images; any kind of number, whose range over all
images says what is white (ranges.py). Pickles are never loaded: opening a stranger's array is safe. A `.npy` is
memory-mapped, so that its size is no matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from faussaire.core.errors import DataError
from faussaire.data.dataset import Source
from faussaire.data.decode.ranges import Extents
from faussaire.data.labels.labels import Labels, classes_of_array
from faussaire.data.names import Numbered, shortened, shown, slug
from faussaire.data.sources.kind import SourceKind
from faussaire.data.sources.pixels import ArrayPixels, Pixels, flat_shape
from faussaire.data.store.rows import let_go

NUMBERS = "biuf"
"""Kinds of number, as NumPy abbreviates them, that pixels may be."""

OBJECTS = (
    "holds Python objects, which are pickled and never read: save it as numbers (.astype(np.uint8)) or as text "
    "(.astype(str))"
)
"""What is said of an array of them."""

_DEPTHS = (1, 3, 4)  # grey, RGB, RGBA
_BLOCK_BYTES = 2**24  # looked at in one go
_LOOKED_AT = 64  # rows, to tell planes of colour from pixels of colour
_SMOOTHER = 0.7  # times as rough at most: the right order of a picture's values against the wrong one


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
    extents: Extents | None = None,
    close: Callable[[], None] | None = None,
) -> Source:
    """Make a source of an array of images, and of `[N]` labels, or the classes that were found in them.

    Labels index `classes`; where that is None, the classes are the values that occur, and are named by them. `path`
    is the file that the array is a map of, if it is one; `extents` are those of its images, where they are known.

    Raises:
        DataError: the shape or number type is none that images have, or the labels do not fit.
    """
    pixels, found, odd = _pixels(images, where=where, path=path, extents=extents)
    num = pixels.shape[0]
    source = Source(
        name=slug(name),
        where=where,
        items=Numbered(shown(Path(where).name), num),
        notes=(*notes, *found),
        problems=odd | dict(problems or {}),
        pixels=pixels,
        close=close,
    )
    if isinstance(labels, np.ndarray):
        labels = classes_of_array(labels, classes, num=num, where=where)
    return source if labels is None else source.labelled(labels)


def _pixels(
    images: np.ndarray, *, where: str, path: Path | None, extents: Extents | None
) -> tuple[Pixels, list[str], dict[int, str]]:
    """Find layout and range; return the pixels, what there is to say about them, and the images that are odd."""
    if images.dtype.kind not in NUMBERS:
        raise DataError(f"{where} holds {images.dtype}: give whole numbers, or floating point")
    raw, layout = in_layout(images, where=where)
    found, problems = (extents or _measured(images)).settle()
    notes = [text for text in (f"read as {layout}" if layout else "", found.words) if text]
    mapped = path if isinstance(images, np.memmap) and raw.flags.c_contiguous and found.as_it_is else None
    offset = images.offset if isinstance(images, np.memmap) else 0
    return ArrayPixels(raw=raw, range=found, path=mapped, offset=offset), notes, problems


def in_layout(images: np.ndarray, *, where: str) -> tuple[np.ndarray, str]:
    """Return images of any layout as a view `[N, C, H, W]`, and how they were read, where that was a choice.

    Raises:
        DataError: the shape is none that images have.
    """
    shape = list(images.shape)
    if images.ndim > 1 and 0 in shape[1:]:
        raise DataError(f"{where} has shape {shape}: its images have no pixels")
    if images.ndim == 2 and (flat := flat_shape(shape[1])) is not None:
        return _unfolded(images, *flat)
    if images.ndim == 3 and not (shape[2] in _DEPTHS[1:] and shape[1] > 2 * shape[2]):
        return images[:, None], ""
    if images.ndim == 4 and shape[3] in _DEPTHS and not _channels_first(images.shape):
        return images.transpose(0, 3, 1, 2), "[N, H, W, C]"
    if images.ndim == 4 and shape[1] in _DEPTHS:
        return images, "[N, C, H, W]"
    known = "images are [N, H, W], [N, H, W, C], [N, C, H, W], or [N, H·W] if they are square"
    single = ", and this looks like a single one" if images.ndim == 3 else ""
    raise DataError(f"{where} has shape {_short(shape)}: {known}{single}")


def _unfolded(rows: np.ndarray, depth: int, side: int) -> tuple[np.ndarray, str]:
    """Return flat images `[N, values]` as `[N, depth, side, side]`, and how they were read."""
    if depth == 1:
        return rows.reshape(len(rows), 1, side, side), f"rows of {side}x{side} pixels"
    planes = rows.reshape(len(rows), depth, side, side)
    pixels = rows.reshape(len(rows), side, side, depth).transpose(0, 3, 1, 2)
    some = np.linspace(0, len(rows) - 1, min(len(rows), _LOOKED_AT)).astype(int)
    if len(rows) and _roughness(planes[some]) < _SMOOTHER * _roughness(pixels[some]):
        return planes, f"rows of {side}x{side} pixels in colour, channel by channel"
    return pixels, f"rows of {side}x{side} pixels in colour, pixel by pixel"


def _roughness(images: np.ndarray) -> float:
    """Return how much neighbouring pixels of `[n, C, H, W]` differ: pictures read in a wrong order are rough."""
    values = np.nan_to_num(images.astype(np.float64), posinf=0, neginf=0)
    return float(np.abs(np.diff(values, axis=2)).mean() + np.abs(np.diff(values, axis=3)).mean())


def _channels_first(shape: tuple[int, ...]) -> bool:
    """Whether `[N, C, H, W]` is the likelier reading where both fit: it alone makes the images square."""
    _, a, b, c = shape
    return a in _DEPTHS and b == c and a != b


def _measured(images: np.ndarray) -> Extents:
    """Look at all values, a block at a time: of bytes no more than are needed, of anything else once."""
    extents = Extents(images.dtype)
    step = max(1, _BLOCK_BYTES // max(1, images[:1].nbytes))
    for start in range(0, len(images), step):
        extents.add(images[start : start + step])
        let_go(images)
        if extents.certain:
            break
    return extents


def line(error: Exception) -> str:
    """Return the message of an error as one line that is not long."""
    return shortened(str(error)) or type(error).__name__


def _short(shape: list[int]) -> str:
    return str(shape) if len(shape) <= 8 else f"of {len(shape)} axes"


NPY = SourceKind(
    name="npy",
    open=npy_source,
    recognises=lambda head: head.data.startswith(b"\x93NUMPY"),
    patterns=("*.npy",),
)
