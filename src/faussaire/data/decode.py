"""From the bytes of one file to one square of pixels, by a stated rule, or to the reason why not, in words.

The rule: first frame; EXIF orientation applied; 16 and 32 bits scaled to 8; transparency laid over white; any
colour space to RGB (colour profiles are ignored), or to grey by the ITU-R 601 luma; then a centre crop to a
square, and a resize with the antialiasing Lanczos filter. An image that has the size already keeps its bytes
exactly.

Whatever is wrong with a file, `decode` returns and says so: a folder of 50,000 pictures from the web always
has a few that are cut short, empty, or not images at all, and none of them may stop a run. 50,000 JPEGs of
32×32 take about 8 s on two cores.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from PIL import Image, UnidentifiedImageError

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
"""What Pillow may try. A closed list: its EPS reader, for one, starts Ghostscript on a stranger's file."""

MAX_PIXELS = 100_000_000
"""Images of more are rejected: a few kilobytes can claim to be gigabytes of pixels (a decompression bomb)."""

_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"BM", b"GIF8", b"II*\0", b"MM\0*")

_ORIENTATION = 0x0112  # the EXIF tag
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """What came of one image."""

    pixels: np.ndarray | None
    """uint8 `[C, R, R]`; None when it was rejected."""

    width: int = 0
    height: int = 0
    """Pixels, upright, before the crop; 0 when unknown."""

    mode: str = ""
    """Pillow's name for how the file stores colour."""

    note: str = ""
    """What was done to it, or why it was rejected."""


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Silence Pillow's warnings (bombs, odd EXIF) for a while: what matters is in the notes.

    Filters belong to the whole process, so this is entered once around all threads, never within one.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        Image.init()  # here, so that the threads do not race to import its plugins
        yield


