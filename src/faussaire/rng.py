"""Randomness as a pure function of position, so that a resumed run draws what an uninterrupted one would have.

Nothing in faussaire reads or moves a global random state: each draw names its stream ("order", "step", "grid" …)
and its position (images seen, epoch, chunk), and gets a generator of its own, seeded by SHA-256 of all of them.
A generator costs about 20 µs, which is nothing beside a training step. The idea is that of NVlabs/edm2 (2024).
"""

from __future__ import annotations

import hashlib

import numpy as np
import torch


def seed_for(seed: int, stream: str, *position: int) -> int:
    """Return a 63-bit seed that depends on `seed`, the stream's name and the position, and on nothing else."""
    text = "\x1f".join([str(seed), stream, *map(str, position)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def generator_for(seed: int, stream: str, *position: int, device: torch.device | str = "cpu") -> torch.Generator:
    """Return the torch generator of one stream at one position."""
    return torch.Generator(device).manual_seed(seed_for(seed, stream, *position))


def numpy_generator_for(seed: int, stream: str, *position: int) -> np.random.Generator:
    """Return the NumPy generator of one stream at one position."""
    return np.random.default_rng(seed_for(seed, stream, *position))


def latents(count: int, z_dim: int, *, seed: int, stream: str, position: int = 0) -> torch.Tensor:
    """Draw z `[count, z_dim]` from the prior N(0, 1); another seed, stream or position gives another place of it."""
    return torch.randn(count, z_dim, generator=generator_for(seed, stream, position))


def with_classes(z: torch.Tensor, labels: torch.Tensor, num_classes: int) -> torch.Tensor:
    """Return what a conditional G takes, `[N, z_dim + num_classes]`: z, then a 1 at the place of the class."""
    return torch.cat([z, torch.nn.functional.one_hot(labels, num_classes).to(z.dtype)], dim=1)
