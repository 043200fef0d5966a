"""The Fréchet distance: closed forms, a reference implementation, invariances."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from faussaire.evaluation.metrics import missing_beside
from faussaire.evaluation.metrics.frechet import (
    frechet_distance,
    frechet_estimates,
    frechet_floor,
    frechet_from_moments,
    moments,
)

seeds = st.integers(0, 2**32 - 1)


def gaussian(seed: int, n: int, d: int) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_distance_of_diagonal_gaussians_is_the_closed_form() -> None:
    mean1, mean2 = torch.tensor([0.0, 1.0, -2.0]), torch.tensor([0.5, 1.0, 3.0])
    spread1, spread2 = torch.tensor([1.0, 2.0, 0.0]), torch.tensor([3.0, 0.5, 1.0])
    expected = float((mean1 - mean2).square().sum() + (spread1 - spread2).square().sum())
    found = frechet_from_moments(mean1, spread1.square().diag(), mean2, spread2.square().diag())
    assert found == pytest.approx(expected, rel=1e-12)


def test_distance_of_rotated_covariances_is_the_closed_form_in_two_dimensions() -> None:
    # For 2 x 2 matrices tr sqrt(A B) = sqrt(tr(A B) + 2 sqrt(det(A B))).
    a, b = torch.tensor([[2.0, 0.7], [0.7, 1.0]]).double(), torch.tensor([[1.0, -0.4], [-0.4, 3.0]]).double()
    root = ((a @ b).trace() + 2 * (a @ b).det().sqrt()).sqrt()
    zero = torch.zeros(2)
    expected = float(a.trace() + b.trace() - 2 * root)
    assert frechet_from_moments(zero, a, zero, b) == pytest.approx(expected, rel=1e-12)


def test_distance_agrees_with_the_reference_implementation() -> None:
    # pytorch-fid 0.3.0, fid_score.calculate_frechet_distance and np.cov, with scipy 1.17.1's sqrtm, numpy 2.4.6.
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(300, 8)), rng.normal(size=(250, 8)) * 1.3 + 0.2
    few_real, few_fake = rng.normal(size=(20, 32)), rng.normal(size=(15, 32)) + 0.5
    assert frechet_distance(torch.tensor(real), torch.tensor(fake)) == pytest.approx(1.4169516913675082, rel=1e-9)
    # Fewer samples than dimensions: the reference's root of a singular product is good to some 1e-7.
    found = frechet_distance(torch.tensor(few_real), torch.tensor(few_fake))
    assert found == pytest.approx(37.82162733948827, rel=1e-6)


@given(seeds, st.integers(5, 40), st.integers(1, 12))
@settings(max_examples=25, deadline=None)
def test_distance_is_symmetric_and_blind_to_order_and_rotation(seed: int, n: int, d: int) -> None:
    real, fake = gaussian(seed, n, d), gaussian(seed + 1, n + 3, d) * 1.5 + 0.3
    distance = frechet_distance(real, fake)
    rotation = torch.linalg.qr(gaussian(seed + 2, d, d)).Q
    assert distance >= -1e-9
    assert frechet_distance(fake, real) == pytest.approx(distance, rel=1e-6, abs=1e-6)
    assert frechet_distance(real.flip(0), fake) == pytest.approx(distance, rel=1e-6, abs=1e-6)
    assert frechet_distance(real @ rotation, fake @ rotation) == pytest.approx(distance, rel=1e-6, abs=1e-6)


@given(seeds, st.integers(5, 40), st.integers(1, 12))
@settings(max_examples=25, deadline=None)
def test_distance_of_a_set_to_itself_is_zero(seed: int, n: int, d: int) -> None:
    real = gaussian(seed, n, d)
    assert frechet_distance(real, real) == pytest.approx(0, abs=1e-6)


def test_extrapolated_distance_takes_the_bias_away() -> None:
    estimates = frechet_estimates(gaussian(0, 600, 32), gaussian(1, 600, 32))
    assert estimates.at_n.value > 0.5
    assert estimates.at_infinity is not None
    assert estimates.at_infinity.low < 0 < estimates.at_infinity.high
    assert abs(estimates.at_infinity.value) < 0.1 * estimates.at_n.value


def test_too_few_samples_are_not_extrapolated() -> None:
    estimates = frechet_estimates(gaussian(0, 60, 32), gaussian(1, 60, 32))
    assert estimates.at_infinity is None
    assert estimates.at_n.low < estimates.at_n.value < estimates.at_n.high


def test_floor_is_what_a_perfect_generator_gets_at_that_size() -> None:
    floor, size = frechet_floor(gaussian(0, 1000, 16), 400)
    perfect = frechet_distance(gaussian(1, 400, 16), gaussian(2, 400, 16))
    assert size == 400
    assert floor.low < perfect < floor.high
    assert frechet_floor(gaussian(0, 300, 16), 400)[1] == 150


@pytest.mark.parametrize(("n", "pool"), [(60, 2), (60, 6)])
def test_a_perfect_generator_beats_no_floor_by_more_than_its_interval(n: int, pool: int) -> None:
    """Features of five kinds, as of images; the perfect generator draws anew from where the reals came from."""
    kinds = 3 * gaussian(0, 5, 8)
    beaten = outside = 0
    for seed in range(200):
        rng = torch.Generator().manual_seed(seed)
        drawn = kinds[torch.randint(5, ((pool + 1) * n,), generator=rng)] + gaussian(1000 + seed, (pool + 1) * n, 8)
        reals, perfect = drawn[:-n], drawn[-n:]
        found, (floor, size) = frechet_distance(reals[:n], perfect), frechet_floor(reals, n)
        assert size == n
        beaten += found < floor.low
        outside += not floor.low <= found <= floor.high
    assert beaten <= 0.05 * 200
    assert outside <= 0.07 * 200


def test_same_features_give_the_same_estimates_to_the_bit() -> None:
    real, fake = gaussian(0, 200, 8), gaussian(1, 200, 8)
    torch.manual_seed(1)
    first = frechet_estimates(real, fake)
    torch.manual_seed(2)
    assert frechet_estimates(real, fake) == first


def test_constant_fakes_and_identical_sets_have_estimates() -> None:
    real = gaussian(0, 100, 4)
    assert frechet_estimates(real, torch.zeros(100, 4)).at_n.value > 3
    assert frechet_estimates(torch.ones(20, 4), torch.ones(20, 4)).at_n.value == pytest.approx(0, abs=1e-12)


def test_covariance_is_unbiased() -> None:
    features = gaussian(0, 7, 3)
    mean, cov = moments(features.float())
    assert mean.dtype == torch.float64
    assert torch.allclose(cov, features.float().double().T.cov())


@pytest.mark.parametrize("bad", [torch.zeros(3), torch.zeros(1, 3), torch.full((4, 3), torch.nan)])
def test_features_that_are_none_are_refused(bad: Tensor) -> None:
    with pytest.raises(ValueError, match=r"must be \[N, D\]|2 images or more|not finite"):
        frechet_distance(bad, torch.zeros(4, 3))


def test_different_dimensions_are_refused() -> None:
    with pytest.raises(ValueError, match="same dimension"):
        frechet_distance(torch.zeros(4, 3), torch.zeros(4, 2))


@pytest.mark.parametrize(
    ("figures", "note"),
    [
        (["frechet", "frechet-floor"], None),
        (["frechet", "frechet-infinity", "frechet-floor"], None),
        (["precision"], None),
        (["frechet", "frechet-infinity"], "x: no frechet-floor, as it takes twice .* frechet-infinity is 0 within"),
        (["frechet"], "x: no frechet-floor and no frechet-infinity, .* would get more than 0"),
    ],
)
def test_what_a_distance_without_its_floor_is_read_beside_is_said(figures: list[str], note: str | None) -> None:
    notes = missing_beside([*(("x", metric) for metric in figures), ("y", "frechet"), ("y", "frechet-floor")])
    assert len(notes) == (note is not None)
    assert note is None or re.match(note, notes[0])
