"""Verdicts on the figures of a generator: an interval decides, not its middle."""

from __future__ import annotations

import pytest

from faussaire.evaluation.verdicts.figures import judge_figures

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
    verdicts = judge_figures({**GOOD, **changes}, num_classes=10, copier_p=copier_p)
    assert [verdict.name for verdict in verdicts] == names


def test_a_wide_interval_convicts_nobody() -> None:
    figures = {**GOOD, "classes-known": (3.0, 1.0, 9.0)}
    assert [v.name for v in judge_figures(figures, num_classes=10, copier_p=0.01)] == ["sound"]
