"""What the numbers in files mean, over all images of a set: those of more than 8 bits, and those of at most 17 levels.

A file of 16 bits does not say whether a camera filled 10, 12 or 16 of them, nor one of floating point where white is,
nor one of 8 bits that holds masks of 0 and 1: the least and the greatest value of the whole set do (ranges.py). They
are found by some of the images whose headers are looked at anyway. Where a later one goes beyond, every such image is
measured once, and the preparation begins again.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from contextlib import suppress

import numpy as np
from PIL import Image

from faussaire.modalities.image.deep_colour import MARK, deep_values, mode_of
from faussaire.modalities.image.ranges import NOT_FINITE, Extents, Range

Ends = tuple[str, float, float]
"""Kind of image, and its values that become 0 and 255."""

Extent = tuple[str, float, float, bool]
"""Kind of an image, its least and its greatest value, and whether all are whole numbers."""

HEAD_BYTES = 32
"""As many tell whether a file may be of more than 8 bits."""

MAX_PIXELS = 100_000_000
"""Images of more are rejected: a few kilobytes can claim to be gigabytes of pixels (a decompression bomb)."""

BEYOND = "values beyond those of the others"

EIGHT = "8"
"""The kind of images of 8 bits. It has a range only where its values are few and small: masks, maps of classes."""

_SIXTEEN, _ALPHA = "I;16", "A;16"
_DTYPES: dict[str, np.dtype] = {
    EIGHT: np.dtype(np.uint8),
    _SIXTEEN: np.dtype(np.uint16),
    _ALPHA: np.dtype(np.uint16),
    "I": np.dtype(np.int32),
    "F": np.dtype(np.float32),
}
_KINDS = {
    EIGHT: "8-bit images",
    _SIXTEEN: "16-bit images",
    _ALPHA: "16-bit alpha",
    "I": "32-bit images",
    "F": "floating-point images",
}
_LOSSLESS = ("PNG", "BMP", "GIF", "TIFF")  # the formats that masks are kept in
_WHITE = 255.0
_SLACK = 1 / 8  # of a range of floating point: as in ranges.py


def notes_of(ends: Iterable[Ends]) -> list[str]:
    """Say what is assumed of images of each kind that occurs."""
    return [f"{_KINDS[kind]}: {_words(kind, low, high)}" for kind, low, high in ends]


def are_missed_by(ends: Iterable[Ends], words: Iterable[str]) -> bool:
    """Whether notes and modes of some images tell of one that these ranges do not hold."""
    known = {kind for kind, _, _ in ends}
    return any(word.startswith(BEYOND) or not known.issuperset(kinds_of_mode(word)) for word in words)


class Measured:
    """Gathers the extents of such images."""

    def __init__(self) -> None:
        self._extents: dict[str, Extents] = {}

    def add(self, found: Iterable[Extent]) -> None:
        """Count some images."""
        for kind, low, high, whole in found:
            extents = self._extents.setdefault(kind, Extents(_DTYPES[kind]))
            extents.add_ends(np.array([low]), np.array([high]), whole=whole)

    def ends(self) -> tuple[Ends, ...]:
        """Return what was found; nothing of images of 8 bits where one of them is no mask: all are as they are."""
        settled = [(kind, *extents.settle()) for kind, extents in sorted(self._extents.items()) if extents.any]
        return tuple(
            (kind, float(one.low), float(one.high))
            for kind, one, odd in settled
            if kind != EIGHT or not (odd or one.as_it_is)
        )


def extents_of(data: bytes, formats: tuple[str, ...], frames: Sequence[int] | None) -> list[Extent]:
    """Return the extents of some frames of a file, of the first for None, that are of more than 8 bits."""
    found: list[Extent] = []
    if may_be_deep(data):
        # Pillow raises a dozen kinds on damaged files; decode() will say what is wrong.
        with suppress(Exception), Image.open(io.BytesIO(data), formats=formats) as image:
            for frame in frames or (0,):
                image.seek(frame)
                mode = mode_of(image)
                if image.width * image.height > MAX_PIXELS:
                    continue
                if mode.endswith(MARK):
                    parts = zip((_SIXTEEN, _ALPHA), _without_alpha(deep_values(image, data, formats)), strict=True)
                    found += [_extent(kind, values) for kind, values in parts if values.size]
                elif kinds := kinds_of_mode(mode):
                    found.append(_extent(kinds[0], np.asarray(image)))
    return found


def levels_of(data: bytes, formats: tuple[str, ...], frames: Sequence[int] | None) -> list[Extent]:
    """Return the extents of the colour of some frames of 8 bits; of what no masks are kept in, without a look at it."""
    found: list[Extent] = []
    with suppress(Exception), Image.open(io.BytesIO(data), formats=formats) as image:
        for frame in frames or (0,):
            image.seek(frame)
            if image.width * image.height <= MAX_PIXELS and not kinds_of_mode(mode_of(image)):
                colour = _plain_colour(image) if image.format in _LOSSLESS else None
                found.append((EIGHT, 0.0, _WHITE, True) if colour is None else _extent(EIGHT, colour))
    return found


def _extent(kind: str, values: np.ndarray) -> Extent:
    whole = kind != "F" or bool((values % 1 == 0).all())
    return kind, float(values.min()), float(values.max()), whole


def _plain_colour(image: Image.Image) -> np.ndarray | None:
    """Return the values of an image of 8 bits without alpha; None where they are no numbers, or not opaque."""
    if image.mode not in ("L", "RGB", "P", "LA", "RGBA") or "transparency" in image.info:
        return None
    values = np.asarray(image.convert("RGB") if image.mode == "P" else image)
    colour, alpha = _without_alpha(values) if values.ndim == 3 else (values, values[:0])
    return colour if (alpha == _WHITE).all() else None


def _without_alpha(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split `[H, W, bands]` into colour, 1 or 3 bands, and alpha, one or none."""
    num = 3 if values.shape[2] > 2 else 1
    return values[..., :num], values[..., num:]


