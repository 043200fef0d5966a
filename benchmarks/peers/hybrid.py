"""A small GAN of dense layers and few convolutions: what a good afternoon's search finds, as a peer that never changes.

    python benchmarks/peers/hybrid.py IMAGES.npy --minutes 3 --out SAMPLES.npy [--seed 0] [--size XS]

G takes z through two dense layers to a map of a quarter of the side, doubles it twice by pixel shuffles (a convolution
1×1 before the first, 3×3 before the second, a residual one of 3×3 between them), with group normalisation before each
activation, and ends in tanh. D has two convolutions 4×4 with a stride of 2 and two dense layers. Losses of pairs
(Jolicoeur-Martineau 2018, arXiv 1807.00734), R1 and R2 of gamma 0.5 at one step in eight and eight times as heavy;
Adam at 4e-3 without momentum, falling as the root of the time that is left to a tenth; the samples are of an average
of G whose half-life is a twentieth of the images seen so far, and never more than 20 thousand. Imports nothing of
faussaire, and no change of the package may change it.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from _protocol import BATCH_SIZE, Clock, Reals, Trained, parser, play
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, pixel_shuffle, softplus

SLOPE, GROUPS = 0.2, 8
RATE, RATE_LEFT = 4e-3, 0.1
GAMMA, PENALISED_ONE_IN = 0.5, 8
HALF_LIFE_SHARE, HALF_LIFE_MOST = 0.05, 20_000


@dataclass(frozen=True, kw_only=True)
class Size:
    """How wide everything is."""

    z_dim: int
    hidden: int
    """Of the dense layer after z."""

    map: int
    """Channels of G's first map; half as many after it."""

    stride: int
    """Channels of D's first convolution; twice as many of its second."""

    judged: int
    """Of D's dense layer."""


SIZES = {
    "XS": Size(z_dim=32, hidden=128, map=32, stride=12, judged=64),
    "S": Size(z_dim=32, hidden=256, map=64, stride=16, judged=128),
    "M": Size(z_dim=64, hidden=512, map=64, stride=32, judged=256),
}


