"""How images lie in an array: `[N, H, W]`, `[N, H, W, C]`, `[N, C, H, W]`, or `[N, H·W]` of square ones.

Axes of 1 say nothing, so that `[N, 1, H·W]` is flat as well; `[N, 3, H·W]` are planes of colour. `[H, W, N]` is known
by squares, where the other reading would give stripes.

Any kind of number will do; its range over all images says what is white (ranges.py).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from faussaire.core.errors import DataError
from faussaire.core.files import let_go
from faussaire.modalities.image.ranges import BYTES, Extents, Range, is_about_range
from faussaire.modalities.spec import Arranged

NUMBERS = "biuf"
"""Kinds of number, as NumPy abbreviates them, that pixels may be."""

_DEPTHS = (1, 3, 4)  # grey, RGB, RGBA
_SIDE = 4  # pixels of the smallest image that a flat row is taken for
_BLOCK_BYTES = 2**24  # looked at in one go
_LOOKED_AT = 64  # rows, to tell planes of colour from pixels of colour
_OBLONG = 2  # times as long as wide: [H, H, N] is likelier than so many images of that shape
_SMOOTHER = 0.7  # times as rough at most: the right order of a picture's values against the wrong one


@dataclass(frozen=True, kw_only=True)
class ArrangedImages(Arranged):
    """Images in an array, `[N, C, H, W]` after a transposition if need be."""

    raw: np.ndarray
    range: Range
    """What the values of `raw` mean."""

    notes: tuple[str, ...] = ()
    problems: Mapping[int, str]

    @property
    def plain(self) -> bool:
        """Whether the values are bytes that mean bytes."""
        return self.range.as_it_is

    def rows(self, block: np.ndarray) -> np.ndarray:
        """Scale images to 8 bits."""
        return self.range.to_bytes(block)


def arranged(images: np.ndarray, *, where: str, typed: bool) -> ArrangedImages:
    """Find layout and range of images; `typed` is False where their values were text, of no number type.

    Raises:
        DataError: the shape or number type is none that images have.
    """
    if images.dtype.kind not in NUMBERS:
        raise DataError(f"{where} holds {images.dtype}: give whole numbers, or floating point")
    raw, layout = in_layout(images, where=where)
    found, problems = _measured(raw, typed=typed).settle()
    notes = tuple(text for text in (f"read as {layout}" if layout else "", found.words) if text)
    return ArrangedImages(raw=raw, range=found, notes=notes, problems=problems)


def agreed(parts: Sequence[ArrangedImages]) -> list[ArrangedImages]:
    """Give arrays of one number type and of more than 8 bits the range of the widest: they are parts of one set."""
    widest: dict[np.dtype, Range] = {}
    for part in parts:
        if part.range.low == 0 and part.range.high > BYTES.high:
            widest[part.raw.dtype] = max(widest.get(part.raw.dtype, part.range), part.range, key=lambda one: one.high)
    return [_in_range(part, widest.get(part.raw.dtype, part.range)) for part in parts]


def _in_range(part: ArrangedImages, wider: Range) -> ArrangedImages:
    if part.range.low != 0 or part.range.high <= BYTES.high or wider.high == part.range.high:
        return part
    notes = [text for text in part.notes if not is_about_range(text)]
    notes.append(f"values taken to be in [0, {wider.high:g}] scaled to 8 bits, as those of another part")
    return replace(part, range=wider, notes=tuple(notes))


def in_layout(images: np.ndarray, *, where: str) -> tuple[np.ndarray, str]:
    """Return images of any layout as a view `[N, C, H, W]`, and how they were read, where that was a choice.

    Raises:
        DataError: the shape is none that images have.
    """
    shape = list(images.shape)
    if images.ndim > 1 and 0 in shape[1:]:
        raise DataError(f"{where} has shape {shape}: its images have no pixels")
    long = [num for num in shape[1:] if num > 1]
    is_single = images.ndim == 3 and shape[2] == 1 and shape[0] == shape[1]
    if images.ndim > 1 and len(long) == 1 and not is_single and (flat := flat_shape(long[0])) is not None:
        return _unfolded(images.reshape(len(images), long[0]), *flat)
    if images.ndim > 2 and len(long) == 2 and (planes := _flat_colour(images, long)) is not None:
        return planes
    if images.ndim == 3 and shape[0] == shape[1] >= _SIDE and shape[2] not in (*_DEPTHS, shape[0]):
        if max(shape) > _OBLONG * min(shape):
            return np.moveaxis(images, 2, 0)[:, None], "[H, W, N], as MATLAB lays images out"
        several = f"{shape[0]:,} images of {shape[1]}x{shape[2]}"
        return images[:, None], f"[N, H, W], {several}: if they lie as [H, W, N], save images.transpose(2, 0, 1)"
    if images.ndim == 3 and not is_single and not (shape[2] in _DEPTHS[1:] and shape[1] > 2 * shape[2]):
        return images[:, None], ""
    if images.ndim == 4 and shape[3] in _DEPTHS and not _channels_first(images.shape):
        return images.transpose(0, 3, 1, 2), "[N, H, W, C]"
    if images.ndim == 4 and shape[1] in _DEPTHS:
        return images, "[N, C, H, W]"
    known = "images are [N, H, W], [N, H, W, C], [N, C, H, W], or [N, H·W] if they are square"
    single = ", and this looks like a single one" if images.ndim == 3 else ""
    raise DataError(f"{where} has shape {_short(shape)}: {known}{single}")


def flat_shape(num: int) -> tuple[int, int] | None:
    """Return depth and side of a square image of so many values; those of fewer than 4×4 are not taken for such."""
    for depth in (1, 3):
        side = math.isqrt(num // depth)
        if side >= _SIDE and side * side * depth == num:
            return depth, side
    return None


def _flat_colour(images: np.ndarray, long: list[int]) -> tuple[np.ndarray, str] | None:
    """Return `[N, 3, H·W]`, or `[N, H·W, 3]` with one more axis, as `[N, 3, side, side]`; None where it is neither.

    Without that axis the latter looks like a single picture.
    """
    side, colours = math.isqrt(max(long)), 3
    if side < _SIDE or side * side != max(long) or min(long) != colours:
        return None
    text = f"rows of {side}x{side} pixels in colour"
    if long[0] == colours:
        return images.reshape(len(images), colours, side, side), f"{text}, channel by channel"
    if images.ndim == 3:
        return None
    return images.reshape(len(images), side, side, colours).transpose(0, 3, 1, 2), f"{text}, pixel by pixel"


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


def _measured(images: np.ndarray, *, typed: bool) -> Extents:
    """Look at all values, a block at a time: of bytes no more than are needed, of anything else once."""
    extents = Extents(images.dtype if typed else None)
    step = max(1, _BLOCK_BYTES // max(1, images[:1].nbytes))
    for start in range(0, len(images), step):
        extents.add(images[start : start + step])
        let_go(images)
        if extents.certain:
            break
    return extents


def _short(shape: list[int]) -> str:
    return str(shape) if len(shape) <= 8 else f"of {len(shape)} axes"
