"""The chapter's first pair: dense layers only, for samples of any shape.

G: z → 512 → 256 → 128 (each LeakyReLU 0.2, then batch normalisation) → the sample, tanh.
D: the sample, flat → 256 → 128 → 64 (each LeakyReLU 0.2, dropout 0.5) → one logit.
The cheapest pair there is (about 1 ms a pass at 28×28 and batch 100 on two cores), and the first to collapse.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from faussaire.modalities import SampleSpec
from faussaire.models.architectures._blocks import KERAS_EPS, Dropout, class_logits, glorot, with_classes
from faussaire.models.architectures._registry import Architecture


class DenseGenerator(nn.Module):
    """z `[N, z_dim]`, labels `[N]` where it is conditional → samples `[N, *shape]` in (-1, 1)."""

    per_sample = False

    def __init__(self, spec: SampleSpec, z_dim: int, num_classes: int, _: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.shape = spec.shape
        widths = [z_dim + num_classes, 512, 256, 128]
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            # Keras's momentum 0.8 is the share of the old average that stays: 0.2 in torch's sense.
            norm = nn.BatchNorm1d(after, momentum=0.2, eps=KERAS_EPS)
            layers += [nn.Linear(before, after), nn.LeakyReLU(0.2), norm]
        self.layers = nn.Sequential(*layers, nn.Linear(128, math.prod(spec.shape)), nn.Tanh())

    def initialise(self, generator: torch.Generator) -> None:
        """Draw every parameter anew."""
        glorot(self, generator)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Make one sample of each latent."""
        out: Tensor = self.layers(with_classes(z, labels, self.num_classes))
        return out.view(-1, *self.shape)  # no len(z): exporters would take it for a constant


class DenseDiscriminator(nn.Module):
    """Samples `[N, *shape]` → logits `[N]`."""

    per_sample = False

    def __init__(self, spec: SampleSpec, num_classes: int, _: int) -> None:
        super().__init__()
        widths = [math.prod(spec.shape), 256, 128, 64]
        layers: list[nn.Module] = [nn.Flatten()]
        for before, after in pairwise(widths):
            layers += [nn.Linear(before, after), nn.LeakyReLU(0.2), Dropout(0.5)]
        self.layers = nn.Sequential(*layers, nn.Linear(64, max(1, num_classes)))

    def initialise(self, generator: torch.Generator) -> None:
        """Draw every parameter anew."""
        glorot(self, generator)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Judge each sample."""
        out: Tensor = self.layers(samples)
        return class_logits(out, labels)


ARCHITECTURE = Architecture(
    name="dense",
    description="the chapter's first pair: dense layers, any shape of sample",
    generator=DenseGenerator,
    discriminator=DenseDiscriminator,
)
