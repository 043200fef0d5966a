"""Latents: the random numbers that samples are made of, as many of them as `z_dim` says.

A seed gives the same latents wherever a generator runs. torch draws them here as it always did; where there is no
torch, `latents_without_torch` draws the same to 2e-6, and so does the page that `faussaire export --to page` writes.
All three are the Mersenne Twister (Matsumoto and Nishimura 1998) and the transform of Box and Muller (1958), in
torch's order: sixteen uniform numbers of 24 bits become sixteen normal ones, the first eight radii, the others angles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from faussaire.core.rng import generator_for, seed_for

if TYPE_CHECKING:
    from torch import Tensor

GROUP = 16  # numbers that torch.randn makes together


def latents(count: int, z_dim: int, *, seed: int, stream: str, position: int = 0) -> Tensor:
    """Draw z `[count, z_dim]` from the prior N(0, 1); another seed, stream or position gives another place of it."""
    import torch

    return torch.randn(count, z_dim, generator=generator_for(seed, stream, position))


def latents_without_torch(count: int, z_dim: int, *, seed: int, stream: str, position: int = 0) -> np.ndarray:
    """Draw what `latents` draws, float32 `[count, z_dim]`, to 2e-6, with NumPy alone.

    Raises:
        ValueError: `count · z_dim` is no multiple of 16; torch draws the rest in another order.
    """
    total = count * z_dim
    if total % GROUP:
        raise ValueError(f"{count} latents of {z_dim} numbers are no multiple of {GROUP}")
    words = _twister(seed_for(seed, stream, position)).random_raw(total)
    uniform = ((words & 0xFFFFFF) / (1 << 24)).reshape(-1, 2, GROUP // 2)
    radius, angle = np.sqrt(-2 * np.log1p(-uniform[:, 0])), 2 * np.pi * uniform[:, 1]
    normal = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return normal.reshape(count, z_dim).astype(np.float32)


def _twister(seed: int) -> np.random.MT19937:
    """Return the Mersenne Twister as torch seeds it: by the lowest 32 bits of a seed."""
    word, key = seed & 0xFFFFFFFF, np.empty(624, np.uint32)
    for index in range(624):
        key[index] = word
        word = (1812433253 * (word ^ (word >> 30)) + index + 1) & 0xFFFFFFFF
    bits = np.random.MT19937()
    bits.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": 624}}
    return bits
