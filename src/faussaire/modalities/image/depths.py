"""Images of more than 8 bits: what their numbers mean, over all images of a set.

A file of 16 bits does not say whether a camera filled 10, 12 or 16 of them, nor one of floating point where white is:
the least and the greatest value of the whole set do (ranges.py). They are found by some of the images whose headers are
looked at anyway. Where a later one goes beyond, every such image is measured once, and the preparation begins again.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from contextlib import suppress

import numpy as np
from PIL import Image

from faussaire.modalities.image.ranges import NOT_FINITE, Extents, Range

Ends = tuple[str, float, float]
"""Kind of image, and its values that become 0 and 255."""

Extent = tuple[str, float, float, bool]
"""Kind of an image, its least and its greatest value, and whether all are whole numbers."""

HEAD_BYTES = 32
"""As many tell whether a file may be of more than 8 bits."""

BEYOND = "values beyond those of the others"

_DTYPES: dict[str, np.dtype] = {"I;16": np.dtype(np.uint16), "I": np.dtype(np.int32), "F": np.dtype(np.float32)}
_KINDS = {"I;16": "16-bit", "I": "32-bit", "F": "floating-point"}
_SLACK = 1 / 8  # of a range of floating point: as in ranges.py


def notes_of(ends: Iterable[Ends]) -> list[str]:
    """Say what is assumed of images of each kind that occurs."""
    return [f"{_KINDS[kind]} images: {_words(kind, low, high)}" for kind, low, high in ends]


def are_missed_by(ends: Iterable[Ends], words: Iterable[str]) -> bool:
    """Whether notes and modes of some images tell of one that these ranges do not hold."""
    known = {kind for kind, _, _ in ends}
    return any(word.startswith(BEYOND) or kind_of_mode(word) not in {None, *known} for word in words)


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
        """Return what was found."""
        settled = [(kind, extents.settle()[0]) for kind, extents in sorted(self._extents.items()) if extents.any]
        return tuple((kind, float(one.low), float(one.high)) for kind, one in settled)


def extents_of(data: bytes, formats: tuple[str, ...], frames: Sequence[int] | None) -> list[Extent]:
    """Return the extents of some frames of a file, of the first for None, that are of more than 8 bits."""
    found: list[Extent] = []
    if may_be_deep(data):
        # Pillow raises a dozen kinds on damaged files; decode() will say what is wrong.
        with suppress(Exception), Image.open(io.BytesIO(data), formats=formats) as image:
            for frame in frames or (0,):
                image.seek(frame)
                kind = kind_of_mode(image.mode)
                if kind is not None:
                    values = np.asarray(image)
                    low, high = float(values.min()), float(values.max())
                    found.append((kind, low, high, bool((values % 1 == 0).all()) if kind == "F" else True))
    return found


def may_be_deep(head: bytes) -> bool:
    """Whether a file that begins with these HEAD_BYTES may be of more than 8 bits: a PNG of 16, or any TIFF."""
    return head.startswith((b"II*\0", b"MM\0*")) or (head.startswith(b"\x89PNG") and head[24:25] == b"\x10")


def kind_of_mode(mode: str) -> str | None:
    """Return the kind of images of a mode of Pillow; None for those of 8 bits."""
    return "I;16" if mode.startswith("I;16") else mode if mode in ("I", "F") else None


def to_8_bits(image: Image.Image, ends: Iterable[Ends]) -> tuple[Image.Image, str]:
    """Bring an image of more than 8 bits to grey of 8, and say how; others are left as they are.

    Raises:
        ValueError: it has values that are not finite, or beyond the ends for images of its kind.
    """
    kind = kind_of_mode(image.mode)
    if kind is None:
        return image, ""
    values = np.asarray(image)
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
    return Image.fromarray(found.to_bytes(values)), _words(kind, found.low, found.high)


def _words(kind: str, low: float, high: float) -> str:
    bits = int(high).bit_length()
    if kind != "F" and low == 0 and high == 2**bits - 1 and 8 <= bits <= 16:
        return f"{bits} bits scaled to 8" if bits > 8 else "values from 0 to 255 are those of 8 bits"
    if kind == "F" and (low, high) in ((0, 1), (0, 255)):
        return f"floating point from 0 to {high:g} {'scaled' if high == 1 else 'rounded'} to 8 bits"
    return f"values from {low:g} to {high:g} stretched to 8 bits"
