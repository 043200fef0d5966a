"""Penalties: what keeps D smooth.

A penalty looks at the slope of D at some points and gives `[N]`, to be multiplied by `gamma`. Nothing here knows what
a sample is: gradients are flattened. The second derivative of a whole batch costs 1.5 plain steps of D on a CPU, hence
`penalty_every` and `penalty_one_in`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Penalty:
    """Where D's slope is looked at, and what it costs."""

    description: str
    at: Callable[[Tensor, Tensor, Tensor], Tensor]
    """(real [N, *shape], fake [N, *shape], shares [N] drawn evenly from 0 to 1) -> points [N, *shape]."""

    of: Callable[[Tensor], Tensor]
    """Squared norm of D's gradient at each point [N] -> [N], which D minimises."""


def half(squares: Tensor) -> Tensor:
    """Return half of each."""
    return 0.5 * squares


def distance_to_one(squares: Tensor) -> Tensor:
    """Return (norm - 1)² of squared norms."""
    # sqrt has no finite slope at 0: the small number keeps a flat D from giving NaN.
    return ((squares + 1e-12).sqrt() - 1).square()


def between(real: Tensor, fake: Tensor, shares: Tensor) -> Tensor:
    """Return a point of the straight line between each real and its fake."""
    return real + shares.view(-1, *[1] * (real.dim() - 1)) * (fake - real)


PENALTIES: dict[str, Penalty] = {
    "r1": Penalty(
        description="half the squared gradient at the reals (Mescheder et al. 2018, arXiv 1801.04406, eq. 9)",
        at=lambda real, fake, shares: real,
        of=half,
    ),
    "r2": Penalty(
        description="half the squared gradient at the fakes (Mescheder et al. 2018, arXiv 1801.04406, eq. 10)",
        at=lambda real, fake, shares: fake,
        of=half,
    ),
    "wgan_gp": Penalty(
        description="(|gradient| - 1)² between reals and fakes (Gulrajani et al. 2017, arXiv 1704.00028, eq. 3)",
        at=between,
        of=distance_to_one,
    ),
}


def penalise(names: Sequence[str], D: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, shares: Tensor) -> Tensor:
    """Return the sum `[N]` of the penalties `names` on reals and fakes `[N, *shape]`, all by one pass of D.

    `shares` `[N]` in [0, 1) say where between the two a penalty of that kind looks.
    `D` gets the points of all of them in one batch, `[len(names) · N, *shape]`, and gives as many logits.
    """
    points = torch.cat([PENALTIES[name].at(real, fake, shares) for name in names]).requires_grad_(True)
    squares = squared_gradient(D(points), points).chunk(len(names))
    return torch.stack([PENALTIES[name].of(here) for name, here in zip(names, squares, strict=True)]).sum(0)


def squared_gradient(logits: Tensor, samples: Tensor) -> Tensor:
    """Return the squared norm `[N]` of each logit's gradient to its own sample, itself differentiable."""
    (gradient,) = torch.autograd.grad(logits.sum(), samples, create_graph=True)
    return gradient.flatten(1).square().sum(1)
