"""The truncation trick: samples drawn towards the average one are more typical, and less varied.

Source: Karras et al. 2019, arXiv 1812.04948, section B and figure 8, where the intermediate latent is drawn towards its
mean: w' = mean + truncation · (w - mean).
"""

from __future__ import annotations

import math
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding


@runtime_checkable
class HasHiddenLayer(Protocol):
    """A G whose latents pass a hidden layer before they become a map: G(z, labels) = from_hidden(hidden_of(z, labels)).

    Where what follows is normalised, a shorter latent makes the same sample: there the hidden layer is drawn to its
    mean, and z elsewhere.
    """

    def hidden_of(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Map latents `[N, z_dim]`, and labels `[N]` where G is conditional, to the hidden layer `[N, hidden]`."""

    def mean_hidden(self) -> Tensor:
        """Return the mean of the hidden layer over all latents, `[K, hidden]` for K classes, `[1, hidden]` without."""

    def from_hidden(self, hidden: Tensor) -> Tensor:
        """Make the samples of hidden layers `[N, hidden]`."""


class Truncated(nn.Module):
    """G behind a truncation.

    Args:
        G: maps z `[N, z_dim]`, and labels `[N]` where it is conditional, to samples; its weights change no more.
    """

    mean: Tensor

    def __init__(self, G: nn.Module) -> None:
        super().__init__()
        self.G = G
        with torch.no_grad():
            mean = G.mean_hidden() if isinstance(G, HasHiddenLayer) else torch.empty(0)
        self.register_buffer("mean", mean)

    def forward(self, z: Tensor, truncation: Tensor, labels: Tensor | None = None) -> Tensor:
        """Make samples `[N, *shape]`.

        Args:
            z: `[N, z_dim]`.
            truncation: `[]`, or `[N]`, one for each sample: 1 leaves it as it is, 0 makes the average one.
            labels: `[N]`, where G is conditional.
        """
        out: Tensor
        share = truncation.reshape(-1, 1)
        if isinstance(self.G, HasHiddenLayer):
            hidden = self.G.hidden_of(z, labels)
            mean = self.mean if labels is None else embedding(labels, self.mean)
            out = self.G.from_hidden(share * hidden + (1 - share) * mean)  # exact at 0 and at 1
        else:
            z = z * share
            out = self.G(z) if labels is None else self.G(z, labels)
        return out


def mean_of_leaky_relu(mean: Tensor, std: Tensor, slope: float) -> Tensor:
    """Return the mean of leaky_relu(x) for x normal, of such a mean and standard deviation above 0.

    E[max(x, 0)] = mean · Φ(mean / std) + std · φ(mean / std).
    """
    ratio = mean / std
    below = 0.5 * (1 + torch.erf(ratio / math.sqrt(2)))
    density = torch.exp(-ratio.square() / 2) / math.sqrt(2 * math.pi)
    return slope * mean + (1 - slope) * (mean * below + std * density)
