"""Pictures of samples of any kind: each is a tile, and tiles become grids, strips, pairs with their latents, and films.

Whatever a modality draws is uint8 `[n, H, W, C]`: one channel is grey, three are RGB, four have alpha. Every picture
carries the mark of what faussaire makes (core/marks.py), so that none is ever learnt from by mistake.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import ExifTags
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo

from faussaire.core.errors import DataError
from faussaire.core.inline import data_address
from faussaire.core.marks import SHEET, mark_bmp, text_of

PAPER = 255  # the grid's ground and gaps
MIN_TILE = 56  # a tile of a grid is at least this many pixels wide on the screen
MAX_STRIP = 64
SUFFIX = ".png"  # of the pictures that a run takes
OPAQUE = (".jpg", ".jpeg")  # formats that know no transparency
GAP = 2  # pixels between the tiles of a grid
GIF_COLOURS = 128
GIF_GREYS = [round(round(grey * 127 / 255) * 255 / 127) for grey in range(256)]
"""As many greys; to look for the best ones takes fifteen times as long."""
GIF_FRAME_MS = 120
GIF_LAST_MS = 2000


def write(pixels: np.ndarray, path: Path, *, kind: str = SHEET) -> None:
    """Write uint8 `[H, W, C]` as a picture; the suffix of `path` says in which format."""
    sheet = picture(pixels)
    if sheet.mode == "RGBA" and path.suffix.lower() in OPAQUE:
        sheet = Pillow.alpha_composite(Pillow.new("RGBA", sheet.size, "white"), sheet).convert("RGB")
    save(sheet, path, kind=kind)


def png(pixels: np.ndarray, *, kind: str) -> bytes:
    """Return uint8 `[H, W, C]` as the bytes of a PNG; the same pixels give the same bytes."""
    content = io.BytesIO()
    save(picture(pixels), content, kind=kind, format="PNG")
    return content.getvalue()


def gif(tiles: np.ndarray, *, milliseconds: int) -> bytes:
    """Return uint8 `[n, H, W, C]` as the bytes of an endless GIF."""
    first, *rest = [picture(tile) for tile in tiles]
    content = io.BytesIO()
    save(first, content, format="GIF", save_all=True, append_images=rest, duration=milliseconds, loop=0)
    return content.getvalue()


def write_strip(tiles: np.ndarray, path: Path) -> None:
    """Write uint8 `[n, H, W, C]` side by side, at most 64 pixels high."""
    strip = picture(np.concatenate(list(tiles), axis=1))
    if strip.height > MAX_STRIP:
        strip = strip.resize((len(tiles) * MAX_STRIP, MAX_STRIP), Pillow.Resampling.BOX)
    save(strip, path)


def write_latents(z: np.ndarray, tiles: np.ndarray, path: Path) -> None:
    """Write latents float32 `[n, z_dim]` as squares of grey cells, and to the right of each its tile.

    Black is -2.5 and white 2.5: nearly all that N(0, 1) draws.
    """
    side = tiles.shape[1]
    cells = math.ceil(math.sqrt(z.shape[1]))
    padded = np.zeros((len(z), cells * cells), np.float32)
    padded[:, : z.shape[1]] = z
    grey = np.clip(np.rint(padded * np.float32(51.0) + np.float32(127.5)), 0, 255).astype(np.uint8)
    drawn = [Pillow.fromarray(one).resize((side, side), 0) for one in grey.reshape(-1, cells, cells)]
    latents = np.repeat(np.stack([np.asarray(one) for one in drawn])[..., None], tiles.shape[3], axis=3)
    pairs = np.concatenate([latents, tiles], axis=2)
    save(picture(grid(pairs, columns=max(1, math.isqrt(len(pairs)) // 2))), path)


def write_film(path: Path, frames: Sequence[Path]) -> None:
    """Write an endless GIF of the pictures `frames`, the last one held for two seconds.

    Raises:
        ValueError: none of them can be read; a few that cannot are left out.
    """
    images = []
    for frame in frames:
        with suppress(OSError, SyntaxError, ValueError), Pillow.open(frame) as opened:
            images.append(_of_few_colours(opened))
    if not images:
        raise ValueError("none of its pictures can be read")
    durations = [GIF_FRAME_MS] * (len(images) - 1) + [GIF_LAST_MS]
    save(images[0], path, format="GIF", save_all=True, append_images=images[1:], duration=durations, loop=0)


def _of_few_colours(image: Pillow.Image) -> Pillow.Image:
    if image.mode == "L":
        return image.point(GIF_GREYS)
    return image.convert("P", palette=Pillow.Palette.ADAPTIVE, colors=GIF_COLOURS)


def write_frames(path: Path, frames: Iterable[np.ndarray], *, count: int, milliseconds: float) -> None:
    """Write an endless film of uint8 `[H, W, C]` frames of one size; the suffix says whether as GIF or as WebP.

    WebP has all colours, without loss; GIF 256 in a frame, and times in hundredths of a second.
    """
    is_gif = path.suffix.lower() == ".gif"
    unit = 10 if is_gif else 1
    ends = [unit * round((number + 1) * milliseconds / unit) for number in range(count)]
    durations = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    images = (_paletted(picture(frame)) if is_gif else picture(rgb(frame)) for frame in frames)
    exactly: dict[str, Any] = {} if is_gif else {"lossless": True, "method": 0}
    save(next(images), path, save_all=True, append_images=images, duration=durations, loop=0, **exactly)


def _paletted(image: Pillow.Image) -> Pillow.Image:
    return image if image.mode == "L" else image.convert("RGB").convert("P", palette=Pillow.Palette.ADAPTIVE)


def rgb(pixels: np.ndarray) -> np.ndarray:
    """Return uint8 `[H, W, C]` in three colours, what is transparent on white."""
    if pixels.shape[2] == 1:
        return np.repeat(pixels, 3, axis=2)
    if pixels.shape[2] == 3:
        return pixels
    image = Pillow.fromarray(pixels)
    return np.asarray(Pillow.alpha_composite(Pillow.new("RGBA", image.size, "white"), image).convert("RGB"))


def read(path: Path) -> np.ndarray:
    """Return a picture as uint8 `[H, W, 3]`.

    Raises:
        DataError: it cannot be read.
    """
    try:
        with Pillow.open(path) as opened:
            return np.asarray(opened.convert("RGB"))
    except (
        OSError,
        SyntaxError,
        ValueError,
        Pillow.DecompressionBombError,
    ) as error:  # SyntaxError: Pillow's, of a PNG
        raise DataError(f"{path} cannot be read: {error}") from None


@dataclass(frozen=True)
class Embedded:
    """A picture that a page holds in itself."""

    source: str
    """A data: address."""
    width: int
    height: int
    """In pixels."""


def embedded(content: bytes, media: str = "image/png") -> Embedded:
    """Return the content of a file of a picture as what a page needs to show it."""
    with Pillow.open(io.BytesIO(content)) as opened:
        width, height = opened.size
    return Embedded(data_address(media, content), width, height)


def scaled_png(path: Path, widest: int) -> bytes | None:
    """Return a picture on the disk as the bytes of a PNG, at most so many pixels wide; None where it cannot be read."""
    content = io.BytesIO()
    try:
        with Pillow.open(path) as opened:
            opened.thumbnail((widest, 10 * widest))
            save(opened, content, format="PNG")
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError):  # SyntaxError: Pillow's, of a PNG
        return None
    return content.getvalue()


def save(
    image: Pillow.Image, target: Path | IO[bytes], *, kind: str = SHEET, format: str | None = None, **options: Any
) -> None:
    """Write a picture with the mark of what faussaire makes; `format` is by the suffix of the path, if not given.

    `kind` is SHEET or SAMPLE; `options` are those of the format, as Pillow has them.
    """
    if format is None:
        assert isinstance(target, Path)
        format = Pillow.registered_extensions()[target.suffix.lower()]
    image.save(target, format=format, **_mark(format, kind), **options)
    if format == "BMP" and isinstance(target, Path):
        mark_bmp(target, kind)


def _mark(format: str, kind: str) -> dict[str, Any]:
    """Return what puts the mark into a picture of a format."""
    text = text_of(kind)
    if format == "PNG":
        info = PngInfo()
        info.add_text("Software", text)
        return {"pnginfo": info}
    if format == "TIFF":
        return {"software": text}
    if format == "WEBP":
        exif = Pillow.Exif()
        exif[ExifTags.Base.Software] = text
        return {"exif": exif}
    return {"comment": text.encode()} if format in ("GIF", "JPEG") else {}


def picture(pixels: np.ndarray) -> Pillow.Image:
    """Make a Pillow image of uint8 `[H, W, C]` with 1, 3 or 4 channels."""
    return Pillow.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def grid(images: np.ndarray, *, columns: int | None = None) -> np.ndarray:
    """Lay uint8 `[N, H, W, C]` out in rows on white, as one uint8 `[H', W', C]`; by default nearly square."""
    count, height, width, channels = images.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    sheet = np.full((rows * (height + GAP) + GAP, columns * (width + GAP) + GAP, channels), PAPER, np.uint8)
    for index, tile in enumerate(images):
        top = GAP + (index // columns) * (height + GAP)
        left = GAP + (index % columns) * (width + GAP)
        sheet[top : top + height, left : left + width] = tile
    return sheet


def cut(sheet: np.ndarray, count: int, *, height: int, width: int) -> np.ndarray:
    """Cut the `count` tiles `[count, height, width, C]` out of what `grid` made of them."""
    columns = math.ceil(math.sqrt(count))
    corners = [
        (GAP + row * (height + GAP), GAP + column * (width + GAP))
        for row, column in (divmod(index, columns) for index in range(count))
    ]
    return np.stack([sheet[top : top + height, left : left + width] for top, left in corners])
