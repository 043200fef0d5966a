"""Pixel and frequency statistics: a sanity check that no network stands behind.

Of each image, resized to 32 x 32: the 8 x 8 lowest coefficients of the two-dimensional cosine transform (DCT-II,
orthonormal) of its luma, the logarithm of the energy in 8 rings of frequency, and mean, spread and third moment of each
colour: 81 figures. They see wrong colours, wrong sharpness and checkerboards at once, and nothing of meaning; a
generator that does badly here does badly. Ahmed, Natarajan & Rao 1974, IEEE Trans. Comput. C-23, 90, eq. 1.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from faussaire.evaluation.extractors.spec import embed_in_batches, resized
from faussaire.evaluation.protocols import NO_WEIGHTS_SHA256

_LOW = 8
_RINGS = 8
# Rec. 601 luma.
_LUMA = (0.299, 0.587, 0.114)
# Energy of rounding to 8 bits, below which the logarithm would only show the rounding.
_ENERGY_FLOOR = (2 / 255) ** 2 / 12


class PixelsExtractor:
    """The extractor `pixels-dct`."""

    name = "pixels-dct"
    version = "1"
    modalities = ("image", "audio")
    sha256 = NO_WEIGHTS_SHA256
    input_size = 32
    dimension = _LOW * _LOW + _RINGS + 3 * 3
    resize = "bilinear, antialiased, to 32 x 32"

    def __init__(self) -> None:
        """Compute the cosine basis [32, 32] and the ring of each coefficient [32, 32]."""
        n = self.input_size
        index = torch.arange(n, dtype=torch.float64)
        basis = torch.cos(math.pi / n * (index[None] + 0.5) * index[:, None]) * math.sqrt(2 / n)
        basis[0] /= math.sqrt(2)
        self._basis = basis.float()
        radius = (index[:, None].square() + index[None].square()).sqrt() / (n - 1)
        self._ring = (radius * _RINGS).long().clamp(max=_RINGS - 1)

    def __call__(self, images: Tensor) -> Tensor:
        """Return features [N, 81] of images [N, C, H, W] in [-1, 1]."""
        return embed_in_batches(images, self._embed, batch_size=256)

    def _embed(self, images: Tensor) -> Tensor:
        pixels = resized(images, self.input_size, mode="bilinear", antialias=True)
        luma = torch.einsum("nchw,c->nhw", pixels, torch.tensor(_LUMA))
        waves = self._basis @ luma @ self._basis.T
        energy = torch.stack([waves[:, self._ring == ring].square().mean(1) for ring in range(_RINGS)], dim=1)
        colours = pixels.flatten(2)
        mean = colours.mean(2)
        centred = colours - mean[:, :, None]
        spread = centred.square().mean(2).sqrt()
        third = centred.pow(3).mean(2)
        low = waves[:, :_LOW, :_LOW].flatten(1) / self.input_size
        return torch.cat([low, (energy + _ENERGY_FLOOR).log10(), mean, spread, third], dim=1)
