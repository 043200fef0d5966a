"""Where to pull: the directions in latent space along which samples vary most."""

from __future__ import annotations

import torch
from torch import Tensor

from faussaire.generation.generator import Generator
from faussaire.generation.latents import latents

NUM_DIRECTIONS = 6
SAMPLES = 512
BATCH = 64


def directions(generator: Generator) -> Tensor:
    """Return the unit directions `[6, z_dim]` in latent space along which samples vary most, at right angles.

    They are where the latents of 512 samples must move so that the samples follow the principal components of their
    pixels (in the spirit of Härkönen et al. 2020, arXiv 2004.02546, which takes inner layers). A conditional generator
    is asked for its first class.
    """
    z = latents(SAMPLES, generator.z_dim, seed=0, stream="directions")
    label = torch.zeros(BATCH, dtype=torch.int64) if generator.class_shares else None
    samples = torch.cat([generator(part, label).flatten(1) for part in torch.split(z, BATCH)])
    centred = samples - samples.mean(0)
    _, vectors = torch.linalg.eigh(centred @ centred.T)  # [512, 512], whatever the number of pixels; ascending
    count = min(NUM_DIRECTIONS, generator.z_dim)
    found, _ = torch.linalg.qr(z.T @ vectors[:, -count:].flip(1))
    sign = found.gather(0, found.abs().argmax(0, keepdim=True)).sign()  # an eigenvector has none of its own
    signed: Tensor = found * sign
    return signed.T
