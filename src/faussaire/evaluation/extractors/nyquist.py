"""The power of an image at the finest period that its pixels can hold, which is two of them.

A generator that doubles its maps may leave a grid of that period over everything, which distances between sets of
photographs hardly see. Summed with signs that alternate from row to row, each column of an image is its coefficient at
the Nyquist frequency; the squares of all columns over the height are the power of the Nyquist row of the spectrum
(Parseval), with no transform, and those of the rows over the width that of its column. A last row or column without a
partner is left out. What rounding to 8 bits adds is added to every image, so that reals without any such power divide.
"""

from __future__ import annotations

import torch
from torch import Tensor

from faussaire.evaluation.extractors.spec import embed_in_batches
from faussaire.evaluation.protocols import NO_WEIGHTS_SHA256

_ROUNDING = (2 / 255) ** 2 / 12


class NyquistExtractor:
    """The extractor `nyquist`."""

    name = "nyquist"
    version = "1"
    modalities = ("image",)
    sha256 = NO_WEIGHTS_SHA256
    input_size = 0
    dimension = 2
    resize = "none"

    def __call__(self, samples: Tensor) -> Tensor:
        """Return the power per pixel at the Nyquist row and column, [N, 2], of images [N, C, H, W] in [-1, 1]."""
        return embed_in_batches(samples, _powers, batch_size=256)


def _powers(images: Tensor) -> Tensor:
    return torch.stack([_power(images), _power(images.transpose(2, 3))], dim=1) + _ROUNDING


def _power(images: Tensor) -> Tensor:
    """Return the power of images [N, C, H, W] at the period of two rows: [N]."""
    height = images.shape[2] // 2 * 2
    alternating = images[:, :, 0:height:2].sum(2) - images[:, :, 1:height:2].sum(2)
    return alternating.square().mean((1, 2)) / max(height, 1)
