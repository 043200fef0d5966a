"""Distributions of points in the plane: the smallest data from which a GAN can be watched."""

from __future__ import annotations

import math

import torch
from torch import Tensor

RADIUS, SPREAD = 2.0, 0.08


def ring(n: int, random: torch.Generator, *, modes: int = 8) -> Tensor:
    """Draw n points `[n, 2]` from Gaussians that stand on a ring."""
    angle = 2 * math.pi / modes * torch.randint(modes, (n,), generator=random)
    centres = RADIUS * torch.stack([angle.cos(), angle.sin()], dim=1)
    return centres + SPREAD * torch.randn(n, 2, generator=random)


def drawing(text: str, n: int, random: torch.Generator) -> Tensor:
    """Draw n points `[n, 2]` from a picture made of letters: where there is a sign that is no blank, there are points.

    Raises:
        ValueError: the picture is empty.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    cells = [(x, y) for y, line in enumerate(lines) for x, sign in enumerate(line) if not sign.isspace()]
    if not cells:
        raise ValueError("the picture is empty: write some signs, such as #")
    places = torch.tensor(cells, dtype=torch.float32)
    middle = (places.amax(0) + places.amin(0)) / 2
    size = (places.amax(0) - places.amin(0)).max().clamp(min=1)
    chosen = places[torch.randint(len(places), (n,), generator=random)] + torch.rand(n, 2, generator=random) - 0.5
    return (chosen - middle) * torch.tensor([1.0, -1.0]) * (2 * RADIUS / size)


def modes_found(points: Tensor, *, modes: int = 8, share: float = 0.02) -> int:
    """Count the Gaussians of `ring` that at least that share of the points `[n, 2]` lies near (6 deviations)."""
    angle = 2 * math.pi / modes * torch.arange(modes)
    centres = RADIUS * torch.stack([angle.cos(), angle.sin()], dim=1)
    distance, nearest = torch.cdist(points, centres).min(1)
    counts = torch.bincount(nearest[distance < 6 * SPREAD], minlength=modes)
    return int((counts >= share * len(points)).sum())
