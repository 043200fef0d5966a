"""Our answers to the exercises: a notebook goes on with these where the reader's own is not right yet."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy, binary_cross_entropy_with_logits


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
