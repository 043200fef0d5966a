"""From the bytes of one file to squares of pixels, by a stated rule, or to the reason why not, in words.

The rule: EXIF orientation applied; 16 and 32 bits scaled to 8; transparency laid over the background, or kept as a
fourth channel; any colour space to sRGB, by the colour profile in the file where there is one, or to grey by the ITU-R
601 luma; brought to a square by `fitting.fit`, with the antialiasing Lanczos filter. An image that has the size already
keeps its bytes exactly.

Whatever is wrong with a file, `decode` returns and says so: a folder of 50,000 pictures from the web always has a few
that are cut short, empty, or not images at all, and none of them may stop a run. 50,000 JPEGs of 32×32 take about 10 s
on one core.
"""

from __future__ import annotations

import functools
import io
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import (  # the readers by name: asked for a format that it has not imported, Pillow imports all forty
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageCms,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
    features,
)
from PIL import __version__ as PIL_VERSION

from faussaire.core.marks import OWN_NOTE, SAMPLE, SHEET, mark_in
from faussaire.modalities.image.deep_colour import MARK, UNKNOWN, deep_values, mode_of
from faussaire.modalities.image.depths import BEYOND, MAX_PIXELS, to_8_bits
from faussaire.modalities.image.fitting import fit
from faussaire.modalities.image.ranges import NOT_FINITE
from faussaire.modalities.image.rule import Rule
from faussaire.modalities.spec import FOR_NOW, OWN, UNREAD, Decoded

try:  # iPhone pictures, where the extra `heif` is installed
    import pillow_heif
except ImportError:
    _MORE: tuple[str, ...] = ()
else:
    pillow_heif.register_heif_opener()
    _MORE = ("HEIF",)

_READERS = (
    PngImagePlugin.PngImageFile,
    JpegImagePlugin.JpegImageFile,
    WebPImagePlugin.WebPImageFile,
    BmpImagePlugin.BmpImageFile,
    GifImagePlugin.GifImageFile,
    TiffImagePlugin.TiffImageFile,
    AvifImagePlugin.AvifImageFile,
)
FORMATS = (*(str(reader.format) for reader in _READERS), *_MORE)
"""What Pillow may try. A closed list: its EPS reader, for one, starts Ghostscript on a stranger's file."""

IMAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif", ".heic", ".heif"}
)
"""A file with one of these, in any case, is an item; others are one if they begin as an image does."""

DRAFT_TIMES = 2
"""A JPEG is decoded at no less than so many times the side that is wanted."""

MAX_FRAMES = 10_000
"""Frames beyond this are passed over: a small file can claim millions."""

