"""Every loss and penalty keeps the promises of its registry, and agrees with its formula."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from faussaire.models.losses import LOSSES
from faussaire.models.penalties import PENALTIES, penalise

REAL = torch.tensor([2.0, -0.5, 0.3])
FAKE = torch.tensor([-0.9, 0.4, 0.1])


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


FORMULAS = {
    "bce": (lambda r, f: -math.log(sigmoid(r)) - math.log(1 - sigmoid(f)), lambda r, f: -math.log(sigmoid(f))),
    "hinge": (lambda r, f: max(0, 1 - r) + max(0, 1 + f), lambda r, f: -f),
    "lsgan": (lambda r, f: 0.5 * (r - 1) ** 2 + 0.5 * f**2, lambda r, f: 0.5 * (f - 1) ** 2),
    "wasserstein": (lambda r, f: f - r, lambda r, f: -f),
    "relativistic": (lambda r, f: -math.log(sigmoid(r - f)), lambda r, f: -math.log(sigmoid(f - r))),
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_agrees_with_its_formula(name: str) -> None:
    for ours, formula in zip((LOSSES[name].discriminator, LOSSES[name].generator), FORMULAS[name], strict=True):
        expected = [formula(r, f) for r, f in zip(REAL.tolist(), FAKE.tolist(), strict=True)]
        torch.testing.assert_close(ours(REAL, FAKE), torch.tensor(expected))


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_stays_finite_at_large_logits(name: str) -> None:
    large = torch.tensor([1e4, -1e4])
    assert torch.isfinite(LOSSES[name].discriminator(large, -large)).all()
    assert torch.isfinite(LOSSES[name].generator(large, -large)).all()


@pytest.mark.parametrize("name", LOSSES)
def test_g_wants_its_fakes_judged_higher_and_d_lower(name: str) -> None:
    fake = FAKE.clone().requires_grad_(True)
    (of_G,) = torch.autograd.grad(LOSSES[name].generator(REAL, fake).sum(), fake)
    (of_D,) = torch.autograd.grad(LOSSES[name].discriminator(REAL, fake).sum(), fake)
    assert (of_G < 0).all()
    if name != "lsgan":  # least squares also pulls fakes up that lie below its target
        assert (of_D > 0).all()


@pytest.mark.parametrize("name", LOSSES)
def test_d_is_right_half_of_the_time_when_it_cannot_tell(name: str) -> None:
    generator = torch.Generator().manual_seed(0)
    # D's logits of reals and fakes alike are spread around where its loss leaves it undecided.
    middle = 0.5 if name == "lsgan" else 0.0
    real, fake = (middle + torch.randn(20_000, generator=generator) for _ in range(2))
    boundary = LOSSES[name].boundary(real, fake)
    accuracy = ((real > boundary).float().mean() + (fake < boundary).float().mean()) / 2
    assert abs(accuracy - 0.5) < 0.01


class Quadratic(nn.Module):
    """D(x) = sum of a·x²/2, whose gradient is a·x, for samples of any shape."""

    def __init__(self, a: float) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.tensor(a))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (self.a * x.square() / 2).flatten(1).sum(1)


@pytest.mark.parametrize("shape", [(2,), (3, 4), (1, 4, 4)])
@pytest.mark.parametrize("name", PENALTIES)
def test_a_penalty_agrees_with_its_formula_on_samples_of_any_shape(name: str, shape: tuple[int, ...]) -> None:
    D = Quadratic(3.0)
    generator = torch.Generator().manual_seed(0)
    real = torch.randn(5, *shape, generator=generator)  # the fakes, too, so that what lies between is the same point
    value = penalise([name], D, real, real, torch.rand(5, generator=generator))
    norm = 3.0 * real.flatten(1).norm(dim=1)
    expected = (norm - 1) ** 2 if name == "wgan_gp" else norm**2 / 2
    torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-5)
    value.sum().backward()
    assert D.a.grad is not None
    assert D.a.grad.abs() > 0


def test_penalties_in_one_pass_are_the_sum_of_each_alone() -> None:
    D = Quadratic(3.0)
    real, fake = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0)).unbind(0)
    together, *alone = (
        penalise(names, D, real, fake, torch.linspace(0, 1, 5))
        for names in (list(PENALTIES), *[[name] for name in PENALTIES])
    )
    torch.testing.assert_close(together, torch.stack(alone).sum(0))


def test_wgan_gp_has_a_finite_slope_at_a_flat_d() -> None:
    D = Quadratic(0.0)
    real = torch.ones(4, 2)
    penalise(["wgan_gp"], D, real, real, torch.rand(4, generator=torch.Generator().manual_seed(0))).sum().backward()
    assert torch.isfinite(D.a.grad)