def shorter_side(data: bytes) -> int | None:
    """Return the shorter side in pixels, from the header alone; None when there is no telling."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return min(image.size)
    except Exception:  # Pillow raises a dozen kinds on damaged files; decode() will say what is wrong
        return None


def decode(data: bytes, *, resolution: int, channels: int) -> Decoded:
    """Decode one file to uint8 `[channels, resolution, resolution]`; never raise because of its content."""
    if not data:
        return Decoded(pixels=None, note="empty file")
    width, height, mode = 0, 0, ""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            (width, height), mode = image.size, image.mode
            if width * height > MAX_PIXELS:
                raise Image.DecompressionBombError
            image.load()
            upright, notes = _normalise(image)
        pixels = fit(upright, resolution=resolution, channels=channels)
    except Exception as error:  # Pillow raises a dozen kinds on damaged files, SyntaxError among them
        return Decoded(pixels=None, width=width, height=height, mode=mode, note=_reason(error, data))
    width, height = upright.size
    if min(width, height) < resolution:
        notes.append(f"enlarged from {width}x{height}")
    return Decoded(pixels=pixels, width=width, height=height, mode=mode, note=", ".join(notes))


def fit_array(pixels: np.ndarray, *, resolution: int, channels: int) -> Decoded:
    """Bring uint8 `[C, H, W]`, C of 1, 3 or 4, to `[channels, resolution, resolution]`, by the same rule."""
    depth, height, width = pixels.shape
    interleaved = pixels[0] if depth == 1 else np.ascontiguousarray(pixels.transpose(1, 2, 0))
    image = Image.fromarray(interleaved)
    mode = image.mode
    upright, notes = _normalise(image)
    if min(width, height) < resolution:
        notes.append(f"enlarged from {width}x{height}")
    fitted = fit(upright, resolution=resolution, channels=channels)
    return Decoded(pixels=fitted, width=width, height=height, mode=mode, note=", ".join(notes))


def fit(image: Image.Image, *, resolution: int, channels: int) -> np.ndarray:
    """Crop the central square of an L or RGB image, resize to uint8 `[channels, resolution, resolution]`."""
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    if (width, height) != (side, side):
        image = image.crop((left, top, left + side, top + side))
    if channels == 1:
        image = image.convert("L")
    if side != resolution:
        image = image.resize((resolution, resolution), Image.Resampling.LANCZOS)
    pixels = np.asarray(image)
    if pixels.ndim == 2:
        return np.broadcast_to(pixels, (channels, resolution, resolution))
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _normalise(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """Return a loaded image as upright L or RGB of 8 bits, and what had to be done for that, in words."""
    notes = []
    transpose = _UPRIGHT.get(_orientation(image))
    result, note = _to_8_bits(image)
    notes.append(note)
    if result.has_transparency_data:
        result, note = _over_white(result)
        notes.append(note)
    if result.mode not in ("L", "RGB"):
        if result.mode not in ("1", "P"):
            notes.append(f"{result.mode} to RGB")
        result = result.convert("L" if result.mode == "1" else "RGB")
    if transpose is not None:
        result = result.transpose(transpose)
        notes.append("turned by its EXIF orientation")
    notes.append(_frames(image))  # last: counting frames moves the file on
    return result, [note for note in notes if note]


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 (upright) where there is none or the EXIF block is damaged."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # a damaged EXIF block says nothing about the pixels
        return 1


def _frames(image: Image.Image) -> str:
    """Say so when there are more frames than the one that is used."""
    try:
        count = int(getattr(image, "n_frames", 1))
    except Exception:  # a later frame is damaged; the first was read
        return "first of several frames"
    return f"first of {count} frames" if count > 1 else ""


def _to_8_bits(image: Image.Image) -> tuple[Image.Image, str]:
    """Bring 16-bit, 32-bit and floating-point grey to 8 bits; other modes are left as they are."""
    if not (image.mode == "F" or image.mode.startswith("I")):
        return image, ""
    values = np.asarray(image).astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError("some of its values are not numbers")
    low, high = float(values.min()), float(values.max())
    # 32-bit integers within 16 bits are 16-bit images: Pillow before 11 opened 16-bit PNG so.
    if image.mode.startswith("I") and low >= 0 and high <= 65535:
        scale, note = (0.0, 65535.0), "16 bits scaled to 8"
    elif image.mode == "F" and low >= 0 and high <= 1:
        scale, note = (0.0, 1.0), "floating point from 0 to 1 scaled to 8 bits"
    elif image.mode == "F" and low >= 0 and high <= 255:
        scale, note = (0.0, 255.0), "floating point from 0 to 255 rounded to 8 bits"
    else:
        scale = (low, high if high > low else low + 1)
        note = f"values from {low:g} to {high:g} stretched to 8 bits"
    eight = np.rint((values - scale[0]) / (scale[1] - scale[0]) * 255).astype(np.uint8)
    return Image.fromarray(eight), note


def _over_white(image: Image.Image) -> tuple[Image.Image, str]:
    """Lay an image with transparency over white; an alpha that is opaque everywhere is only dropped."""
    rgba = image.convert("RGBA")
    grey = image.mode in ("L", "LA", "La")
    opaque = bool((np.asarray(rgba.getchannel("A")) == 255).all())
    if not opaque:
        rgba = Image.alpha_composite(Image.new("RGBA", rgba.size, (255, 255, 255, 255)), rgba)
    return rgba.convert("L" if grey else "RGB"), "" if opaque else "transparency over white"


def _reason(error: Exception, data: bytes) -> str:
    """Say in words why an image was rejected."""
    text = " ".join(str(error).split())[:120]
    if isinstance(error, Image.DecompressionBombError):
        return f"more than {MAX_PIXELS // 1_000_000} megapixels, the limit"
    if isinstance(error, UnidentifiedImageError):
        if data.startswith(_SIGNATURES):
            return "damaged, or truncated within its header"
        return "not an image that can be read (PNG, JPEG, WebP, BMP, GIF, TIFF)"
    if isinstance(error, MemoryError):
        return "too large for the memory of this machine"
    if isinstance(error, ValueError) and text.startswith("some of its values"):
        return text
    if "truncated" in text.lower():
        return "truncated: the file ends before its image does"
    return f"damaged: {text or type(error).__name__}"