class Generator(nn.Module):
    """z `[N, Z]` → images `[N, C, S, S]` in [-1, 1]."""

    def __init__(self, channels: int, side: int, size: Size) -> None:
        super().__init__()
        wide, narrow, self.side = size.map, size.map // 2, side // 4
        self.from_z = nn.Linear(size.z_dim, size.hidden)
        self.to_map = nn.Linear(size.hidden, wide * self.side**2)
        self.norm_map, self.norm_half, self.norm_mixed = (nn.GroupNorm(GROUPS, n) for n in (wide, narrow, narrow))
        self.to_half = nn.Conv2d(wide, 4 * narrow, 1)
        self.mixed = nn.Conv2d(narrow, narrow, 3, padding=1)
        self.to_image = nn.Conv2d(narrow, 4 * channels, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        """Make an image of each latent."""
        flat = self.to_map(leaky_relu(self.from_z(z), SLOPE))
        first = leaky_relu(self.norm_map(flat.view(len(z), -1, self.side, self.side)), SLOPE)
        half = leaky_relu(self.norm_half(pixel_shuffle(self.to_half(first), 2)), SLOPE)
        half = leaky_relu(self.norm_mixed(half + self.mixed(half)), SLOPE)
        return pixel_shuffle(self.to_image(half), 2).tanh()


class Discriminator(nn.Module):
    """Images `[N, C, S, S]` → logits `[N]`."""

    def __init__(self, channels: int, side: int, size: Size) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, size.stride, 4, stride=2, padding=1)
        self.second = nn.Conv2d(size.stride, 2 * size.stride, 4, stride=2, padding=1)
        self.dense = nn.Linear(2 * size.stride * (side // 4) ** 2, size.judged)
        self.logit = nn.Linear(size.judged, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Judge each image."""
        x = leaky_relu(self.second(leaky_relu(self.first(x), SLOPE)), SLOPE)
        logits: Tensor = self.logit(leaky_relu(self.dense(x.flatten(1)), SLOPE)).squeeze(1)
        return logits


def steepness(logits: Tensor, images: Tensor) -> Tensor:
    """Return the squared gradient of each logit by its image, `[N]`."""
    (slope,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return slope.flatten(1).square().sum(1)


class Game:
    """Two networks, their optimizers, and the average of G."""

    def __init__(self, channels: int, side: int, size: Size, random: torch.Generator) -> None:
        self.size, self.random = size, random
        self.G, self.D = Generator(channels, side, size), Discriminator(channels, side, size)
        self.average = copy.deepcopy(self.G).requires_grad_(False)
        self.adam_G, self.adam_D = (
            torch.optim.Adam(net.parameters(), lr=RATE, betas=(0.0, 0.99)) for net in (self.G, self.D)
        )

    def latents(self, n: int) -> Tensor:
        """Draw latents `[n, Z]`."""
        return torch.randn(n, self.size.z_dim, generator=self.random)

    def teach_D(self, real: Tensor, *, penalised: bool) -> Tensor:
        """Let D tell real from fake; return its logits of the reals."""
        with torch.no_grad():
            fake = self.G(self.latents(BATCH_SIZE))
        both = torch.cat([real, fake]).requires_grad_(penalised)
        logits = self.D(both)
        of_real, of_fake = logits.chunk(2)
        loss = softplus(of_fake - of_real).mean()
        if penalised:
            # The images of a batch do not meet in D: one gradient holds those of the reals and of the fakes.
            loss = loss + PENALISED_ONE_IN * GAMMA * steepness(logits, both).mean()
        self.adam_D.zero_grad()
        loss.backward()
        self.adam_D.step()
        return of_real.detach()

    def teach_G(self, of_real: Tensor) -> None:
        """Let G be taken for real."""
        self.D.requires_grad_(False)
        loss = softplus(of_real - self.D(self.G(self.latents(BATCH_SIZE)))).mean()
        self.adam_G.zero_grad()
        loss.backward()
        self.adam_G.step()
        self.D.requires_grad_(True)

    @torch.no_grad()
    def take_average(self, nimg: int) -> None:
        """Move the average towards G."""
        moved = 1 - 0.5 ** (BATCH_SIZE / min(HALF_LIFE_SHARE * nimg, HALF_LIFE_MOST))
        for kept, now in zip(self.average.parameters(), self.G.parameters(), strict=True):
            kept.lerp_(now, moved)


def train(images: np.ndarray, minutes: float, random: torch.Generator, size: Size) -> Trained:
    """Play until the time is over."""
    game = Game(images.shape[1], images.shape[2], size, random)
    reals, steps, clock = Reals(images, random), 0, Clock(minutes)
    while (done := clock.done()) < 1:
        for adam in (game.adam_G, game.adam_D):
            adam.param_groups[0]["lr"] = RATE * (RATE_LEFT + (1 - RATE_LEFT) * (1 - done) ** 0.5)
        of_real = game.teach_D(reals.batch(), penalised=steps % PENALISED_ONE_IN == 0)
        game.teach_G(of_real)
        steps += 1
        game.take_average(steps * BATCH_SIZE)
    nimg, seconds = steps * BATCH_SIZE, clock.seconds()
    return Trained(sample=lambda n: game.average(game.latents(n)), nimg=nimg, seconds=seconds)


def main() -> None:
    """Train once."""
    arguments = parser(__doc__)
    arguments.add_argument("--size", choices=SIZES, default="XS")
    options = arguments.parse_args()
    torch.manual_seed(options.seed)  # of the weights, as the layers draw them
    torch.set_flush_denormal(True)
    play(options, lambda *given: train(*given, SIZES[options.size]), multiple=4)


if __name__ == "__main__":
    main()
