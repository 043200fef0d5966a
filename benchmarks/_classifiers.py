"""The classifiers among the judges: three networks that see an image in three ways, each to 128 features and logits.

    strided   convolutions 5×5 of 32, 3×3 of 64 with a stride of 2, and 3×3 of 128, as a discriminator has them
    pooled    pairs of 3×3 convolutions of 16, 32 and 64 channels with a stride of 1, the largest of 2×2 after each pair
    mixing    patches 4×4 as tokens of 64; three blocks mix them across places, then across channels, each added to
              what it was made of (Tolstikhin et al. 2021, arXiv 2105.01601), and the mean over places is taken

A generator that was tuned against the eyes of one of them is still seen by the others. Plain torch, so that figures of
different versions of the package are of the same judges.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

FEATURES = 128
PATCH, TOKEN, BLOCKS = 4, 64, 3


class Classifier(nn.Module):
    """Images `[N, C, H, W]` in [-1, 1] → logits `[N, K]`; `hidden` stops at the 128 features."""

    def __init__(self, hidden: nn.Module, num_classes: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.output = nn.Linear(FEATURES, num_classes)

    def initialise(self, generator: torch.Generator) -> None:
        """Draw every weight anew (He et al. 2015, arXiv 1502.01852)."""
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits `[N, K]`."""
        logits: Tensor = self.output(self.hidden(x))
        return logits


def strided(channels: int, height: int, width: int) -> nn.Module:
    """Make the network that a discriminator resembles."""
    places = -(-height // 8) * -(-width // 8)
    return nn.Sequential(
        *_convolution(channels, 32, 5, stride=2),
        *_convolution(32, 64, 3, stride=2),
        *_convolution(64, 128, 3),
        nn.MaxPool2d(2, ceil_mode=True),
        *_dense(128 * places),
    )


def pooled(channels: int, height: int, width: int) -> nn.Module:
    """Make the network that sees every phase of its input."""
    layers: list[nn.Module] = []
    for widened in (16, 32, 64):
        layers += [*_convolution(channels, widened, 3), *_convolution(widened, widened, 3)]
        layers.append(nn.MaxPool2d(2, ceil_mode=True))
        channels, height, width = widened, -(-height // 2), -(-width // 2)
    return nn.Sequential(*layers, *_dense(channels * height * width))


class Mixing(nn.Module):
    """Images `[N, C, H, W]` → 128 features, by mixing patches."""

    def __init__(self, channels: int, height: int, width: int) -> None:
        super().__init__()
        self.patches = nn.Conv2d(channels, TOKEN, PATCH, stride=PATCH)
        places = -(-height // PATCH) * -(-width // PATCH)
        self.blocks = nn.ModuleList(_Block(places) for _ in range(BLOCKS))
        self.features = nn.Sequential(nn.LayerNorm(TOKEN), nn.Linear(TOKEN, FEATURES), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        """Return the features `[N, 128]`."""
        x = pad(x, (0, -x.shape[3] % PATCH, 0, -x.shape[2] % PATCH), mode="replicate")
        tokens = self.patches(x).flatten(2).transpose(1, 2)
        for block in self.blocks:
            tokens = block(tokens)
        features: Tensor = self.features(tokens.mean(1))
        return features


class _Block(nn.Module):
    """Tokens `[N, P, 64]` → tokens: across the P places, then across the channels."""

    def __init__(self, places: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(TOKEN) for _ in range(2))
        self.across_places = nn.Sequential(nn.Linear(places, places), nn.GELU(), nn.Linear(places, places))
        self.across_channels = nn.Sequential(nn.Linear(TOKEN, 2 * TOKEN), nn.GELU(), nn.Linear(2 * TOKEN, TOKEN))

    def forward(self, tokens: Tensor) -> Tensor:
        """Mix twice."""
        tokens = tokens + self.across_places(self.norms[0](tokens).transpose(1, 2)).transpose(1, 2)
        mixed: Tensor = tokens + self.across_channels(self.norms[1](tokens))
        return mixed


def _convolution(channels: int, widened: int, side: int, *, stride: int = 1) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(channels, widened, side, stride=stride, padding=side // 2, bias=False)
    return convolution, nn.BatchNorm2d(widened), nn.ReLU()


def _dense(numbers: int) -> tuple[nn.Module, ...]:
    return nn.Flatten(), nn.Linear(numbers, FEATURES), nn.ReLU()


CLASSIFIERS: dict[str, Callable[[int, int, int], nn.Module]] = {"strided": strided, "pooled": pooled, "mixing": Mixing}
"""By name: channels, height, width → the network up to the features."""
