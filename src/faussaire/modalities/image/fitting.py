"""How an oblong picture becomes a square one: cut its middle out, pad it, squeeze it, or cut out where most happens."""

from __future__ import annotations

import numpy as np
from PIL import Image

CROP, PAD, STRETCH, SMART = "crop", "pad", "stretch", "smart"
FITS = (CROP, PAD, STRETCH, SMART)
WHITE = (255, 255, 255)

_LOOK = 64  # pixels of the shorter side that `smart` looks at
_WORTH = 1.05  # how much more must happen elsewhere for `smart` to leave the middle


def fit(image: Image.Image, resolution: int, *, how: str, background: tuple[int, int, int] = WHITE) -> Image.Image:
    """Bring an L, RGB or RGBA image to a square of `resolution` pixels; one that has this size is left as it is.

    `crop` keeps the central square, `smart` the square along the longer side in which most happens, `pad` the whole
    picture amid `background` (transparent, where there is alpha), `stretch` the whole picture out of proportion.
    """
    width, height = image.size
    if width != height and how == PAD:
        return _padded(image, resolution, background)
    if width != height and how != STRETCH:
        side = min(width, height)
        left, top = _busiest(image, side) if how == SMART else ((width - side) // 2, (height - side) // 2)
        image = image.crop((left, top, left + side, top + side))
    if image.size != (resolution, resolution):
        image = image.resize((resolution, resolution), Image.Resampling.LANCZOS)
    return image


def _padded(image: Image.Image, resolution: int, background: tuple[int, int, int]) -> Image.Image:
    scale = resolution / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    if (width, height) != image.size:
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    if image.mode == "L" and len(set(background)) > 1:
        image = image.convert("RGB")
    sheet = Image.new(image.mode, (resolution, resolution), _ground(image.mode, background))
    sheet.paste(image, ((resolution - width) // 2, (resolution - height) // 2))
    return sheet


def _ground(mode: str, background: tuple[int, int, int]) -> int | tuple[int, int, int] | tuple[int, int, int, int]:
    """Return a colour as an image of that mode wants it; transparent, where there is alpha."""
    return background[0] if mode == "L" else (*background, 0) if mode == "RGBA" else background


def _busiest(image: Image.Image, side: int) -> tuple[int, int]:
    """Return left and top of the square of `side` pixels in which neighbouring pixels differ most."""
    width, height = image.size
    scale = min(1.0, _LOOK / side)
    small = image.convert("L").resize((max(1, round(width * scale)), max(1, round(height * scale))))
    values = np.asarray(small, np.float64)
    energy = np.zeros_like(values)
    energy[1:] += np.abs(np.diff(values, axis=0))
    energy[:, 1:] += np.abs(np.diff(values, axis=1))
    along = energy.sum(axis=0 if width > height else 1)
    window = min(small.size)
    sums = np.convolve(along, np.ones(window), "valid")
    middle = (len(sums) - 1) // 2
    best = int(sums.argmax())
    if sums[best] <= _WORTH * sums[middle]:
        return (width - side) // 2, (height - side) // 2
    place = min(round(best / scale), max(width, height) - side)
    return (place, 0) if width > height else (0, place)
