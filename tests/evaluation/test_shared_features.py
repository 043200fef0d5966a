"""Samples are made by several processes as by one: each makes its pieces, and every one gets all features."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn

from faussaire.core.world import World
from faussaire.evaluation.extractors.values import ValuesExtractor
from faussaire.evaluation.features import fake_features, in_pieces
from faussaire.generation.generator import Generator
from toy import image_spec


class Part(World):
    """A process that gets nothing of the others."""

    def gather(self, rows: Tensor, counts: Sequence[int]) -> Tensor:
        assert len(rows) == counts[self.rank]
        return rows


class Flat(nn.Module):
    """Latents as pictures."""

    def forward(self, z: Tensor) -> Tensor:
        return z.view(len(z), 1, 2, 2).clamp(-1, 1)


@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize("count", [1000, 1024])
def test_what_each_makes_is_together_what_one_makes(count: int, size: int) -> None:
    generator = Generator(Flat(), image_spec(2, 1), z_dim=4, name="flat", nimg=0)

    def features(world: World) -> Tensor:
        found, _ = fake_features(generator, {"values": ValuesExtractor()}, count, 0, lambda *_: None, world)
        return found["values"]

    assert torch.equal(torch.cat([features(Part(rank, size)) for rank in range(size)]), features(World()))


@pytest.mark.parametrize("size", [1, 2, 5])
def test_pieces_are_shared_in_order_and_the_last_may_be_short(size: int) -> None:
    def rows(pieces: Sequence[int]) -> Tensor:
        return torch.tensor([row for piece in pieces for row in range(4 * piece, min(10, 4 * piece + 4))])

    made = torch.cat([in_pieces(rows, 10, 4, Part(rank, size)) for rank in range(size)])
    assert made.tolist() == list(range(10))
