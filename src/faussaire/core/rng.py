"""Randomness as a pure function of position, so that a resumed run draws what an uninterrupted one would have.

Nothing in faussaire reads or moves a global random state: each draw names its stream ("order", "step", "grid" …)
and its position (images seen, epoch, chunk), and gets a generator of its own, seeded by SHA-256 of all of them.
A generator costs about 20 µs, which is nothing beside a training step. The idea is that of NVlabs/edm2 (2024).

torch is imported where it is used: reading data needs random numbers, and not the seconds that torch takes to come.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def seed_for(seed: int, stream: str, *position: int) -> int:
    """Return a 63-bit seed that depends on `seed`, the stream's name and the position, and on nothing else."""
    text = "\x1f".join([str(seed), stream, *map(str, position)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def generator_for(seed: int, stream: str, *position: int) -> torch.Generator:
    """Return the torch generator of one stream at one position; every device is given the same."""
    import torch

    return torch.Generator().manual_seed(seed_for(seed, stream, *position))


def numpy_generator_for(seed: int, stream: str, *position: int) -> np.random.Generator:
    """Return the NumPy generator of one stream at one position."""
    return np.random.default_rng(seed_for(seed, stream, *position))


def draw_places(count: int, n: int, *, seed: int, stream: str) -> np.ndarray:
    """Draw `n` of the places 0 … count - 1, int64 and rising (a file is then read in one direction); all if no more.

    What stands for a whole is drawn like this, never taken from its beginning: that may be all of one class.
    """
    if n >= count:
        return np.arange(count)
    return np.sort(numpy_generator_for(seed, stream).choice(count, n, replace=False, shuffle=False))
