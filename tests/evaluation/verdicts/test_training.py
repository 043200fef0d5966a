"""Verdicts in words, each from the figure that it quotes."""

from __future__ import annotations

import pytest

from faussaire.evaluation.verdicts.training import PATIENCE, SWINGS, judge

ALWAYS_RIGHT = {"accuracy_real": 1.0, "accuracy_fake": 1.0}
NEVER_RIGHT = {"accuracy_real": 0.0, "accuracy_fake": 0.0}


def report(**changes: float | None) -> dict[str, float | None]:
    fine = {"loss_D": 0.6, "loss_G": 0.9, "accuracy_real": 0.7, "accuracy_fake": 0.66, "diversity": 0.9, "r_v": 0.1}
    halves = {"diversity_half": 0.05, "r_v_half": 0.11, "loss_D_half": 0.01, "loss_G_half": 0.02}
    return {**fine, **halves, "n": 800, "progress": 0.1, "lr": 2e-3, **changes}


@pytest.mark.parametrize(
    ("changes", "name", "figure"),
    [
        ({}, "learning", "68% [66, 70] of the time"),
        ({"diversity": 0.02}, "collapsed", "0.02 ± 0.05"),
        ({"accuracy_real": 0.99, "accuracy_fake": 0.995}, "D far ahead", "99% [99, 99]"),
        ({"accuracy_real": 1.0, "accuracy_fake": 1.0}, "D far ahead", "at least 100% [100, 100]"),
        ({"r_v": 0.8}, "overfitting", "0.8 ± 0.11"),
        ({"diversity": 40.0}, "diverging", "40 ± 0.05"),
        ({"loss_D": 3.5e4, "loss_G": 20.0}, "diverging", "35,000 ± 0.01"),
        ({"accuracy_real": 0.0, "accuracy_fake": 0.02}, "D far behind", "at most 2% [2, 2]"),
        ({"loss_G": None}, "not finite", "loss of G"),
        ({"diversity": None}, "not finite", "diversity"),
    ],
)
def test_each_verdict_quotes_its_figure(changes: dict, name: str, figure: str) -> None:
    verdict = judge([report(**changes)] * PATIENCE)
    assert verdict.name == name
    assert figure in verdict.text


@pytest.mark.parametrize(
    ("unsure", "sure", "name"),
    [
        ({"r_v": 0.77, "r_v_half": 0.3}, {"r_v": 0.77, "r_v_half": 0.2}, "overfitting"),
        ({"diversity": 0.2, "diversity_half": 0.15}, {"diversity": 0.2, "diversity_half": 0.05}, "collapsed"),
        ({"diversity": 6.0, "diversity_half": 2.0}, {"diversity": 6.0, "diversity_half": 0.5}, "diverging"),
        ({"loss_D": 150.0, "loss_D_half": 80.0}, {"loss_D": 150.0, "loss_D_half": 20.0}, "diverging"),
        ({**ALWAYS_RIGHT, "n": 20}, {**ALWAYS_RIGHT, "n": 64}, "D far ahead"),
        ({**NEVER_RIGHT, "n": 10}, {**NEVER_RIGHT, "n": 64}, "D far behind"),
    ],
)
def test_a_fault_is_said_only_where_the_whole_interval_lies_beyond_its_limit(
    unsure: dict, sure: dict, name: str
) -> None:
    assert judge([report(**unsure)] * PATIENCE).name == "learning"
    assert judge([report(**sure)] * PATIENCE).name == name


def test_one_report_within_the_limit_acquits_however_many_others_are_pooled_with_it() -> None:
    ahead = [report(accuracy_real=1.0, accuracy_fake=1.0)] * (PATIENCE - 1)
    assert judge([*ahead, report(accuracy_real=0.96, accuracy_fake=1.0)]).name == "learning"


def test_chance_neither_swings_nor_turns_back() -> None:
    def told(*shares: float, n: int) -> list[dict[str, float | None]]:
        return [report(accuracy_real=share, accuracy_fake=share, n=n) for share in shares]

    few = [0.4 if i % 2 else 0.9 for i in range(SWINGS)]
    assert judge(told(*few, n=15)).name == "learning"  # 30 images: 0.5 apart, and 0.27 at least
    assert judge(told(*few, n=400)).name == "oscillating"
    climbing = [0.3 + 0.05 * i + (0.03 if i % 2 else -0.03) for i in range(SWINGS)]
    assert judge(told(*climbing, n=100)).name == "learning"  # it goes one way; what goes back is noise


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
