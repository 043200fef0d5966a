"""Verdicts in words, each from the figure that it quotes."""

from __future__ import annotations

import pytest

from faussaire.evaluation.verdicts.training import PATIENCE, SWINGS, judge


def report(**changes: float | None) -> dict[str, float | None]:
    fine = {"loss_D": 0.6, "loss_G": 0.9, "accuracy_real": 0.7, "accuracy_fake": 0.66, "diversity": 0.9, "r_v": 0.1}
    halves = {"diversity_half": 0.05, "r_v_half": 0.11, "loss_D_half": 0.01, "loss_G_half": 0.02}
    return {**fine, **halves, "n": 800, "progress": 0.1, "lr": 2e-3, **changes}


@pytest.mark.parametrize(
    ("changes", "name", "figure"),
    [
        ({}, "learning", "68% [66, 70] of the time"),
        ({"diversity": 0.02}, "collapsed", "0.02 ± 0.05"),
        ({"accuracy_real": 0.99, "accuracy_fake": 0.995}, "D far ahead", "99% [98, 99]"),
        ({"accuracy_real": 1.0, "accuracy_fake": 1.0}, "D far ahead", "at least 100% [100, 100]"),
        ({"r_v": 0.8}, "overfitting", "0.8 ± 0.11"),
        ({"diversity": 40.0}, "diverging", "40 ± 0.05"),
        ({"loss_D": 3.5e4, "loss_G": 20.0}, "diverging", "35,000 ± 0.01"),
        ({"accuracy_real": 0.0, "accuracy_fake": 0.02}, "D far behind", "at most 2% [1, 3]"),
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
    assert "30% [28, 32] and 90% [88, 91]" in judge(swinging).text
    assert judge(drifting).name == "learning"


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
