"""Images: float tensors `[N, C, H, W]` in [-1, 1], seen by people as uint8 `[N, H, W, C]` and as PNG or GIF pictures.

One channel is grey, three are RGB. Small images are enlarged by a whole factor with hard edges, so that a picture
shows the pixels that the network made and nothing that a viewer smoothed over them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from PIL import ExifTags
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo

from faussaire.core.marks import SAMPLE, SHEET, mark_bmp, text_of

if TYPE_CHECKING:  # the data side, which says what a sample is, must not wait for torch
    from torch import Tensor

PAPER = 255  # the grid's ground and gaps
MIN_TILE = 56  # a tile of a grid is at least this many pixels wide on the screen
MAX_STRIP = 64
OPAQUE = (".jpg", ".jpeg")  # formats that know no transparency
GAP = 2  # pixels between the tiles of a grid
GIF_COLOURS = 128
GIF_FRAME_MS = 120
GIF_LAST_MS = 2000


class Image:
    """The modality of images."""

    name = "image"

    def to_array(self, samples: Tensor) -> np.ndarray:
        """Turn `[N, C, H, W]` in [-1, 1] into uint8 `[N, H, W, C]`, rounding to nearest and clipping."""
        pixels = samples.detach().cpu().float().mul(127.5).add(127.5).round().clamp(0, 255)
        return np.ascontiguousarray(pixels.byte().permute(0, 2, 3, 1).numpy())

    def write_grid(self, path: Path, samples: Tensor) -> None:
        """Write a nearly square grid of `[N, C, H, W]` as a picture; the suffix of `path` says which format."""
        sheet = picture(grid(enlarge(self.to_array(samples))))
        if sheet.mode == "RGBA" and path.suffix.lower() in OPAQUE:
            sheet = Pillow.alpha_composite(Pillow.new("RGBA", sheet.size, "white"), sheet).convert("RGB")
        save(sheet, path)

    def write_strip(self, path: Path, samples: Tensor) -> None:
        """Write `[N, C, H, W]` in one row without gaps, at most 64 pixels high, as a picture of a few kilobytes."""
        strip = picture(np.concatenate(list(self.to_array(samples)), axis=1))
        if strip.height > MAX_STRIP:
            strip = strip.resize((len(samples) * MAX_STRIP, MAX_STRIP), Pillow.Resampling.BOX)
        save(strip, path)

    def write_sample(self, path: Path, sample: Tensor) -> None:
        """Write one `[C, H, W]` as a picture of its own size."""
        save(picture(self.to_array(sample[None])[0]), path, kind=SAMPLE)

    def write_latents(self, path: Path, z: Tensor, samples: Tensor) -> None:
        """Write each latent `[N, z_dim]` as a square of grey cells, and to its right the sample that it became.

        Black is -2.5 and white 2.5: nearly all that N(0, 1) draws.
        """
        tiles = enlarge(self.to_array(samples))
        side = tiles.shape[1]
        cells = math.ceil(math.sqrt(z.shape[1]))
        padded = z.new_zeros(len(z), cells * cells)
        padded[:, : z.shape[1]] = z.detach()
        grey = padded.cpu().float().mul(51.0).add(127.5).round().clamp(0, 255).byte().view(-1, cells, cells).numpy()
        latents = np.stack([np.asarray(Pillow.fromarray(g).resize((side, side), 0)) for g in grey])
        latents = np.repeat(latents[..., None], tiles.shape[3], axis=3)
        pairs = np.concatenate([latents, tiles], axis=2)
        save(picture(grid(pairs, columns=max(1, math.isqrt(len(pairs)) // 2))), path)

    def write_film(self, path: Path, frames: Sequence[Path]) -> None:
        """Write an endless GIF of the PNG pictures `frames`, the last one held for two seconds.

        Raises:
            ValueError: none of them can be read; a few that cannot are left out.
        """
        images = []
        for frame in frames:
            with suppress(OSError, SyntaxError, ValueError), Pillow.open(frame) as opened:
                images.append(opened.convert("P", palette=Pillow.Palette.ADAPTIVE, colors=GIF_COLOURS))
        if not images:
            raise ValueError("none of its pictures can be read")
        durations = [GIF_FRAME_MS] * (len(images) - 1) + [GIF_LAST_MS]
        save(images[0], path, format="GIF", save_all=True, append_images=images[1:], duration=durations, loop=0)


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
    """Make a Pillow image of uint8 `[H, W, C]` with 1 or 3 channels."""
    return Pillow.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def enlarge(images: np.ndarray, at_least: int = MIN_TILE) -> np.ndarray:
    """Repeat the pixels of uint8 `[N, H, W, C]` by a whole factor, so that they are `at_least` wide."""
    factor = math.ceil(at_least / images.shape[2])
    return images.repeat(factor, axis=1).repeat(factor, axis=2)


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


def tiles(sheet: np.ndarray, count: int, *, height: int, width: int) -> np.ndarray:
    """Cut the `count` images `[count, height, width, C]` out of what `grid(enlarge(images))` made of them."""
    factor = math.ceil(MIN_TILE / width)
    columns = math.ceil(math.sqrt(count))
    places = [divmod(index, columns) for index in range(count)]
    corners = [(GAP + row * (height * factor + GAP), GAP + column * (width * factor + GAP)) for row, column in places]
    cut = [sheet[top : top + height * factor : factor, left : left + width * factor : factor] for top, left in corners]
    return np.stack(cut)
