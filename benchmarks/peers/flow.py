"""A peer of another kind, which many would take today instead of a GAN: flow matching by a small U-Net.

    python benchmarks/peers/flow.py IMAGES.npy --minutes 3 --out SAMPLES.npy [--seed 0] [--width 32] [--steps 10]

The network learns the velocity, from noise at time 0 to an image at time 1 along a straight line, by least squares
(Lipman et al. 2022, arXiv 2210.02747, eq. 23 with no noise at the end). It works on the pixels folded two by two, at
two scales; times are drawn more often in the middle (Esser et al. 2024, arXiv 2403.03206, section 3.1); AdamW at 2e-3
along a cosine, bf16, gradients cut to a norm of 1, samples of an average of the weights. A sample takes `steps` steps
of Heun's method, and each but the last two passes of the network, where a GAN takes one in all. Imports nothing of
faussaire, and no change of the package may change it.
"""

from __future__ import annotations

import copy
import math
from contextlib import AbstractContextManager
from itertools import pairwise

import numpy as np
import torch
from _protocol import BATCH_SIZE, Clock, Reals, Trained, parser, play
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, mse_loss, pixel_shuffle, pixel_unshuffle, silu

RATE, RATE_LEFT, WARM_UP_STEPS = 2e-3, 1e-6, 100
AVERAGED_MOST = 0.999
WAVES, FASTEST = 16, 1000.0
GROUPS = 8


class Block(nn.Module):
    """Maps `[N, I, H, W]` → `[N, O, H, W]` at times embedded as `[N, T]`: two convolutions beside a short cut."""

    def __init__(self, channels: int, widened: int, time_dim: int) -> None:
        super().__init__()
        self.norm_in, self.norm_out = nn.GroupNorm(GROUPS, channels), nn.GroupNorm(GROUPS, widened)
        self.first = nn.Conv2d(channels, widened, 3, padding=1)
        self.second = nn.Conv2d(widened, widened, 3, padding=1)
        self.modulation = nn.Linear(time_dim, 2 * widened)
        self.short_cut = nn.Identity() if channels == widened else nn.Conv2d(channels, widened, 1)
        for start in self.second.parameters():  # begins as its short cut
            nn.init.zeros_(start)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """Add what the two convolutions find."""
        gain, bias = self.modulation(time)[:, :, None, None].chunk(2, dim=1)
        inner = self.norm_out(self.first(silu(self.norm_in(x))))
        found: Tensor = self.short_cut(x) + self.second(silu(inner * (1 + gain) + bias))
        return found


class Velocity(nn.Module):
    """Points `[N, C, S, S]` at times `[N]` → velocities `[N, C, S, S]`."""

    frequencies: Tensor

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        time_dim = 4 * width
        self.register_buffer("frequencies", torch.logspace(0, math.log10(FASTEST), WAVES))
        self.embedding = nn.Sequential(
            nn.Linear(2 * WAVES, time_dim), nn.SiLU(), nn.Linear(time_dim, time_dim), nn.SiLU()
        )
        self.enter = nn.Conv2d(4 * channels, width, 3, padding=1)
        self.fine_down = Block(width, width, time_dim)
        self.coarse_down = Block(width, 2 * width, time_dim)
        self.middle = Block(2 * width, 2 * width, time_dim)
        self.coarse_up = Block(4 * width, 2 * width, time_dim)
        self.fine_up = Block(3 * width, width, time_dim)
        self.norm = nn.GroupNorm(GROUPS, width)
        self.leave = nn.Conv2d(width, 4 * channels, 3, padding=1)
        nn.init.zeros_(self.leave.weight)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """Say where each point is going."""
        angles = time.unsqueeze(1) * self.frequencies
        embedded = self.embedding(torch.cat([angles.sin(), angles.cos()], dim=1))
        fine = self.fine_down(self.enter(pixel_unshuffle(x, 2)), embedded)
        coarse = self.coarse_down(avg_pool2d(fine, 2), embedded)
        deep = self.middle(coarse, embedded)
        deep = self.coarse_up(torch.cat([deep, coarse], dim=1), embedded)
        last = self.fine_up(torch.cat([interpolate(deep, scale_factor=2), fine], dim=1), embedded)
        return pixel_shuffle(self.leave(silu(self.norm(last))), 2)


def in_bf16() -> AbstractContextManager[object]:
    """Multiply in bf16."""
    return torch.autocast("cpu", torch.bfloat16)


def rate(step: int, done: float) -> float:
    """Return the learning rate."""
    return RATE * min(1.0, step / WARM_UP_STEPS) * (1 + math.cos(math.pi * done)) / 2 + RATE_LEFT


def integrate(network: nn.Module, x: Tensor, steps: int) -> Tensor:
    """Follow the velocity from noise `[N, C, S, S]` to images, by Heun's method; Euler's at the end."""
    times = torch.linspace(0, 1, steps + 1)
    for i, (now, then) in enumerate(pairwise(times)):
        here = network(x, now.expand(len(x))).float()
        reached = x + (then - now) * here
        if i < steps - 1:
            there = network(reached, then.expand(len(x))).float()
            reached = x + (then - now) * (here + there) / 2
        x = reached
    return x


def train(images: np.ndarray, minutes: float, random: torch.Generator, *, width: int, sampling_steps: int) -> Trained:
    """Learn until the time is over."""
    channels, side = images.shape[1:3]
    network = Velocity(channels, width)
    average = copy.deepcopy(network).requires_grad_(False)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, betas=(0.9, 0.99), weight_decay=0.0)
    reals, steps, clock = Reals(images, random), 0, Clock(minutes)
    while (done := clock.done()) < 1:
        optimizer.param_groups[0]["lr"] = rate(steps, done)
        real = reals.batch()
        noise = torch.randn(real.shape, generator=random)
        time = torch.randn(BATCH_SIZE, generator=random).sigmoid()
        share = time[:, None, None, None]
        with in_bf16():
            velocity = network(noise + share * (real - noise), time)
        optimizer.zero_grad()
        mse_loss(velocity.float(), real - noise).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        steps += 1
        moved = 1 - min(AVERAGED_MOST, (1 + steps) / (10 + steps))
        with torch.no_grad():
            for kept, now in zip(average.parameters(), network.parameters(), strict=True):
                kept.lerp_(now, moved)
    seconds = clock.seconds()

    def sample(n: int) -> Tensor:
        with in_bf16():
            return integrate(average, torch.randn(n, channels, side, side, generator=random), sampling_steps)

    return Trained(sample=sample, nimg=steps * BATCH_SIZE, seconds=seconds)


def main() -> None:
    """Train once."""
    arguments = parser(__doc__)
    arguments.add_argument("--width", type=int, default=32, help="channels at the finer scale, a multiple of 8")
    arguments.add_argument("--steps", type=int, default=10, help="of Heun's method for a sample")
    options = arguments.parse_args()
    torch.manual_seed(options.seed)  # of the weights, as the layers draw them
    play(options, lambda *given: train(*given, width=options.width, sampling_steps=options.steps), multiple=4)


if __name__ == "__main__":
    main()
