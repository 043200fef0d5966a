"""The pair for piano rolls: G goes on learning, however sure it has become."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from faussaire.models.architectures import build_generator
from toy import music_spec

Z = torch.randn(8, 6, generator=torch.Generator().manual_seed(0))


def generator(*, single: bool, sure: float) -> torch.nn.Module:
    """One whose votes are `sure` times as large as at first."""
    G = build_generator("roll", music_spec(2, 24, single=single), z_dim=6, seed=0, width=1)
    with torch.no_grad():
        for layer in [G.key, *G.heads]:
            for parameter in layer.parameters():
                parameter.mul_(sure)
    return G.train()


def slope(G: torch.nn.Module) -> tuple[Tensor, Tensor]:
    """What G makes, and the gradient that reaches its first layer from a D that likes some notes and others not."""
    rolls = G(Z)
    taste = torch.randn(rolls.shape, generator=torch.Generator().manual_seed(1))
    (gradient,) = torch.autograd.grad((taste * rolls).sum(), G.dense.weight)
    return rolls, gradient


@pytest.mark.parametrize("single", [True, False])
def test_a_generator_beyond_doubt_makes_the_same_notes_and_still_has_a_gradient(single: bool) -> None:
    (notes, before), (same, after) = (slope(generator(single=single, sure=sure)) for sure in (1.0, 1e7))
    assert torch.equal(notes, same)
    assert after.norm() > 0.05 * before.norm()


@pytest.mark.parametrize("single", [True, False])
def test_votes_of_usual_size_are_left_as_they_are(single: bool) -> None:
    G = generator(single=single, sure=1.0)
    votes = torch.randn(3, 2, 24, 64, generator=torch.Generator().manual_seed(2))
    assert (G.margin(votes) > 0).all()
    torch.testing.assert_close(G.margin(10 * votes), 10 * G.margin(votes))
    on = G.neurons(votes) > 0.5
    best = votes == votes.amax(2, keepdim=True)
    assert torch.equal(on, (votes > 0) & best if single else votes > 0)
