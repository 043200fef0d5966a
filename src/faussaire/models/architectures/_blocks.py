"""What the networks are made of beyond torch's own layers, and how they are initialised and frozen."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from faussaire.core.devices import META, device_of
from faussaire.core.errors import ConfigError
from faussaire.modalities import SampleSpec

BatchNorm = (nn.BatchNorm1d, nn.BatchNorm2d)
SLOPE = 0.2  # of a LeakyReLU
GAIN = math.sqrt(2 / (1 + SLOPE**2))  # keeps the variance through a LeakyReLU of that slope
KERAS_EPS = 1e-3  # Keras divides by sqrt(variance + 0.001)


@runtime_checkable
class Network(Protocol):
    """A G or a D: a torch module that can fill every one of its parameters from one generator."""

    per_sample: bool
    """Whether each sample's way through it is its own: no statistics of the batch, no dropout."""

    def initialise(self, generator: torch.Generator) -> None:
        """Draw every parameter anew."""


class Dropout(nn.Module):
    """Dropout whose mask comes from a given generator, so that a resumed run drops what the first would have.

    Inverted dropout (Srivastava et al. 2014): what is kept is divided by the chance to be kept.
    """

    def __init__(self, drop: float) -> None:
        super().__init__()
        self.drop = drop
        self.generator: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Zero a share `drop` of `x` in training; leave it alone in evaluation."""
        if not self.training or self.drop == 0:
            return x
        if self.generator is None:
            raise RuntimeError("a Dropout layer was used in training before `seed_dropout`")
        keep = 1.0 - self.drop
        return x * torch.empty_like(x).bernoulli_(keep, generator=self.generator).div_(keep)


def seed_dropout(module: nn.Module, generator: torch.Generator) -> None:
    """Let every Dropout of a module draw its masks from `generator` until told otherwise, or from one of its seed on
    the device of the module: there are too many to be drawn elsewhere.
    """
    if module.per_sample:
        return  # it has none, and to look for them at every step takes time
    layers = [layer for layer in module.modules() if isinstance(layer, Dropout)]
    device = device_of(module)
    if layers and device not in (META, generator.device):
        generator = torch.Generator(device).manual_seed(generator.initial_seed())
    for layer in layers:
        layer.generator = generator


@contextmanager
def statistics_frozen(module: nn.Module) -> Iterator[None]:
    """Normalise by the statistics of the batch, as in training, but leave the running averages untouched."""
    layers = [] if module.per_sample else [layer for layer in module.modules() if isinstance(layer, BatchNorm)]
    for layer in layers:
        layer.track_running_stats = False
    try:
        yield
    finally:
        for layer in layers:
            layer.track_running_stats = True


def with_classes(z: Tensor, labels: Tensor | None, num_classes: int) -> Tensor:
    """Return `[N, z_dim + num_classes]`: z, then a 1 at the place of its class; z itself where there are no classes.

    Raises:
        ValueError: there are classes, and no labels.
    """
    if num_classes == 0:
        return z
    if labels is None:
        raise ValueError("a conditional G needs the class of each sample")
    return torch.cat([z, one_hot(labels, num_classes).to(z.dtype)], dim=1)


def class_logits(logits: Tensor, labels: Tensor | None) -> Tensor:
    """Return one logit `[N]` of `[N, K]`: that of the class in `labels` `[N]`; without, of the class D likes best."""
    if labels is not None:
        return logits.gather(1, labels[:, None]).squeeze(1)
    return logits.squeeze(1) if logits.shape[1] == 1 else logits.amax(1)


def pixel_norm(x: Tensor) -> Tensor:
    """Scale the channels at each place of `[N, C, H, W]` to a mean square of 1 (Karras 2018, arXiv 1710.10196)."""
    return x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-6)


def glorot(module: nn.Module, generator: torch.Generator) -> None:
    """Initialise as Keras does: weights uniform by Glorot and Bengio 2010 (eq. 16), biases 0, scales 1."""
    for layer in module.modules():
        if isinstance(layer, BatchNorm):
            layer.reset_parameters()
        elif isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.xavier_uniform_(layer.weight, generator=generator)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def kaiming(layer: nn.Linear | nn.Conv1d | nn.Conv2d, generator: torch.Generator, *, gain: float = 1.0) -> None:
    """Draw weights from N(0, gain² / fan_in) (He et al. 2015, arXiv 1502.01852, eq. 10) and zero the bias."""
    fan_in = layer.weight[0].numel()
    nn.init.normal_(layer.weight, std=gain / math.sqrt(fan_in), generator=generator)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


@torch.no_grad()
def alike_in_fours(conv: nn.Conv2d) -> None:
    """Give the four channels that a pixel shuffle lays side by side the same weights: at first it repeats pixels.

    Drawn one by one they start as a texture of two pixels' period, which training takes long to remove (ICNR: Aitken
    et al. 2017, arXiv 1707.02937).
    """
    conv.weight.copy_(conv.weight[::4].repeat_interleave(4, 0))


def stages(resolution: int, *, smallest: int = 8) -> tuple[int, int]:
    """Return (base, num_doublings) with base · 2^num_doublings = resolution, at least two doublings.

    28 gives (7, 2), 32 (8, 2), 64 (8, 3), 96 (6, 4), 100 (25, 2).

    Raises:
        ConfigError: the resolution is not a multiple of 4, or under 8.
    """
    if resolution < 8 or resolution % 4:
        below = max(8, resolution // 4 * 4)
        nearest = f"{below} or {below + 4}" if resolution > 8 else "8"
        raise ConfigError(
            f"this architecture makes images whose side is a multiple of 4 and at least 8, not {resolution}: "
            f"--resolution {nearest}, or --architecture dense"
        )
    base, num_doublings = resolution, 0
    while base % 2 == 0 and (num_doublings < 2 or base > smallest):
        base, num_doublings = base // 2, num_doublings + 1
    return base, num_doublings


def check_stages(spec: SampleSpec) -> None:
    """Raise ConfigError for an image whose side cannot be halved twice."""
    stages(spec.shape[1])