def may_be_deep(head: bytes) -> bool:
    """Whether a file that begins with these HEAD_BYTES may be of more than 8 bits: a PNG of 16, or any TIFF."""
    return head.startswith((b"II*\0", b"MM\0*")) or (head.startswith(b"\x89PNG") and head[24:25] == b"\x10")


def kinds_of_mode(mode: str) -> tuple[str, ...]:
    """Return the kinds of the numbers of images of a mode of Pillow; none for those of 8 bits."""
    if mode.endswith(MARK):
        return (_SIXTEEN, _ALPHA) if mode.removesuffix(MARK).endswith("A") else (_SIXTEEN,)
    return (_SIXTEEN,) if mode.startswith(_SIXTEEN) else (mode,) if mode in ("I", "F") else ()


def to_8_bits(image: Image.Image, deep: np.ndarray | None, ends: Sequence[Ends]) -> tuple[Image.Image, str]:
    """Bring an image of more than 8 bits, or of a few levels, to 8, and say how; others are left as they are.

    `deep` are its values where it is of deep colour.

    Raises:
        ValueError: it has values that are not finite, or beyond the ends for images of its kind.
    """
    if deep is not None:
        colour, alpha = _without_alpha(deep)
        scaled, words = _scaled(_SIXTEEN, colour, ends)
        if alpha.size:
            scaled = np.concatenate([scaled, _scaled(_ALPHA, alpha, ends)[0]], axis=2)
        return Image.fromarray(scaled), words
    kinds = kinds_of_mode(image.mode)
    if kinds:
        scaled, words = _scaled(kinds[0], np.asarray(image), ends)
        return Image.fromarray(scaled), words
    if all(kind != EIGHT for kind, _, _ in ends):
        return image, ""
    levels = _plain_colour(image)
    scaled, words = _scaled(EIGHT, np.full((1, 1), _WHITE, np.uint8) if levels is None else levels, ends)
    return Image.fromarray(scaled.squeeze(2) if scaled.shape[2:] == (1,) else scaled), words


def _scaled(kind: str, values: np.ndarray, ends: Iterable[Ends]) -> tuple[np.ndarray, str]:
    """Return values as uint8 of the same shape, and how they were scaled."""
    extents = Extents(values.dtype)
    extents.add(values[None])
    alone, problems = extents.settle()
    if problems:
        raise ValueError(NOT_FINITE)
    found = next((Range(low=low, high=high) for known, low, high in ends if known == kind), alone)
    slack = _SLACK * (found.high - found.low) if kind == "F" else 0
    low, high = float(values.min()), float(values.max())
    if low < found.low - slack or high > found.high + slack:
        raise ValueError(f"{BEYOND}: from {low:g} to {high:g}, where these go from {found.low:g} to {found.high:g}")
    return found.to_bytes(values), _words(kind, found.low, found.high)


def _words(kind: str, low: float, high: float) -> str:
    bits = int(high).bit_length()
    if kind != "F" and low == 0 and high == 2**bits - 1 and 8 <= bits <= 16:
        return f"{bits} bits scaled to 8" if bits > 8 else "values from 0 to 255 are those of 8 bits"
    if kind == "F" and (low, high) in ((0, 1), (0, 255)):
        return f"floating point from 0 to {high:g} {'scaled' if high == 1 else 'rounded'} to 8 bits"
    return f"values from {low:g} to {high:g} stretched to 8 bits"
