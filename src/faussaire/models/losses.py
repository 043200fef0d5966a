"""What D and G minimise.

A loss is two functions of logits `[N]`, the raw output of D: one for D, one for G, each giving `[N]`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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
