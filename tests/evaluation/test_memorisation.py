"""The test for copies: who is called a copier, and who is not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from faussaire.core.intervals import wilson
from faussaire.evaluation.memorisation import Memorisation, _closest_tail, _mann_whitney, memorisation

D = 16


def images(seed: int, n: int) -> Tensor:
    """Five clusters with spreads that fall, as features have."""
    generator = torch.Generator().manual_seed(seed)
    cluster = torch.randint(0, 5, (n,), generator=generator).double()
    spread = torch.arange(1, D + 1).double().rsqrt() * 2
    return torch.randn(n, D, generator=generator, dtype=torch.float64) * spread + cluster[:, None]


def copies(train: Tensor, seed: int, n: int, noise: float) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    chosen = train[torch.randint(0, len(train), (n,), generator=generator)]
    return chosen + noise * torch.randn(n, D, generator=generator, dtype=torch.float64)


def judged(fake: Tensor) -> Memorisation:
    return memorisation(images(0, 500), images(1, 200), fake)


@pytest.mark.parametrize("noise", [0.0, 0.05, 0.2])
def test_a_generator_that_returns_training_images_is_a_copier(noise: float) -> None:
    found = judged(copies(images(0, 500), 2, 300, noise))
    assert found.is_copier
    assert found.p_value < 1e-3
    assert found.distance.nearer_than_held_out > 0.99


@pytest.mark.parametrize("share", [0.1, 0.2])
def test_a_generator_that_copies_now_and_then_is_a_copier(share: float) -> None:
    fake = images(3, 300)
    num_copies = int(share * len(fake))
    fake[:num_copies] = copies(images(0, 500), 4, num_copies, 0.05)
    found = judged(fake)
    assert found.is_copier
    assert {i for i, _, _ in found.pairs[: num_copies // 2]} <= set(range(num_copies))


def test_new_real_images_are_not_called_copies() -> None:
    trials = 100
    innocent = 0
    for trial in range(trials):
        found = memorisation(images(3 * trial, 300), images(3 * trial + 1, 120), images(3 * trial + 2, 200))
        assert not found.is_copier
        innocent += found.p_value > 0.05
    # p > 0.05 in 95 % of trials or more, but for the error of so few.
    assert wilson(innocent, trials, level=0.99).high >= 0.95
    assert innocent >= 90


def test_blurred_and_averaged_pictures_are_no_copies_though_they_are_near() -> None:
    fake = images(5, 300)
    found = judged(0.6 * fake + 0.4 * fake.mean(0))
    assert found.distance.p_value < 1e-3
    assert found.share.p_value > 1e-3
    assert not found.is_copier


def test_noise_is_no_copy() -> None:
    noise = 5 * torch.randn(300, D, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert judged(noise).p_value > 0.5


def test_pairs_name_the_twin() -> None:
    train = images(0, 500)
    found = judged(torch.cat([images(6, 50), train[123:124]]))
    assert found.pairs[0] == (50, 123, 0.0)
    assert list(found.pairs) == sorted(found.pairs, key=lambda pair: pair[2])


def test_images_in_every_set_convict_nobody() -> None:
    everything = images(0, 100)
    found = memorisation(everything, everything, everything)
    assert found.p_value > 0.4
    assert not found.is_copier


def test_mann_whitney_agrees_with_the_reference_implementation() -> None:
    # scipy 1.17.1, stats.mannwhitneyu(method="asymptotic", use_continuity=False), with ties; and stats.betabinom.sf.
    rng = np.random.default_rng(0)
    rng.normal(size=300 * 8 + 250 * 8 + 20 * 32 + 15 * 32)  # drawn for the other references before
    fake = torch.tensor(np.round(rng.exponential(size=60), 1))
    real = torch.tensor(np.round(rng.exponential(size=45) + 0.1, 1))
    chance, z_score = _mann_whitney(fake, real)
    assert chance == pytest.approx(1 - 1121.5 / 2700, rel=1e-12)
    assert torch.special.ndtr(torch.tensor(-z_score).double()).item() == pytest.approx(0.06920930295158224, rel=1e-6)
    assert _closest_tail(7, num_fake=200, num_real=100, rank=3) == pytest.approx(0.37439733294899824, rel=1e-6)


def test_of_few_held_out_images_a_copier_is_told_by_the_scale_of_augmented_ones() -> None:
    train, held_out = images(0, 45), images(1, 5)
    augmented = copies(train, 2, 400, 0.3)
    found = memorisation(train, held_out, copies(train, 3, 500, 0.1), augmented=augmented)
    assert found.is_copier
    assert found.as_near == 1.0
    new = memorisation(train, held_out, images(4, 500), augmented=augmented)
    assert not new.is_copier
    assert new.as_near is not None
    assert new.as_near < 0.05


def test_nearer_than_a_few_new_images_and_yet_not_near_is_no_copy() -> None:
    train = images(0, 45)
    far = copies(train, 3, 500, 0.2)
    found = memorisation(train, images(1, 5), far, augmented=copies(train, 2, 400, 0.1))
    assert found.p_value < 0.001
    assert not found.is_copier
