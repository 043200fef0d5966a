"""Latents: the random numbers that samples are made of, as many of them as `z_dim` says."""

from __future__ import annotations

import torch
from torch import Tensor

from faussaire.core.rng import generator_for


def latents(count: int, z_dim: int, *, seed: int, stream: str, position: int = 0) -> Tensor:
    """Draw z `[count, z_dim]` from the prior N(0, 1); another seed, stream or position gives another place of it."""
    return torch.randn(count, z_dim, generator=generator_for(seed, stream, position))
