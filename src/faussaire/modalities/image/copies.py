"""What tells images apart, and that two are nearly one: 64 bits of what they look like, and then their pixels."""

from __future__ import annotations

import numpy as np

from faussaire.modalities.spec import BLANK, GREY

BLANK_BELOW = 4.0
"""An image whose values (0 to 255) have a smaller standard deviation than this is called nearly blank."""

_CELLS = 8  # the hash is that of 8×8 cells
_LEVELS = 8.0  # root mean square of the difference of the pixels of near copies, of 255


def measure(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return of uint8 `[n, C, H, W]` the perceptual hash of each, uint64 `[n]`, and its flags uint16 `[n]`."""
    values = pixels.reshape(len(pixels), -1).astype(np.float32)
    spread = np.sqrt(np.maximum(0, np.einsum("ij,ij->i", values, values) / values.shape[1] - values.mean(1) ** 2))
    flags = np.where(is_grey(pixels), GREY, 0) | np.where(spread < BLANK_BELOW, BLANK, 0)
    return perceptual_hash(pixels), flags.astype(np.uint16)


def alike(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return bool `[n]`: whether the pixels of uint8 `[n, C, H, W]` and `[n, C, H, W]` nearly agree."""
    difference = first.astype(np.float32) - second
    near: np.ndarray = np.sqrt((difference**2).mean(axis=(1, 2, 3))) < _LEVELS
    return near


def is_grey(pixels: np.ndarray) -> np.ndarray:
    """Return bool `[n]`: whether the channels of an image of uint8 `[n, C, H, W]` are one and the same."""
    grey: np.ndarray = (pixels == pixels[:, :1]).all(axis=(1, 2, 3))
    return grey


def perceptual_hash(pixels: np.ndarray) -> np.ndarray:
    """Return uint64 `[n]`: a bit for each of 8×8 cells of uint8 `[n, C, H, W]`, set where it is above the mean."""
    num, _, height, width = pixels.shape
    grey = pixels.sum(axis=1, dtype=np.float32)
    sums = _cells(height) @ grey @ _cells(width).T  # exact: whole numbers below 2**24
    areas = np.outer(_cells(height).sum(1), _cells(width).sum(1))
    means = (sums / areas).reshape(num, -1)
    bits = np.packbits(means > means.mean(axis=1, keepdims=True), axis=1)
    found: np.ndarray = bits.view(np.uint64)[:, 0]
    return found


def _cells(side: int) -> np.ndarray:
    """Return float32 `[8, side]`: 1 where a pixel is in a cell; in images of fewer than 8 pixels cells share them."""
    first = np.arange(_CELLS) * side // _CELLS
    last = np.maximum(np.append(first[1:], side), first + 1)
    place = np.arange(side)
    inside: np.ndarray = (place >= first[:, None]) & (place < last[:, None])
    return inside.astype(np.float32)
