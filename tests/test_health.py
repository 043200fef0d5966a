"""Verdicts in words, each from the figure that it quotes."""

from __future__ import annotations

import pytest

from faussaire.health import PATIENCE, judge


def report(**changes: float | None) -> dict[str, float | None]:
    fine = {"loss_D": 0.6, "loss_G": 0.9, "accuracy_real": 0.7, "accuracy_fake": 0.66, "diversity": 0.9}
    return {**fine, "progress": 0.1, **changes}


@pytest.mark.parametrize(
    ("changes", "name", "figure"),
    [
        ({}, "learning", "68 %"),
        ({"diversity": 0.02}, "collapsed", "0.02"),
        ({"accuracy_real": 0.99, "accuracy_fake": 0.995}, "D far ahead", "99 %"),
        ({"loss_G": None}, "not finite", "loss of G"),
        ({"diversity": None}, "not finite", "diversity"),
    ],
)
def test_each_verdict_quotes_its_figure(changes: dict, name: str, figure: str) -> None:
    verdict = judge([report(**changes)] * PATIENCE)
    assert verdict.name == name
    assert figure in verdict.text


def test_nothing_bad_is_said_before_enough_reports_agree() -> None:
    assert judge([report(), *[report(diversity=0.0)] * (PATIENCE - 1)]).name == "learning"
    assert judge([report(diversity=0.0, progress=0.01)] * PATIENCE).name == "learning"
    assert judge([]).name == "starting"


def test_a_loss_that_is_not_finite_is_said_at_once() -> None:
    assert judge([report(loss_D=None)]).name == "not finite"
