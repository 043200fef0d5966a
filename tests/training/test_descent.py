"""A step of Adam is torch's own, whoever calls the kernel."""

from __future__ import annotations

import copy

import torch

from faussaire.core.config import resolve
from faussaire.runs.checkpoint import adam
from faussaire.training.descent import descend


def test_it_descends_as_torch_does_from_the_first_step_on_and_from_a_loaded_state() -> None:
    random = torch.Generator().manual_seed(0)
    config = resolve(None, {"data": "noise"})
    ours = torch.nn.Linear(5, 3)
    theirs = copy.deepcopy(ours)
    optimizers = [adam(module, config) for module in (ours, theirs)]
    for turn in range(4):
        for optimizer in optimizers:
            optimizer.param_groups[0]["lr"] = 0.1 / (1 + turn)
            if turn == 2:  # what a run does that goes on: every tensor of the optimizer is another one
                optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))
        for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            mine.grad = torch.randn(mine.shape, generator=random)
            other.grad = mine.grad.clone()
        descend(optimizers[0])
        optimizers[1].step()
    assert all(map(torch.equal, ours.parameters(), theirs.parameters()))
    made, expected = (optimizer.state_dict()["state"] for optimizer in optimizers)
    assert all(torch.equal(made[index][name], slot) for index in expected for name, slot in expected[index].items())
