"""What D and G minimise, and the penalties that keep D smooth.

A loss is two functions of logits `[N]`, the raw output of D: one for D, one for G, each giving `[N]`. A penalty is
one function giving `[N]`, to be multiplied by `gamma`. Nothing here knows what a sample is: gradients are flattened.

R1 and R2 read the gradient of the logits already computed for the loss, so they cost a second derivative but no
forward pass; the whole batch of both costs 2.5 times a plain step of D on a CPU, hence `penalty_every`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus


@dataclass(frozen=True, kw_only=True)
class Loss:
    """One game between D and G."""

    description: str
    discriminator: Callable[[Tensor, Tensor], Tensor]
    """(real_logits [N], fake_logits [N]) -> [N], which D minimises."""

    generator: Callable[[Tensor, Tensor], Tensor]
    """(real_logits [N], fake_logits [N]) -> [N], which G minimises."""

    boundary: Callable[[Tensor, Tensor], Tensor]
    """(real_logits [N], fake_logits [N]) -> []: above it D says REAL. At chance D is right half of the time."""

    critic: bool = False
    """D is a critic: its slope teaches G, so that it may be far ahead without harm."""


def midpoint(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Return the point half-way between the two means: for losses that leave D's origin free to drift."""
    return (real_logits.mean() + fake_logits.mean()) / 2


def constant_boundary(value: float) -> Callable[[Tensor, Tensor], Tensor]:
    """Return a boundary that is the same for every batch."""
    return lambda real_logits, fake_logits: real_logits.new_tensor(value)


LOSSES: dict[str, Loss] = {
    "bce": Loss(
        description="binary cross-entropy, non-saturating (Goodfellow et al. 2014, arXiv 1406.2661, section 3)",
        # softplus(-x) = -log sigmoid(x), softplus(x) = -log(1 - sigmoid(x))
        discriminator=lambda real, fake: softplus(-real) + softplus(fake),
        generator=lambda real, fake: softplus(-fake),
        boundary=constant_boundary(0.0),
    ),
    "hinge": Loss(
        description="hinge (Lim and Ye 2017, arXiv 1705.02894; Miyato et al. 2018, arXiv 1802.05957, eq. 16)",
        discriminator=lambda real, fake: relu(1 - real) + relu(1 + fake),
        generator=lambda real, fake: -fake,
        boundary=constant_boundary(0.0),
    ),
    "lsgan": Loss(
        description="least squares towards 1 and 0 (Mao et al. 2017, arXiv 1611.04076, eq. 9)",
        discriminator=lambda real, fake: 0.5 * (real - 1).square() + 0.5 * fake.square(),
        generator=lambda real, fake: 0.5 * (fake - 1).square(),
        boundary=constant_boundary(0.5),
    ),
    "wasserstein": Loss(
        description="Wasserstein critic (Arjovsky et al. 2017, arXiv 1701.07875, eq. 2); wants wgan_gp",
        discriminator=lambda real, fake: fake - real,
        generator=lambda real, fake: -fake,
        boundary=midpoint,
        critic=True,
    ),
    "relativistic": Loss(
        description="relativistic pairing (Jolicoeur-Martineau 2018, arXiv 1807.00734; R3GAN, arXiv 2501.05441)",
        discriminator=lambda real, fake: softplus(fake - real),
        generator=lambda real, fake: softplus(real - fake),
        boundary=midpoint,
    ),
}


Judge = Callable[[Tensor], Tensor]
"""D as a penalty sees it: samples [N, *shape] -> logits [N]."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One batch that D has judged; `real` and `fake` require gradients."""

    D: Judge
    real: Tensor
    fake: Tensor
    real_logits: Tensor
    fake_logits: Tensor
    generator: torch.Generator


def squared_gradient(logits: Tensor, samples: Tensor) -> Tensor:
    """Return the squared norm `[N]` of each logit's gradient to its own sample, itself differentiable."""
    (gradient,) = torch.autograd.grad(logits.sum(), samples, create_graph=True)
    return gradient.flatten(1).square().sum(1)


def r1(judged: Judged) -> Tensor:
    """Return half the squared gradient at the reals (Mescheder et al. 2018, arXiv 1801.04406, eq. 9)."""
    return 0.5 * squared_gradient(judged.real_logits, judged.real)


def r2(judged: Judged) -> Tensor:
    """Return half the squared gradient at the fakes (Mescheder et al. 2018, arXiv 1801.04406, eq. 10)."""
    return 0.5 * squared_gradient(judged.fake_logits, judged.fake)


def wgan_gp(judged: Judged) -> Tensor:
    """Return (|gradient| - 1)² between reals and fakes (Gulrajani et al. 2017, arXiv 1704.00028, eq. 3)."""
    real, fake = judged.real.detach(), judged.fake.detach()
    shape = (len(real),) + (1,) * (real.dim() - 1)
    share = torch.rand(shape, generator=judged.generator, device=real.device)
    between = (real + share * (fake - real)).requires_grad_(True)
    # sqrt has no finite slope at 0: the small number keeps a flat D from giving NaN.
    return ((squared_gradient(judged.D(between), between) + 1e-12).sqrt() - 1).square()


PENALTIES: dict[str, Callable[[Judged], Tensor]] = {"r1": r1, "r2": r2, "wgan_gp": wgan_gp}
