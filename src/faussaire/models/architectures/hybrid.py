"""A pair of many channels at the smallest map: most of the work in dense layers, a little convolution where it shows.

G: z → dense to a small map of 8w channels → a residual 3×3 with a waist of 2w → 1×1 convolution and pixel shuffle → per
stage a residual 3×3 convolution of w channels, or 2w, 4w where the map is smaller → pixel shuffle to the image. Each
map also paints the image at its own size, which is enlarged and added (output skips: Karras et al. 2020, arXiv
1912.04958, section 4.1): shapes come first. The sum is clamped to [-1, 1]; in training what lies beyond leaks through
with a slope of 0.1. Channels are cheap where the map is small.
D: stride-2 convolutions → dense 128 → one logit.
No statistics of the batch, no transposed convolution, no noise inside (it shall be exported to browsers). At a few
minutes quality is bought with images seen, and this pair sees ten times as many as `conv` in the same time.
Initialised after Fixup (Zhang et al. 2019, arXiv 1901.09321): each residual branch starts at 0.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu, pixel_shuffle

from faussaire.modalities import SampleSpec
from faussaire.models.architectures._blocks import (
    GAIN,
    SLOPE,
    alike_in_fours,
    check_stages,
    kaiming,
    pixel_norm,
    stages,
    with_classes,
)
from faussaire.models.architectures._registry import Architecture
from faussaire.models.architectures._strided import StridedDiscriminator

WIDTH = 8
LEAK = 0.1  # tanh stops learning where it saturates: on MNIST, mostly black, it left G dead (docs/LAB.md)
DETAIL = 0.3  # the share of the last pixel shuffle in the image at first: it begins with its shapes


class Residual(nn.Module):
    """x + conv(lrelu(conv(x))), 3×3, the second convolution starting at 0."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, hidden, 3, padding=1)
        self.second = nn.Conv2d(hidden, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map `[N, width, H, W]` to the same shape."""
        out: Tensor = self.second(leaky_relu(self.first(x), SLOPE))
        return x + out


def enlarged(image: Tensor) -> Tensor:
    """Return an image `[N, C, H, W]` at twice its side."""
    return interpolate(image, scale_factor=2, mode="bilinear", align_corners=False)


def clamped(image: Tensor, *, leaks: bool) -> Tensor:
    """Clamp an image to [-1, 1]; in training what lies beyond leaks through, so that saturation is undone."""
    within = image.clamp(-1, 1)
    return within + LEAK * (image - within) if leaks else within


class HybridGenerator(nn.Module):
    """z `[N, z_dim]`, labels `[N]` where it is conditional → images `[N, C, H, W]`, in [-1, 1] in evaluation."""

    per_sample = True

    def __init__(self, spec: SampleSpec, z_dim: int, num_classes: int, width: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        base, num_doublings = stages(spec.shape[1])
        self.map_shape = (8 * width, base, base)
        self.dense = nn.Linear(z_dim + num_classes, math.prod(self.map_shape))
        self.mix = Residual(8 * width, 2 * width)
        widths = [width * 2 ** min(left, 2) for left in reversed(range(num_doublings - 1))]
        self.narrow = nn.Conv2d(8 * width, 4 * widths[0], 1)
        self.residuals = nn.ModuleList(Residual(width, width) for width in widths)
        self.painters = nn.ModuleList(nn.Conv2d(width, spec.shape[0], 1) for width in (8 * width, *widths))
        self.shuffled = nn.ModuleList(
            nn.Conv2d(before, 4 * after, 3, padding=1) for before, after in pairwise([*widths, spec.shape[0]])
        )

    def initialise(self, generator: torch.Generator) -> None:
        """Draw every parameter anew."""
        kaiming(self.dense, generator)
        for residual in [self.mix, *self.residuals]:
            kaiming(residual.first, generator, gain=GAIN)
            kaiming(residual.second, generator, gain=0.0)
        for conv in [self.narrow, *self.shuffled, *self.painters]:
            kaiming(conv, generator, gain=DETAIL if conv is self.shuffled[-1] else 1.0)
        for conv in [self.narrow, *self.shuffled]:
            alike_in_fours(conv)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Make one image of each latent."""
        x = self.dense(with_classes(z, labels, self.num_classes)).unflatten(1, self.map_shape)
        x = self.mix(leaky_relu(pixel_norm(x), SLOPE))
        image = self.painters[0](x)
        x = pixel_shuffle(leaky_relu(self.narrow(leaky_relu(x, SLOPE)), SLOPE), 2)
        for residual, conv, painter in zip(self.residuals, self.shuffled, self.painters[1:], strict=True):
            x = leaky_relu(pixel_norm(residual(x)), SLOPE)
            image = enlarged(image) + painter(x)
            x = pixel_shuffle(conv(x), 2)
        return clamped(enlarged(image) + x, leaks=self.training)


def discriminator(spec: SampleSpec, num_classes: int, width: int) -> nn.Module:
    """Build D."""
    return StridedDiscriminator(spec, num_classes, width, hidden=128)


ARCHITECTURE = Architecture(
    name="hybrid",
    description="the default of sounds: a dense layer to a small map, residual 3×3, pixel shuffle",
    generator=HybridGenerator,
    discriminator=discriminator,
    modalities=("image", "audio"),
    width=WIDTH,
    check=check_stages,
)
