"""Precision, recall, density and coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from faussaire.evaluation import neighbours
from faussaire.evaluation.metrics.density_coverage import density_coverage
from faussaire.evaluation.metrics.precision_recall import precision_recall
from faussaire.evaluation.neighbours import balls, distance_chunks, nearest

seeds = st.integers(0, 2**32 - 1)


def gaussian(seed: int, n: int, d: int) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def all_four(real: Tensor, fake: Tensor, k: int) -> list[float]:
    return [e.value for e in (*precision_recall(real, fake, k=k), *density_coverage(real, fake, k=k))]


@pytest.mark.parametrize(
    ("k", "expected"),
    [
        # prdc 0.2 (Naeem et al.), compute_prdc, with sklearn 1.9.1.
        (3, [0.596, 0.9566666666666667, 0.49066666666666664, 0.5866666666666667]),
        (5, [0.704, 0.98, 0.4912, 0.74]),
    ],
)
def test_the_four_agree_with_the_reference_implementation(k: int, expected: list[float]) -> None:
    rng = np.random.default_rng(0)
    real, fake = torch.tensor(rng.normal(size=(300, 8))), torch.tensor(rng.normal(size=(250, 8)) * 1.3 + 0.2)
    assert all_four(real, fake, k) == pytest.approx(expected, rel=1e-12)


def test_a_perfect_generator_has_the_expected_density_and_coverage() -> None:
    # Naeem et al. 2020, section 3.3: E density = 1 and E coverage = 1 - prod (N - i) / (M + N - i), whatever the law.
    n, m, k = 120, 80, 5
    pairs = [density_coverage(gaussian(2 * i, n, 3), gaussian(2 * i + 1, m, 3), k=k) for i in range(60)]
    expected = 1 - math.prod((n - i) / (m + n - i) for i in range(1, k + 1))
    for values, truth in zip(np.array([[e.value for e in pair] for pair in pairs]).T, (1.0, expected), strict=True):
        assert abs(values.mean() - truth) < 4 * values.std() / len(pairs) ** 0.5


@given(seeds, st.integers(12, 40), st.integers(1, 6))
@settings(max_examples=20, deadline=None)
def test_the_four_are_in_range_and_blind_to_order_and_rotation(seed: int, n: int, d: int) -> None:
    real, fake = gaussian(seed, n, d), gaussian(seed + 1, n + 1, d) + 0.4
    four = all_four(real, fake, 3)
    rotation = torch.linalg.qr(gaussian(seed + 2, d, d)).Q
    assert four[2] >= 0
    assert all(0 <= figure <= 1 for figure in (four[0], four[1], four[3]))
    assert all_four(real.flip(0), fake.flip(0), 3) == pytest.approx(four)
    assert all_four(real @ rotation, fake @ rotation, 3) == pytest.approx(four)


@given(seeds, st.integers(12, 40), st.integers(1, 6))
@settings(max_examples=20, deadline=None)
def test_a_set_covers_itself(seed: int, n: int, d: int) -> None:
    real = gaussian(seed, n, d)
    precision, recall, density, coverage = all_four(real, real, 3)
    assert (precision, recall, coverage) == (1, 1, 1)
    assert density >= 1


def test_sets_far_apart_have_nothing_in_common() -> None:
    assert all_four(gaussian(0, 40, 3), gaussian(1, 40, 3) + 1000, 3) == [0, 0, 0, 0]


def test_recall_is_precision_with_the_roles_changed() -> None:
    real, fake = gaussian(0, 60, 3), gaussian(1, 50, 3) + 0.5
    precision, recall = precision_recall(real, fake)
    assert [e.value for e in precision_recall(fake, real)] == [recall.value, precision.value]


def test_chunks_do_not_change_the_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    real, fake = gaussian(0, 60, 3), gaussian(1, 50, 3) + 0.5
    whole = [*precision_recall(real, fake), *density_coverage(real, fake)]
    monkeypatch.setattr(neighbours, "_CHUNK_ENTRIES", 7 * 60)
    assert [*precision_recall(real, fake), *density_coverage(real, fake)] == whole


def test_distances_do_not_cancel_where_features_have_a_large_mean() -> None:
    real = gaussian(0, 30, 4)
    found = torch.cat([d for _, d in distance_chunks(real + 1e6, real + 1e6 + 1)])
    assert torch.allclose(found, torch.cdist(real, real + 1), atol=1e-6)


def test_nearest_finds_a_copy_at_no_distance_at_all() -> None:
    train = gaussian(0, 50, 8) + 100
    distance, index = nearest(train[[7, 3]], train)
    assert distance.tolist() == [0, 0]
    assert index.tolist() == [7, 3]
    assert bool((nearest(train)[0] > 0).all())


def test_balls_in_a_half_reach_to_its_own_neighbours() -> None:
    real = gaussian(0, 80, 3)
    kept = torch.rand(80, generator=torch.Generator().manual_seed(1)) < 0.5
    around = balls(real, k=3).radius_among(kept)[kept]
    assert torch.allclose(around, balls(real[kept], k=3).radius)


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="it takes 8 images or more"):
        precision_recall(gaussian(0, 7, 2), gaussian(1, 20, 2), k=3)
    with pytest.raises(ValueError, match="k must be"):
        balls(gaussian(0, 7, 2), k=0)
