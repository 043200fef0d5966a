"""The D of `hybrid` and `lean`: convolutions with a stride of 2, a dense layer, one logit.

4w channels at the smallest map, half as many at twice its side and so on: a D as wide at the side of the image learns
small sets by heart, and costs twice as much (docs/LAB.md).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from faussaire.modalities import SampleSpec
from faussaire.models.architectures._blocks import GAIN, SLOPE, class_logits, kaiming, stages


class StridedDiscriminator(nn.Module):
    """Images `[N, C, H, W]` → logits `[N]`; `hidden` units stand before the last layer."""

    per_sample = True

    def __init__(self, spec: SampleSpec, num_classes: int, width: int, *, hidden: int) -> None:
        super().__init__()
        base, num_doublings = stages(spec.shape[1])
        widths = [spec.shape[0], *(max(4 * width >> left, 4) for left in reversed(range(num_doublings)))]
        self.convs = nn.ModuleList(
            nn.Conv2d(before, after, 4, stride=2, padding=1) for before, after in pairwise(widths)
        )
        self.dense = nn.Linear(widths[-1] * base * base, hidden)
        self.head = nn.Linear(hidden, max(1, num_classes))

    def initialise(self, generator: torch.Generator) -> None:
        """Draw every parameter anew."""
        for layer in [*self.convs, self.dense]:
            kaiming(layer, generator, gain=GAIN)
        kaiming(self.head, generator)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Judge each image."""
        x = samples
        for conv in self.convs:
            x = leaky_relu(conv(x), SLOPE)
        out: Tensor = self.head(leaky_relu(self.dense(x.flatten(1)), SLOPE))
        return class_logits(out, labels)
