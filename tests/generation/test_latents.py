"""A seed gives the same latents with torch and without it."""

from __future__ import annotations

import numpy as np
import pytest

from faussaire.generation.latents import latents, latents_without_torch


@pytest.mark.parametrize(("count", "z_dim", "seed"), [(256, 64, 0), (256, 100, 2**62 + 7), (256, 1, 123456789)])
def test_latents_without_torch_are_those_of_torch(count: int, z_dim: int, seed: int) -> None:
    with_torch = latents(count, z_dim, seed=seed, stream="sample", position=3).numpy()
    without = latents_without_torch(count, z_dim, seed=seed, stream="sample", position=3)
    assert without.dtype == np.float32
    assert np.abs(with_torch - without).max() < 2e-6


def test_a_number_of_latents_that_torch_draws_in_another_order_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of 16"):
        latents_without_torch(3, 5, seed=0, stream="sample")
