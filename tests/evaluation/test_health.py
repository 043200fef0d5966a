"""Verdicts in words, each from the figure that it quotes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from faussaire.evaluation.health import FLAT_SCORES, PATIENCE, SWINGS, judge, judge_scores
from faussaire.training.gauges import measure_overfitting
from faussaire.training.trainer import Trainer
from toy import toy_trainer


def report(**changes: float | None) -> dict[str, float | None]:
    fine = {"loss_D": 0.6, "loss_G": 0.9, "accuracy_real": 0.7, "accuracy_fake": 0.66, "diversity": 0.9, "r_v": 0.1}
    halves = {"diversity_half": 0.05, "r_v_half": 0.11, "loss_D_half": 0.01, "loss_G_half": 0.02}
    return {**fine, **halves, "n": 800, "progress": 0.1, "lr": 2e-3, **changes}


@pytest.mark.parametrize(
    ("changes", "name", "figure"),
    [
        ({}, "learning", "68 % [66, 70] of the time"),
        ({"diversity": 0.02}, "collapsed", "0.02 ± 0.05"),
        ({"accuracy_real": 0.99, "accuracy_fake": 0.995}, "D far ahead", "99 % [98, 99]"),
        ({"accuracy_real": 1.0, "accuracy_fake": 1.0}, "D far ahead", "at least 100 % [100, 100]"),
        ({"r_v": 0.8}, "overfitting", "0.8 ± 0.11"),
        ({"diversity": 40.0}, "diverging", "40 ± 0.05"),
        ({"loss_D": 3.5e4, "loss_G": 20.0}, "diverging", "3.5e+04 ± 0.01"),
        ({"accuracy_real": 0.0, "accuracy_fake": 0.02}, "D far behind", "at most 2 % [1, 3]"),
        ({"loss_G": None}, "not finite", "loss of G"),
        ({"diversity": None}, "not finite", "diversity"),
    ],
)
def test_each_verdict_quotes_its_figure(changes: dict, name: str, figure: str) -> None:
    verdict = judge([report(**changes)] * PATIENCE)
    assert verdict.name == name
    assert figure in verdict.text


def test_an_accuracy_that_swings_to_and_fro_is_called_oscillating_and_one_that_drifts_is_not() -> None:
    swinging = [report(accuracy_real=0.9 if i % 2 else 0.3, accuracy_fake=0.9 if i % 2 else 0.3) for i in range(SWINGS)]
    drifting = [report(accuracy_real=0.95 - 0.04 * i, accuracy_fake=0.95 - 0.04 * i) for i in range(SWINGS)]
    assert judge(swinging).name == "oscillating"
    assert "30 % [28, 32] and 90 % [88, 91]" in judge(swinging).text
    assert judge(drifting).name == "learning"


def test_scores_whose_intervals_overlap_are_called_converged() -> None:
    flat = [(5.0 + 0.1 * i, 4.5 + 0.1 * i, 5.5 + 0.1 * i) for i in range(FLAT_SCORES)]
    falling = [(5.0 - i, 4.8 - i, 5.2 - i) for i in range(FLAT_SCORES)]
    converged = judge([report()], scores=flat)
    assert converged.name == "converged"
    assert converged.text == (  # and not a word of what more time would do, which nobody has measured
        "converged: no measurable gain over the last 4 scores (Fréchet distance 5 [4.5, 5.5] to 5.3 [4.8, 5.8])"
    )
    early, late = ([report(), report(progress=progress, lr=1e-3)] for progress in (0.5, 0.9))
    assert judge(early, scores=flat).name == "learning"  # the scores will fall with the learning rate
    assert judge(late, scores=flat).name == "converged"
    assert judge([report()], scores=flat[1:]).name == "learning"
    assert judge([report()], scores=falling).name == "learning"


def test_a_critic_may_have_large_losses() -> None:
    assert judge([report(loss_D=-500.0)] * PATIENCE, critic=True).name == "learning"


def test_a_critic_may_be_far_ahead() -> None:
    ahead = [report(accuracy_real=1.0, accuracy_fake=1.0)] * PATIENCE
    assert judge(ahead, critic=True).name == "learning"


def test_nothing_bad_is_said_before_enough_reports_agree() -> None:
    assert judge([report(), *[report(diversity=0.0)] * (PATIENCE - 1)]).name == "learning"
    assert judge([report(diversity=0.0, progress=0.01)] * PATIENCE).name == "learning"
    assert judge([]).name == "starting"


def test_a_loss_that_is_not_finite_is_said_at_once() -> None:
    assert judge([report(loss_D=None)]).name == "not finite"


GOOD = {
    "precision": (0.7, 0.65, 0.75),
    "recall": (0.6, 0.57, 0.63),
    "coverage": (0.8, 0.77, 0.83),
    "classes-known": (10.0, 10.0, 10.0),
}


@pytest.mark.parametrize(
    ("changes", "copier_p", "names"),
    [
        ({}, 0.4, ["sound"]),
        ({"precision": (0.07, 0.05, 0.09)}, 0.4, ["rough"]),
        ({}, 1e-9, ["copier"]),
        ({"classes-known": (3.0, 3.0, 3.0)}, 0.4, ["collapsed"]),
        ({"coverage": (0.05, 0.04, 0.06)}, None, ["collapsed"]),
        ({"precision": (0.0, 0.0, 0.01), "coverage": (0.0, 0.0, 0.01)}, 0.4, ["noise"]),
        ({"classes-known": (3.0, 3.0, 3.0)}, 1e-9, ["copier", "collapsed"]),
    ],
)
def test_scores_are_judged_by_their_intervals(changes: dict, copier_p: float | None, names: list[str]) -> None:
    verdicts = judge_scores({**GOOD, **changes}, num_classes=10, copier_p=copier_p)
    assert [verdict.name for verdict in verdicts] == names


def test_a_wide_interval_convicts_nobody() -> None:
    figures = {**GOOD, "classes-known": (3.0, 1.0, 9.0)}
    assert [v.name for v in judge_scores(figures, num_classes=10, copier_p=0.01)] == ["sound"]


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
    assert of_seen is not None
    assert of_seen.value == pytest.approx(0.0, abs=1e-6)
    intervals = [found for each in samples.split(400) if (found := measure_overfitting(trainer, each)) is not None]
    assert len(intervals) == 5
    assert sum(found.low < 0 < found.high for found in intervals) >= 4  # of a hundred, 95 % would hold it
    with torch.no_grad():
        fake = trainer.state.G(torch.randn(400, 8, generator=torch.Generator().manual_seed(0)))
    of_fake = measure_overfitting(trainer, fake)
    assert of_fake is not None
    assert of_fake.value > 0.7
    assert trainer.state.D.training
