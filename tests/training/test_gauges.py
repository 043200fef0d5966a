"""The figures of one moment of a training, and whether their intervals hold the truth."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from faussaire.core.rng import generator_for
from faussaire.training.gauges import LEAST_JUDGED, batch_diversity, measure_overfitting, overfitting
from faussaire.training.trainer import Trainer
from toy import toy_trainer

REPETITIONS = 400


def test_diversity_is_the_ratio_of_the_mean_standard_deviations() -> None:
    real = torch.randn(50, 3, 4, 4, generator=generator_for(0, "real"))
    fake = torch.randn(40, 3, 4, 4, generator=generator_for(0, "fake"))
    expected = float(fake.std(0).mean() / real.std(0).mean())
    assert batch_diversity(fake, real).value == pytest.approx(expected, rel=1e-5)


def test_the_jackknife_of_diversity_is_the_one_done_by_hand() -> None:
    real, fake = (torch.randn(9, 5, generator=generator_for(0, name)) for name in ("real", "fake"))

    def spread(x: torch.Tensor) -> tuple[float, float]:
        without = torch.stack([torch.cat([x[:i], x[i + 1 :]]).std(0).mean() for i in range(len(x))])
        return float(x.std(0).mean()), float((without - without.mean()).square().sum() * (len(x) - 1) / len(x))

    (above, of_above), (below, of_below) = spread(fake), spread(real)
    expected = 1.959964 * math.sqrt(of_above / below**2 + above**2 * of_below / below**4)
    found = batch_diversity(fake, real)
    assert found.high - found.value == pytest.approx(expected, rel=1e-4)


def test_the_interval_of_diversity_holds_the_truth_as_often_as_it_says() -> None:
    held = 0
    for i in range(REPETITIONS):  # samples that vary together, as images do: bright or dark as a whole
        random = generator_for(1, "diversity", i)
        x = torch.randn(2, 64, 20, generator=random) * torch.randn(2, 64, 1, generator=random).abs()
        estimate = batch_diversity(0.6 * x[0], x[1])
        held += estimate.low <= 0.6 <= estimate.high
    assert 0.91 <= held / REPETITIONS <= 0.98


def test_the_interval_of_r_v_holds_the_truth_as_often_as_it_says() -> None:
    held = 0
    for i in range(REPETITIONS):
        seen, new, fake = torch.randn(3, 128, generator=generator_for(2, "r_v", i))
        estimate = overfitting(seen + 2, new + 1.5, fake)
        assert estimate is not None
        held += estimate.low <= 0.25 <= estimate.high
    assert 0.91 <= held / REPETITIONS <= 0.98


def test_the_interval_of_r_v_holds_the_truth_where_few_are_held_out() -> None:
    held = 0
    for i in range(REPETITIONS):
        seen, new, fake = torch.randn(3, 256, generator=generator_for(3, "r_v", i))
        estimate = overfitting(seen + 2, new[:6] + 1.5, fake)
        assert estimate is not None
        held += estimate.low <= 0.25 <= estimate.high
    assert 0.93 <= held / REPETITIONS <= 0.98  # 0.90 by a normal quantile


def test_r_v_is_not_defined_where_fakes_look_more_real_than_reals() -> None:
    assert overfitting(torch.zeros(4), torch.zeros(4), torch.ones(4)) is None


def test_r_v_is_not_defined_of_a_single_new_sample() -> None:
    assert overfitting(torch.ones(4), torch.ones(1), torch.zeros(4)) is None


def test_r_v_is_0_for_new_samples_of_the_same_kind_and_1_for_fakes(tmp_path: Path) -> None:
    trainer: Trainer = toy_trainer(tmp_path / "run", kimg=10)
    for _ in range(60):
        trainer.step()
    samples = torch.from_numpy(trainer.batches.samples)
    with torch.no_grad():
        logits = trainer.state.D(samples)
    # As D likes them, as a folder might be sorted: the first of them would stand for nothing but themselves.
    trainer.batches.samples = samples[logits.argsort()].numpy()
    of_seen = measure_overfitting(trainer, samples)
    assert of_seen.r_v is not None
    assert of_seen.r_v.value == pytest.approx(0.0, abs=1e-6)
    assert of_seen.accuracy_held_out == of_seen.accuracy_seen > 0.5
    intervals = [found for each in samples.split(400) if (found := measure_overfitting(trainer, each).r_v) is not None]
    assert len(intervals) == 5
    assert sum(found.low < 0 < found.high for found in intervals) >= 4  # of a hundred, 95 % would hold it
    with torch.no_grad():
        fake = trainer.state.G(torch.randn(400, 8, generator=torch.Generator().manual_seed(0)))
    of_fake = measure_overfitting(trainer, fake)
    assert of_fake.r_v is not None
    assert of_fake.r_v.value > 0.7
    assert of_fake.accuracy_held_out < 0.5 < of_fake.accuracy_seen  # it does not take them for real
    assert of_fake.n_held_out == of_fake.n_seen == 400
    assert measure_overfitting(trainer, fake[:6]).n_seen == LEAST_JUDGED
    assert trainer.state.D.training
