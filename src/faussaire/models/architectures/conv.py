"""The chapter's second pair: a DCGAN (Radford et al. 2016, arXiv 1511.06434) with kernels of 5 and strides of 2.

At 28×28, exactly the chapter's:
G: z → dense 7·7·128 → batch normalisation → transposed convolution 64, ReLU → batch normalisation → transposed
convolution to the channels, tanh.  D: convolution 64 → convolution 128 (each LeakyReLU 0.3, dropout 0.5) → one logit.
Larger images add stages between, each doubling the side and halving the channels (at most 512).
25 GFLOP a step at batch 100: several hundred milliseconds on two cores.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from faussaire.modalities import SampleSpec
from faussaire.models.architectures._blocks import (
    KERAS_EPS,
    Dropout,
    check_stages,
    class_logits,
    glorot,
    stages,
    with_classes,
)
from faussaire.models.architectures._registry import Architecture

KERAS_MOMENTUM = 0.01  # Keras's default 0.99 is the share of the old average that stays


def channels_at(doublings_left: int) -> int:
    """Return the width of the map that is to be doubled that many times more: 64, 128, 256, 512, 512 …"""
    return min(512, 32 << doublings_left)


class ConvGenerator(nn.Module):
    """z `[N, z_dim]`, labels `[N]` where it is conditional → images `[N, C, H, W]` in (-1, 1)."""

    per_sample = False

    def __init__(self, spec: SampleSpec, z_dim: int, num_classes: int, _: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        base, num_doublings = stages(spec.shape[1])
        width = channels_at(num_doublings)
        layers: list[nn.Module] = [
            nn.Linear(z_dim + num_classes, width * base * base),
            nn.Unflatten(1, (width, base, base)),
        ]
        for left in range(num_doublings - 1, -1, -1):
            after = channels_at(left) if left else spec.shape[0]
            layers += [
                nn.BatchNorm2d(width, momentum=KERAS_MOMENTUM, eps=KERAS_EPS),
                nn.ConvTranspose2d(width, after, 5, stride=2, padding=2, output_padding=1),
                nn.ReLU() if left else nn.Tanh(),
            ]
            width = after
        self.layers = nn.Sequential(*layers)

    def initialise(self, generator: torch.Generator) -> None:
        """Draw every parameter anew."""
        glorot(self, generator)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Make one image of each latent."""
        out: Tensor = self.layers(with_classes(z, labels, self.num_classes))
        return out


class ConvDiscriminator(nn.Module):
    """Images `[N, C, H, W]` → logits `[N]`."""

    per_sample = False

    def __init__(self, spec: SampleSpec, num_classes: int, _: int) -> None:
        super().__init__()
        base, num_doublings = stages(spec.shape[1])
        before = spec.shape[0]
        layers: list[nn.Module] = []
        for done in range(1, num_doublings + 1):
            layers += [
                nn.Conv2d(before, channels_at(done), 5, stride=2, padding=2),
                nn.LeakyReLU(0.3),
                Dropout(0.5),
            ]
            before = channels_at(done)
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(before * base * base, max(1, num_classes)))

    def initialise(self, generator: torch.Generator) -> None:
        """Draw every parameter anew."""
        glorot(self, generator)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Judge each image."""
        out: Tensor = self.layers(samples)
        return class_logits(out, labels)


ARCHITECTURE = Architecture(
    name="conv",
    description="the chapter's second pair: a DCGAN with 5×5 kernels; slow on a CPU",
    generator=ConvGenerator,
    discriminator=ConvDiscriminator,
    modalities=("image",),
    check=check_stages,
)
