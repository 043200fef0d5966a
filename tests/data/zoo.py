"""A folder with one of everything that goes wrong with image files, and what must become of each."""

from __future__ import annotations

import io
import os
import struct
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faussaire.core.errors import ConfigError, DataError
from faussaire.data import Dataset, prepare

ENLARGED = "enlarged from 1x1"

KEPT = {
    "animated.gif": "first of 3 frames",
    "cmyk.jpg": "CMYK to RGB",
    "float.tif": "floating point from 0 to 1 scaled to 8 bits",
    "grey16.tif": "16 bits scaled to 8",
    "grey_alpha.png": "transparency over white",
    "link.png": "",
    "one_pixel.png": ENLARGED,
    "opaque.png": "",
    "palette.png": "transparency over white",
    "rotated.jpg": "turned by its EXIF orientation",
    "SHOUT.PNG": "",
    "sub/plain.bmp": "",
    "sub/plain.webp": "",
    "éléphant 象.png": "",
}
"""Note of each file that must be kept."""

REJECTED = {
    "bomb.png": "more than 100 megapixels, the limit",
    "broken_link.png": "a link to something that is not there",
    "empty.png": "empty file",
    "folder.png": "a folder with the name of an image",
    "header.jpg": "truncated: the file ends before its image does",
    "loop.png": "a link that leads back to itself",
    "nan.tif": "some of its values are not numbers",
    "pipe.png": "not a file, but a pipe, socket or device",
    "text.png": "not an image that can be read (PNG, JPEG, WebP, BMP, GIF, TIFF, AVIF)",
    "truncated.jpg": "truncated: the file ends before its image does",
    "truncated.png": "truncated: the file ends before its image does",
}
"""Reason for each that must be rejected."""


def colours(height: int = 24, width: int = 16) -> np.ndarray:
    """Return a picture uint8 `[height, width, 3]`: red rises downwards, green to the right."""
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack([rows * 255 // height, columns * 255 // width, 0 * rows + 90], axis=2).astype(np.uint8)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """Return an image as the bytes of a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png(value: int | tuple[int, int, int], size: int = 8) -> bytes:
    """Return a PNG of one value everywhere: grey for a number, RGB for three."""
    return encoded(Image.new("L" if isinstance(value, int) else "RGB", (size, size), value), "PNG")


def bomb() -> bytes:
    """Return a PNG of a few bytes whose header claims 60,000 x 60,000 pixels."""
    small = bytearray(png(0))
    small[16:24] = struct.pack(">II", 60_000, 60_000)
    # Pillow reads the size from the header chunk, whose checksum must be right.
    small[29:33] = struct.pack(">I", zipfile.crc32(bytes(small[12:29])))
    return bytes(small)


def write_zoo(root: Path) -> None:
    """Fill a folder with every file of KEPT and REJECTED, and some that must be passed over."""
    picture = Image.fromarray(colours())
    sub = root / "sub"
    sub.mkdir()
    picture.save(sub / "plain.bmp")
    picture.save(sub / "plain.webp", lossless=True)
    picture.save(root / "SHOUT.PNG")
    picture.save(root / "éléphant 象.png")
    picture.convert("RGBA").save(root / "opaque.png")
    Image.new("RGB", (1, 1), "red").save(root / "one_pixel.png")
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "green", "blue")]
    frames[0].save(root / "animated.gif", save_all=True, append_images=frames[1:])
    picture.convert("CMYK").save(root / "cmyk.jpg")
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(root / "rotated.jpg", exif=exif, quality=95)
    Image.fromarray(np.full((16, 16), 0x8080, np.uint16)).save(root / "grey16.tif")
    Image.fromarray(np.full((16, 16), 0.5, np.float32)).save(root / "float.tif")
    Image.fromarray(np.full((16, 16), np.nan, np.float32)).save(root / "nan.tif")
    Image.new("LA", (16, 16), (0, 0)).save(root / "grey_alpha.png")
    Image.new("P", (16, 16), 0).save(root / "palette.png", transparency=0)
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    for kind, name in (("JPEG", "truncated.jpg"), ("PNG", "truncated.png")):
        data = encoded(noise, kind)
        (root / name).write_bytes(data[: len(data) // 2])
    (root / "header.jpg").write_bytes(encoded(noise, "JPEG")[:10])
    (root / "bomb.png").write_bytes(bomb())
    (root / "empty.png").write_bytes(b"")
    (root / "text.png").write_text("I am not a picture")
    (root / "folder.png").mkdir()
    (root / "link.png").symlink_to("SHOUT.PNG")
    (root / "broken_link.png").symlink_to("nowhere.png")
    (root / "loop.png").symlink_to("loop.png")
    (sub / "around").symlink_to(root)
    os.mkfifo(root / "pipe.png")
    (root / ".hidden.png").write_bytes(png(0))
    (root / "Thumbs.db").write_bytes(b"x")
    (root / "notes.txt").write_text("passed over")
    (root / "poem").write_text("passed over")


def idx(array: np.ndarray) -> bytes:
    """Return a uint8 array as the bytes of an IDX file."""
    return bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def prepared_or_refused(path: Path, *, resolution: int) -> Dataset | None:
    """Return the data set, None if it was refused in one line; any other exception passes through."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return prepare(path, resolution=resolution, workers=0)
        except (ConfigError, DataError) as error:  # what is damaged may be of a kind without a resolution
            return None if "\n" not in str(error) else pytest.fail(str(error))
