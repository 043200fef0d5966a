"""The default pair for a few CPU minutes: a hidden layer after z, few channels, and every operation worth its time.

G: z → dense 16w → dense to a small map of 4w channels → 1×1 convolution and pixel shuffle → a residual 3×3 of 2w
channels → 3×3 convolution and pixel shuffle, again for each further doubling, the last to the image. The small map
also paints the whole image, by a 1×1 convolution and one pixel shuffle. Channels are scaled at each place to a mean
square of 1 before each LeakyReLU (pixel norm: Karras et al. 2018, arXiv 1710.10196). The sum goes through tanh. Where
images are larger than 32 pixels, what each shuffle made, and the sum, are filtered by 1 2 1 in both directions.
D: stride-2 convolutions → dense 8w → one logit.

Against `hybrid`, at the same seconds of a processor on Fashion-MNIST, it leaves two fifths of the Fréchet distance
(docs/LAB.md): a step costs half as much, and an image teaches it more.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, pixel_shuffle

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
from faussaire.models.truncation import mean_of_leaky_relu

WIDTH = 8
SMALL = 32  # pixels: of larger images pixel shuffles leave a grid, and a weave of twice its period (docs/LAB.md)
BINOMIAL = (0.25, 0.5, 0.25)
DETAIL = 0.3  # the share of residual branches and of the last pixel shuffle at first: images begin with their shapes


def smoothed(x: Tensor, weights: Tensor) -> Tensor:
    """Filter maps `[N, C, H, W]` by three weights in both directions, edges repeated.

    By 1 2 1 nothing of two pixels' period is left. Sums of slices take a processor a third of the time of a pooling.
    """
    for axis in (2, 3):
        size = x.shape[axis]
        wider = torch.cat([x.narrow(axis, 0, 1), x, x.narrow(axis, size - 1, 1)], axis)
        x = weights[0] * wider.narrow(axis, 0, size) + weights[1] * x + weights[2] * wider.narrow(axis, 2, size)
    return x


class LeanGenerator(nn.Module):
    """z `[N, z_dim]`, labels `[N]` where it is conditional → images `[N, C, H, W]`, in [-1, 1] in evaluation."""

    per_sample = True
    binomial: Tensor

    def __init__(self, spec: SampleSpec, z_dim: int, num_classes: int, width: int) -> None:
        super().__init__()
        self.z_dim, self.num_classes = z_dim, num_classes
        base, num_doublings = stages(spec.shape[1])
        self.map_shape = (4 * width, base, base)
        self.hidden = nn.Linear(z_dim + num_classes, 16 * width)
        self.dense = nn.Linear(16 * width, math.prod(self.map_shape))
        widths = [2 * width] * (num_doublings - 1)  # of the maps after the first
        self.up = nn.Conv2d(4 * width, 4 * widths[0], 1)
        self.residuals = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for width in widths)
        self.shuffled = nn.ModuleList(
            nn.Conv2d(before, 4 * after, 3, padding=1) for before, after in pairwise([*widths, spec.shape[0]])
        )
        self.enlargement = 2**num_doublings
        self.smooths = spec.shape[1] > SMALL
        if self.smooths:
            self.register_buffer("binomial", torch.empty(3))
        self.painter = nn.Conv2d(4 * width, spec.shape[0] * self.enlargement**2, 1)

    def initialise(self, generator: torch.Generator) -> None:
        """Draw every parameter anew."""
        if self.smooths:
            self.binomial.copy_(torch.tensor(BINOMIAL))
        kaiming(self.hidden, generator)
        kaiming(self.dense, generator, gain=GAIN)
        details = {self.shuffled[-1], *self.residuals}
        for conv in [self.up, self.painter, *self.residuals, *self.shuffled]:
            kaiming(conv, generator, gain=DETAIL if conv in details else 1.0)
        for conv in [self.up, *self.shuffled]:
            alike_in_fours(conv)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Make one image of each latent."""
        return self.from_hidden(self.hidden_of(z, labels))

    def hidden_of(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Map latents `[N, z_dim]` to the hidden layer `[N, 16w]`."""
        return leaky_relu(self.hidden(with_classes(z, labels, self.num_classes)), SLOPE)

    def mean_hidden(self) -> Tensor:
        """Return the mean of the hidden layer over all latents, `[K, 16w]` for K classes, `[1, 16w]` without."""
        from_z, from_class = torch.split(self.hidden.weight, [self.z_dim, self.num_classes], dim=1)
        means = self.hidden.bias + (from_class.T if self.num_classes else 0)
        return mean_of_leaky_relu(means.reshape(-1, len(from_z)), from_z.norm(dim=1), SLOPE)

    def from_hidden(self, hidden: Tensor) -> Tensor:
        """Make the images `[N, C, H, W]` of hidden layers `[N, 16w]`."""
        x = leaky_relu(pixel_norm(self.dense(hidden).unflatten(1, self.map_shape)), SLOPE)
        painted = pixel_shuffle(self.painter(x), self.enlargement)
        x = pixel_shuffle(self.up(x), 2)
        for residual, conv in zip(self.residuals, self.shuffled, strict=True):
            x = leaky_relu(pixel_norm(self.smooth(x)), SLOPE)
            x = leaky_relu(pixel_norm(x + residual(x)), SLOPE)
            x = pixel_shuffle(conv(x), 2)
        return torch.tanh(self.smooth(painted + x))

    def smooth(self, x: Tensor) -> Tensor:
        """Filter maps `[N, C, H, W]` where images are large."""
        return smoothed(x, self.binomial) if self.smooths else x


def discriminator(spec: SampleSpec, num_classes: int, width: int) -> nn.Module:
    """Build D."""
    return StridedDiscriminator(spec, num_classes, width, hidden=8 * width)


ARCHITECTURE = Architecture(
    name="lean",
    description="the default of images: a hidden layer, a small map, few channels; the most images a second",
    generator=LeanGenerator,
    discriminator=discriminator,
    modalities=("image",),
    width=WIDTH,
    check=check_stages,
)
