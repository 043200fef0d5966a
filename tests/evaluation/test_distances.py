"""The kernel distance and diversity."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from faussaire.evaluation.metrics.diversity import diversity
from faussaire.evaluation.metrics.kernel import kernel_distance

seeds = st.integers(0, 2**32 - 1)


def gaussian(seed: int, n: int, d: int) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def reference_sets() -> tuple[Tensor, Tensor]:
    rng = np.random.default_rng(0)
    return torch.tensor(rng.normal(size=(300, 8))), torch.tensor(rng.normal(size=(250, 8)) * 1.3 + 0.2)


def test_kernel_distance_agrees_with_the_reference_implementation() -> None:
    # sklearn 1.9.1 metrics.pairwise.polynomial_kernel(degree=3, gamma=1/D, coef0=1), unbiased sum over all pairs.
    assert kernel_distance(*reference_sets()).value == pytest.approx(0.47228868288325243, rel=1e-10)


def test_diversity_agrees_with_the_reference_implementation() -> None:
    # scipy 1.17.1, spatial.distance.pdist.
    assert diversity(*reference_sets()).value == pytest.approx(1.289679382494064, rel=1e-10)


def test_kernel_distance_covers_the_closed_form_of_gaussians() -> None:
    # In one dimension E k = sum_j binom(3, j) E[x^j] E[y^j], so MMD^2 = sum_j binom(3, j) (m_j - m'_j)^2.
    shift, spread = 0.5, 1.2
    expected = 3 * shift**2 + 3 * (1 - shift**2 - spread**2) ** 2 + (shift**3 + 3 * shift * spread**2) ** 2
    estimate = kernel_distance(gaussian(0, 4000, 1), gaussian(1, 4000, 1) * spread + shift)
    assert estimate.low < expected < estimate.high
    assert estimate.value == pytest.approx(expected, rel=0.15)


@given(seeds, st.integers(4, 30), st.integers(1, 10))
@settings(max_examples=25, deadline=None)
def test_kernel_distance_is_symmetric_and_blind_to_order_and_rotation(seed: int, n: int, d: int) -> None:
    real, fake = gaussian(seed, n, d), gaussian(seed + 1, n + 2, d) + 0.5
    rotation = torch.linalg.qr(gaussian(seed + 2, d, d)).Q
    first = kernel_distance(real, fake)
    for second in (
        kernel_distance(fake, real),
        kernel_distance(real.flip(0), fake),
        kernel_distance(real @ rotation, fake @ rotation),
    ):
        assert second.value == pytest.approx(first.value, rel=1e-8, abs=1e-8)
        assert second.high == pytest.approx(first.high, rel=1e-6, abs=1e-6)


@given(seeds, st.integers(3, 30), st.integers(1, 10))
@settings(max_examples=25, deadline=None)
def test_diversity_of_a_set_beside_itself_is_one(seed: int, n: int, d: int) -> None:
    real = gaussian(seed, n, d)
    assert diversity(real, real).value == pytest.approx(1)
    assert diversity(real, real * 0.5).value == pytest.approx(0.5)


def test_kernel_distance_of_a_set_to_itself_is_not_above_zero() -> None:
    real = gaussian(0, 50, 4)
    assert kernel_distance(real, real).value <= 0


def test_collapse_to_one_point_is_no_diversity_at_all() -> None:
    estimate = diversity(gaussian(0, 50, 4), torch.zeros(50, 4))
    assert estimate.value == pytest.approx(0, abs=1e-7)


def test_diversity_has_no_unit_where_the_reals_are_alike() -> None:
    with pytest.raises(ValueError, match="no unit"):
        diversity(torch.zeros(5, 2), gaussian(0, 5, 2))


def test_different_dimensions_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        kernel_distance(torch.zeros(5, 2), torch.zeros(5, 3))