_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"BM", b"GIF8", b"II*\0", b"MM\0*")
_AT_4 = (b"ftypavif", b"ftypavis", b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1")

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


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Silence Pillow's warnings (bombs, odd EXIF) for a while: what matters is in the notes.

    Filters belong to the whole process, so this is entered once around all threads, never within one.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield


def decoders() -> str:
    """Return what decides which files can be read: what is installed here, and in which version."""
    heif = f"pillow-heif {pillow_heif.__version__}" if _MORE else "no HEIF"
    avif = "AVIF" if features.check("avif") else "no AVIF"
    return f"Python {sys.version_info.major}.{sys.version_info.minor}, Pillow {PIL_VERSION}, {avif}, {heif}"


def is_image(head: bytes) -> bool:
    """Whether a file that begins with these 16 bytes looks like an image of a kind that is read."""
    if head.startswith(b"RIFF"):
        return head[8:12] == b"WEBP"
    return (head.startswith(_SIGNATURES) and not head.startswith(b"BM")) or head[4:12] in _AT_4


def size_of(data: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels, upright, from the header alone; None when there is no telling."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            width, height = image.size
            return (height, width) if _orientation(image) >= 5 else (width, height)
    except Exception:  # Pillow raises a dozen kinds on damaged files; decode() will say what is wrong
        return None


def num_frames(data: bytes) -> int:
    """Return how many frames a file has, at most MAX_FRAMES; 1 where there is no telling."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return max(1, min(MAX_FRAMES, int(getattr(image, "n_frames", 1))))
    except Exception:  # decode() will say what is wrong
        return 1


def decode(data: bytes, rule: Rule) -> Decoded:
    """Decode the first frame of a file to uint8 `[C, R, R]`; never raise because of its content."""
    return decode_frames(data, rule, None)[0]


def decode_frames(data: bytes, rule: Rule, frames: Sequence[int] | None) -> list[Decoded]:
    """Decode some frames of a file, in rising order; None: the first, saying how many there are."""
    wanted = [0] if frames is None else frames
    if not data:
        return [Decoded(row=None, note="empty file")] * len(wanted)
    mark = mark_in(data)
    if mark == SHEET:
        return [Decoded(row=None, note=OWN_NOTE)] * len(wanted)
    found: list[Decoded] = []
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            for frame in wanted:
                found.append(_decode_frame(image, rule, frame, data))
                if frames is None:
                    found[0] = _with_count(found[0], image)
    except Exception as error:  # Pillow raises a dozen kinds on damaged files, SyntaxError among them
        found += [_rejected(error, data)] * (len(wanted) - len(found))
    return [replace(one, flags=one.flags | OWN) for one in found] if mark == SAMPLE else found


def _decode_frame(image: Image.Image, rule: Rule, frame: int, data: bytes) -> Decoded:
    (width, height), mode, deep = image.size, image.mode, None
    try:
        if width * height > MAX_PIXELS:
            raise Image.DecompressionBombError
        if frame:
            image.seek(frame)
        _draft(image, rule.resolution)
        mode = mode_of(image)
        if mode.endswith(MARK):
            deep = deep_values(image, data, FORMATS)
        image.load()
        orientation = _orientation(image)
        upright, notes = _normalise(image, rule, deep, orientation)
        pixels = _fitted(upright, rule)
        if orientation >= 5:  # turned by a quarter
            width, height = height, width
    except Exception as error:  # the same dozen
        return replace(_rejected(error, data), width=width, height=height, mode=mode)
    if min(width, height) < rule.resolution:
        notes.append(f"enlarged from {width}x{height}")
    return Decoded(row=pixels, width=width, height=height, mode=mode, note=", ".join(notes))


def _draft(image: Image.Image, resolution: int) -> None:
    """Let libjpeg scale a JPEG by 1/2, 1/4 or 1/8 while it decodes, to twice the side that is wanted or more.

    A photograph of 3000x2250 takes a seventh of the time; the antialiasing filter brings it down from there.
    """
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        times = min(image.size) / (DRAFT_TIMES * resolution)
        if times >= 2:
            image.draft(None, (int(image.width / times), int(image.height / times)))


def fit_array(pixels: np.ndarray, rule: Rule) -> Decoded:
    """Bring uint8 `[C, H, W]`, C of 1, 3 or 4, to `[rule.channels, R, R]`, by the same rule."""
    depth, height, width = pixels.shape
    interleaved = pixels[0] if depth == 1 else np.ascontiguousarray(pixels.transpose(1, 2, 0))
    image = Image.fromarray(interleaved)
    mode = image.mode
    upright, notes = _normalise(image, rule, None, 1)
    if min(width, height) < rule.resolution:
        notes.append(f"enlarged from {width}x{height}")
    return Decoded(row=_fitted(upright, rule), width=width, height=height, mode=mode, note=", ".join(notes))


def _fitted(image: Image.Image, rule: Rule) -> np.ndarray:
    """Return an L, RGB or RGBA image as uint8 `[C, R, R]`."""
    if rule.channels == 1:
        image = image.convert("L")
    elif rule.channels == 4:
        image = image.convert("RGBA")
    square = fit(image, rule.resolution, how=rule.fit, background=rule.background)
    if rule.channels == 1 and square.mode != "L":  # padded with a colour
        square = square.convert("L")
    pixels = np.frombuffer(square.tobytes(), np.uint8)  # what np.asarray gives, in half of its time
    pixels = pixels.reshape(rule.resolution, rule.resolution, -1).transpose(2, 0, 1)
    return pixels.repeat(rule.channels, axis=0) if len(pixels) == 1 else pixels


def _normalise(
    image: Image.Image, rule: Rule, deep: np.ndarray | None, orientation: int
) -> tuple[Image.Image, list[str]]:
    """Return a loaded image as upright L, RGB or RGBA of 8 bits, and what had to be done for that, in words."""
    notes = []
    transpose = _UPRIGHT.get(orientation)
    profile = image.info.get("icc_profile")
    result, note = to_8_bits(image, deep, rule.depths)
    notes.append(note)
    if result.mode == "CMYK" and profile:
        result, note = _to_srgb(result, profile)
        notes.append(note)
    if result.has_transparency_data:
        wanted = "LA" if result.mode in ("L", "LA", "La") else "RGBA"
        result = result if result.mode == wanted else result.convert(wanted)
    if result.mode not in ("L", "RGB", "LA", "RGBA"):
        if result.mode not in ("1", "P"):
            notes.append(f"{result.mode} to RGB")
        result = result.convert("L" if result.mode == "1" else "RGB")
    if profile and result.mode in ("RGB", "RGBA") and image.mode != "CMYK":
        result, note = _to_srgb(result, profile)
        notes.append(note)
    if result.mode in ("LA", "RGBA") and rule.channels != 4:
        result, note = _over(result, rule.background)
        notes.append(note)
    if transpose is not None:
        result = result.transpose(transpose)
        notes.append("turned by its EXIF orientation")
    return result, [note for note in notes if note]


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 (upright) where there is none or the EXIF block is damaged."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # a damaged EXIF block says nothing about the pixels
        return 1


def _with_count(first: Decoded, image: Image.Image) -> Decoded:
    """Say so when there are more frames than the one that is used; counting them moves the file on."""
    if first.row is None or not getattr(image, "is_animated", getattr(image, "n_frames", 1) > 1):
        return first
    try:
        text = f"first of {int(getattr(image, 'n_frames', 1))} frames"
    except Exception:  # a later frame is damaged; the first was read
        text = "first of several frames"
    return replace(first, note=f"{first.note}, {text}" if first.note else text)


def _over(image: Image.Image, colour: tuple[int, int, int]) -> tuple[Image.Image, str]:
    """Lay an LA or RGBA image over a colour; an alpha that is opaque everywhere is only dropped."""
    alpha: Any = image.getchannel("A")  # typed in part only
    if alpha.getextrema()[0] == 255:
        return image.convert("L" if image.mode == "LA" else "RGB"), ""
    grey = image.mode == "LA" and len(set(colour)) == 1
    under = Image.new("L", image.size, colour[0]) if grey else Image.new("RGB", image.size, colour)
    under.paste(image, mask=alpha)  # the bytes of alpha_composite, in a third of its time
    names = {(255, 255, 255): "white", (0, 0, 0): "black"}
    return under, f"transparency over {names.get(colour, '#%02x%02x%02x' % colour)}"  # noqa: UP031


def _to_srgb(image: Image.Image, profile: bytes) -> tuple[Image.Image, str]:
    """Convert RGB, RGBA or CMYK by the profile in its file; an unusable profile is passed over."""
    try:
        transform = _transform(profile, image.mode)
        if transform is None:
            return image, ""
        converted = ImageCms.applyTransform(image, transform)
    except Exception:  # ImageCms.PyCMSError, and what damaged profiles raise besides
        return image, "unusable colour profile passed over"
    return converted or image, "colour profile to sRGB"


@functools.lru_cache(maxsize=32)
def _transform(profile: bytes, mode: str) -> Any:
    """Return what converts `mode` from a profile to sRGB; None where it is sRGB, or of another kind of colour."""
    cms: Any = ImageCms  # typed in part only
    opened = cms.ImageCmsProfile(io.BytesIO(profile))
    kind = opened.profile.xcolor_space.strip()
    if kind != ("CMYK" if mode == "CMYK" else "RGB") or "srgb" in cms.getProfileDescription(opened).lower():
        return None
    return cms.buildTransform(opened, cms.createProfile("sRGB"), mode, "RGB" if mode == "CMYK" else mode)


def _rejected(error: Exception, data: bytes) -> Decoded:
    flag = FOR_NOW if isinstance(error, MemoryError) else UNREAD
    return Decoded(row=None, note=_reason(error, data), flags=flag)


def _reason(error: Exception, data: bytes) -> str:
    """Say in words why an image was rejected."""
    text = " ".join(str(error).split())[:120]
    if isinstance(error, Image.DecompressionBombError):
        return f"more than {MAX_PIXELS // 1_000_000} megapixels, the limit"
    if isinstance(error, UnidentifiedImageError):
        if data.startswith(_SIGNATURES):
            return "damaged, or truncated within its header"
        if data[4:12] in _AT_4 and "HEIF" not in FORMATS:
            return "HEIC, for which pillow-heif is missing: pip install 'faussaire[heif]'"
        return "not an image that can be read (PNG, JPEG, WebP, BMP, GIF, TIFF, AVIF)"
    if isinstance(error, MemoryError):
        return "too large for the memory of this machine"
    if isinstance(error, ValueError) and text.startswith((NOT_FINITE, BEYOND, UNKNOWN)):
        return text
    if isinstance(error, EOFError) or "truncated" in text.lower():
        return "truncated: the file ends before its image does"
    return f"damaged: {text or type(error).__name__}"
