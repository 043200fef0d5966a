"""What D hears sounds through: moved in time alone, with gaps, differentiable."""

from __future__ import annotations

import torch

from faussaire.models.augment import apply, draw

SHAPE = (1, 64, 64)


def drawn(name: str, n: int = 200) -> tuple[torch.Tensor, torch.Tensor]:
    """Return noise, and what an augmentation that always fires makes of it."""
    generator = torch.Generator().manual_seed(0)
    spectra = torch.rand(n, *SHAPE, generator=generator) * 1.8 - 0.9
    return spectra, apply(spectra, draw((name,), n, SHAPE, 1.0, generator))


def test_a_shift_moves_columns_and_leaves_bands_where_they_are() -> None:
    spectra, moved = drawn("shift")
    for before, after in zip(spectra, moved, strict=True):
        (shift,) = [s for s in range(-8, 9) if torch.equal(after[..., 20:40], before[..., 20 - s : 40 - s])]
        assert -8 <= shift <= 8


def test_gaps_are_at_most_a_quarter_of_the_bands_and_of_the_columns() -> None:
    spectra, holed = drawn("gaps")
    filled = (holed == 0) & (spectra != 0)
    bands, columns = filled.all(3).sum(2), filled.all(2).sum(2)
    assert int(bands.max()) == int(columns.max()) == 16
    assert int(bands.min()) == int(columns.min()) == 0
    assert torch.equal(holed[~filled], spectra[~filled])


def test_gradients_pass_what_is_heard_and_not_the_gaps() -> None:
    spectra = torch.zeros(4, *SHAPE, requires_grad=True)
    draws = draw(("gaps",), 4, SHAPE, 1.0, torch.Generator().manual_seed(1))
    (slopes,) = torch.autograd.grad(apply(spectra + 1, draws).sum(), spectra)
    assert set(slopes.unique().tolist()) == {0.0, 1.0}
