"""Our answers to the exercises: a notebook goes on with these where the reader's own is not right yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy, binary_cross_entropy_with_logits

from faussaire.data.dataset import Dataset


def bce(logits: Tensor, target: float) -> Tensor:
    """Return the mean binary cross-entropy of logits against one label for all: 1 for REAL, 0 for FAKE."""
    return binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def bce_of(probabilities: Tensor, target: float) -> Tensor:
    """Return the same of probabilities, of a D that ends in a sigmoid."""
    return binary_cross_entropy(probabilities, torch.full_like(probabilities, target))


def descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """Move the parameters of the optimizer one step down the slope of the loss."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def step_1(G: nn.Module, D: nn.Module, opt_D: torch.optim.Optimizer, real: Tensor, z: Tensor) -> Tensor:
    """Make D better at telling real from fake; G stays as it is."""
    fake = G(z).detach()
    loss = bce(D(real), 1.0) + bce(D(fake), 0.0)
    descend(opt_D, loss)
    return loss.detach()


def step_2(G: nn.Module, D: nn.Module, opt_G: torch.optim.Optimizer, z: Tensor) -> Tensor:
    """Make G better at being taken for real; D stays as it is."""
    D.requires_grad_(False)
    loss = bce(D(G(z)), 1.0)
    descend(opt_G, loss)
    D.requires_grad_(True)
    return loss.detach()


def step_1_by_probability(G: nn.Module, D: nn.Module, opt_D: torch.optim.Optimizer, real: Tensor, z: Tensor) -> Tensor:
    """Take step 1 with a D that ends in a sigmoid."""
    fake = G(z).detach()
    loss = bce_of(D(real), 1.0) + bce_of(D(fake), 0.0)
    descend(opt_D, loss)
    return loss.detach()


def step_2_by_probability(G: nn.Module, D: nn.Module, opt_G: torch.optim.Optimizer, z: Tensor) -> Tensor:
    """Take step 2 with a D that ends in a sigmoid."""
    D.requires_grad_(False)
    loss = bce_of(D(G(z)), 1.0)
    descend(opt_G, loss)
    D.requires_grad_(True)
    return loss.detach()


@torch.no_grad()
def shares_right(D: nn.Module, real: Tensor, fake: Tensor) -> tuple[float, float]:
    """Return how often D, which gives logits, is right on real and on fake."""
    return (D(real) > 0).float().mean().item(), (D(fake) < 0).float().mean().item()


def new_generator() -> nn.Module:
    """Make a G from latents of 100 numbers up to images of 28×28."""
    return nn.Sequential(
        *(nn.Linear(100, 64 * 7 * 7), nn.Unflatten(1, (64, 7, 7)), nn.BatchNorm2d(64), nn.ReLU()),
        *(nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1), nn.BatchNorm2d(32), nn.ReLU()),
        *(nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1), nn.Tanh()),
    )


def only(images: np.ndarray, labels: np.ndarray, wanted: int) -> np.ndarray:
    """Return the images of one class."""
    return images[labels == wanted]


def between(a: Tensor, b: Tensor, n: int) -> Tensor:
    """Return latents `[n, z_dim]` on the straight way from a to b."""
    return torch.lerp(a, b, torch.linspace(0, 1, n)[:, None])


def first_named(data: Dataset, n: int) -> tuple[np.ndarray, list[str]]:
    """Return n images, and the name of the class of each."""
    return data.images[:n], [data.spec.classes[label] for label in data.labels[:n]]


def nearest(fakes: Tensor, reals: Tensor) -> Tensor:
    """Return the place of the real `[m, ...]` that is nearest to each fake `[n, ...]`."""
    return torch.cdist(fakes.flatten(1), reals.flatten(1)).argmin(1)


def penalty(D: nn.Module, real: Tensor) -> Tensor:
    """Return the mean squared length of D's slope at real samples (R1: Mescheder et al. 2018, arXiv 1801.04406)."""
    points = real.requires_grad_(True)
    (slope,) = torch.autograd.grad(D(points).sum(), points, create_graph=True)
    return slope.flatten(1).square().sum(1).mean()


def vary(settings: dict[str, Any]) -> dict[str, Any]:
    """Mend a mode collapse: smaller steps, and a D with a gentle slope."""
    return {**settings, "lr": 6e-3, "penalties": ["r1", "r2"]}


def weaken(settings: dict[str, Any]) -> dict[str, Any]:
    """Mend a D that is far ahead: one step of each network, and a D with a gentle slope."""
    return {**settings, "lr": 1e-3, "d_steps": 1, "penalties": ["r1", "r2"]}


def new_share(lines: Sequence[str], known: Sequence[str]) -> float:
    """Return the share of the lines that are not among the known."""
    seen = set(known)
    return sum(line not in seen for line in lines) / len(lines)
