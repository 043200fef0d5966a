"""Randomness, schedules, statistics and batches: small pure parts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from faussaire.core.moments import Moments
from faussaire.core.rng import draw_places, generator_for, seed_for
from faussaire.data.batches import Batches
from faussaire.generation.latents import latents
from faussaire.training.pictures import GRID, grid_classes
from faussaire.training.schedules import SCHEDULES, ema_beta
from toy import IMAGE


@given(st.integers(0, 2**40), st.integers(0, 2**40))
def test_another_seed_stream_or_position_is_another_place(seed: int, nimg: int) -> None:
    places = {
        seed_for(seed, "D", nimg),
        seed_for(seed + 1, "D", nimg),
        seed_for(seed, "G", nimg),
        seed_for(seed, "D", nimg + 1),
        seed_for(seed, "D", nimg, 0),
    }
    assert len(places) == 5
    assert seed_for(seed, "D", nimg) == seed_for(seed, "D", nimg)


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 2**40))
def test_places_are_drawn_once_each_rising_and_all_where_there_are_no_more(count: int, n: int, seed: int) -> None:
    places = draw_places(count, n, seed=seed, stream="x").tolist()
    assert places == sorted(set(places))
    assert len(places) == min(n, count)
    assert set(places) <= set(range(count))


def test_every_place_is_drawn_equally_often_and_another_stream_draws_others() -> None:
    drawn = np.concatenate([draw_places(10, 3, seed=seed, stream="x") for seed in range(2000)])
    assert np.abs(np.bincount(drawn, minlength=10) - 600).max() < 4 * np.sqrt(2000 * 0.3 * 0.7)
    one, other = (draw_places(10**7, 100, seed=0, stream=stream) for stream in ("x", "y"))
    assert len({*one, *other}) > 190


def test_the_grid_shows_classes_in_turn_and_of_many_not_just_the_first() -> None:
    assert grid_classes(10, seed=0).tolist() == [i % 10 for i in range(GRID)]
    many = grid_classes(1000, seed=0).tolist()
    assert len(set(many)) == GRID
    assert max(many) > 900


def test_a_seed_is_the_same_for_ever() -> None:
    """Frozen from this implementation on 2026-11-23: old runs must resume as they began."""
    assert seed_for(0, "D", 0) == 8213345718182137708
    drawn = torch.randn(2, generator=generator_for(0, "D", 0), dtype=torch.float64)
    assert drawn.tolist() == pytest.approx([-0.1050573266037504, 0.15118796039434124])


def test_latents_are_normal() -> None:
    z = latents(20_000, 4, seed=0, stream="test")
    assert z.mean(0).abs().max() < 0.03
    assert (z.std(0) - 1).abs().max() < 0.03


@given(st.floats(0, 1), st.sampled_from(sorted(SCHEDULES)))
def test_a_schedule_stays_between_its_ends_and_begins_at_the_first(progress: float, name: str) -> None:
    value = SCHEDULES[name](progress, 1.0, 0.1)
    assert 0.1 - 1e-9 <= value <= 1.0 + 1e-9
    assert SCHEDULES[name](0.0, 1.0, 0.1) == pytest.approx(1.0)
    assert SCHEDULES[name](1.0, 1.0, 0.1) == pytest.approx(1.0 if name == "constant" else 0.1)


@given(st.integers(1, 10_000), st.floats(100, 1e7))
def test_half_of_an_average_is_gone_after_its_half_life(batch: int, half_life: float) -> None:
    assert ema_beta(batch, half_life) ** (half_life / batch) == pytest.approx(0.5)
    assert ema_beta(batch, 0.0) == 0.0


@given(st.lists(st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=9), min_size=1, max_size=9))
def test_moments_are_those_of_all_that_was_added(parts: list[list[float]]) -> None:
    moments = Moments()
    for part in parts:
        moments.add({"x": torch.tensor(part)})
    everything = np.concatenate([np.asarray(part, np.float32) for part in parts]).astype(np.float64)
    assert moments.any()
    read = moments.read()["x"]
    assert read["n"] == len(everything)
    assert read["mean"] == pytest.approx(everything.mean(), rel=1e-9, abs=1e-9)
    assert read["std"] == pytest.approx(everything.std(), rel=1e-6, abs=1e-6)
    assert not moments.any()


@given(st.integers(1, 30), st.integers(1, 70), st.integers(0, 3))
def test_every_image_is_seen_once_in_every_pass(count: int, batch_size: int, seed: int) -> None:
    batches = Batches(np.zeros((count, 1), np.uint8), to_real=IMAGE.to_real, batch_size=batch_size, seed=seed)
    seen = np.concatenate([batches.indices_at(nimg) for nimg in range(0, 4 * count, batch_size)])
    for epoch in range(3):
        assert sorted(seen[epoch * count : (epoch + 1) * count]) == list(range(count))


def test_a_batch_is_a_function_of_its_position_alone() -> None:
    images = np.arange(50, dtype=np.uint8)[:, None]
    forward, jumped = (Batches(images, to_real=IMAGE.to_real, batch_size=16, seed=3) for _ in range(2))
    for nimg in range(0, 160, 16):
        last = forward.indices_at(nimg)
    assert np.array_equal(jumped.indices_at(144), last)


def test_bytes_become_the_range_from_minus_1_to_1() -> None:
    assert IMAGE.to_real(np.array([0, 255], np.uint8)).tolist() == [-1.0, 1.0]
