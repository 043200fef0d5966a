"""Colour and alpha of 16 bits in PNG and TIFF, of which Pillow hands over the upper bytes alone.

Of `RGB;16B` Pillow keeps the first byte of each two. Told that the bytes lie the other way round, `RGB;16L`, it keeps
the second: read twice, a file gives all 16 bits, in twice the time. Grey with alpha is read as RGBA of 8 bits, whose
four bytes are those of both numbers.
"""

from __future__ import annotations

import io
import sys
import zlib

import numpy as np
from PIL import Image, TiffImagePlugin

MARK = ", 16 bits"
"""Ends the mode of such an image, as `decode` tells it: Pillow has no name for it."""

UNKNOWN = "16-bit colour laid out as"

_TURNED = {"B": "L", "L": "B", "N": "L" if sys.byteorder == "big" else "B"}
_READ = ("RGB;16", "RGBA;16", "RGBX;16")  # and then the order of bytes
_GREY_AND_ALPHA = "LA;16B"
_BITS, _PLANES = 258, 284  # tags of TIFF
_IHDR = slice(12, 29)  # of a PNG: the type of its first chunk and what is in it, of which the checksum is made
_DEPTH = 24


def mode_of(image: Image.Image) -> str:
    """Return the mode of an image whose pixels are not loaded yet, with MARK after it for deep colour."""
    if image.mode not in ("RGB", "RGBA", "LA"):
        return image.mode
    rawmodes = _rawmodes(image)
    deep = any(";16" in rawmode for rawmode in rawmodes)
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        deep = deep or 16 in image.tag_v2.get(_BITS, ())
    mode = "LA" if _GREY_AND_ALPHA in rawmodes else image.mode
    return f"{mode}{MARK}" if deep else image.mode


def deep_values(image: Image.Image, data: bytes, formats: tuple[str, ...]) -> np.ndarray:
    """Load an image of deep colour, whose file is `data`; return it as uint16 `[H, W, bands]`, 2 to 4.

    Raises:
        ValueError: its samples lie in an order that is not known here.
    """
    (rawmode, *others), frame = _rawmodes(image), image.tell()
    if rawmode == _GREY_AND_ALPHA:
        with Image.open(io.BytesIO(_as_rgba(data)), formats=formats) as four:
            pairs = np.asarray(four).astype(np.uint16)
        return pairs[..., ::2] << 8 | pairs[..., 1::2]
    in_planes = isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(_PLANES) == 2
    if in_planes or others or rawmode[:-1] not in _READ:
        raise ValueError(f"{UNKNOWN} {'planes' if in_planes else rawmode}, which is not read: save it as PNG")
    image.load()
    with Image.open(io.BytesIO(data), formats=formats) as again:
        again.seek(frame)
        turned = rawmode[:-1] + _TURNED[rawmode[-1]]
        again.tile = [
            tile._replace(args=(turned, *tile.args[1:]) if isinstance(tile.args, tuple) else turned)
            for tile in again.tile
        ]
        lower = np.asarray(again)
    values: np.ndarray = np.asarray(image).astype(np.uint16) << 8 | lower
    key = image.info.get("transparency")
    if isinstance(key, tuple) and values.shape[2] == 3:  # a colour that stands for nothing
        alpha = np.where((values == np.array(key)).all(axis=2), 0, np.iinfo(np.uint16).max)
        values = np.dstack([values, alpha.astype(np.uint16)])
    return values


def _rawmodes(image: Image.Image) -> tuple[str, ...]:
    """Return how pixels lie in the file: one for all its tiles, or several."""
    args = [tile[3] for tile in getattr(image, "tile", ())]
    return tuple(dict.fromkeys(str(one if isinstance(one, str) else one[0]) for one in args if one))


def _as_rgba(data: bytes) -> bytes:
    """Return a PNG of grey and alpha of 16 bits as one of red, green, blue and alpha of 8: the same bytes."""
    header = bytearray(data[_IHDR])
    at = _DEPTH - _IHDR.start
    header[at : at + 2] = b"\x08\x06"
    return data[: _IHDR.start] + header + zlib.crc32(header).to_bytes(4, "big") + data[_IHDR.stop + 4 :]
