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


@pytest.mark.parametrize(
    ("precision", "name"),
    [((0.5, 0.41, 0.59), "sound"), ((0.5, 0.39, 0.61), "undecided"), ((0.3, 0.2, 0.41), "undecided")],
)
def test_what_the_interval_does_not_tell_is_called_neither_sound_nor_rough(
    precision: tuple[float, float, float], name: str
) -> None:
    (verdict,) = judge_figures({**GOOD, "precision": precision})
    assert (verdict.name, verdict.tone) == (name, "good" if name == "sound" else "open")


@pytest.mark.parametrize(
    ("ours", "name"),
    [
        ((0.8, 0.75, 0.85), "sound"),  # 0.2 [-0.31, -0.09] from twice the floor
        ((0.95, 0.90, 1.00), "undecided"),
        ((1.2, 1.15, 1.25), "rough"),
    ],
)
def test_lines_are_judged_by_the_intervals_of_both_distances(ours: tuple[float, float, float], name: str) -> None:
    figures = {"letters-3": ours, "letters-3-floor": (0.5, 0.45, 0.55), "letters-3-model": (0.9, 0.8, 1.0)}
    (verdict,) = judge_figures(figures)
    assert (verdict.name, verdict.sentence) == (name, f"{name}_lines")


def test_a_wide_interval_convicts_nobody() -> None:
    figures = {**GOOD, "classes-known": (3.0, 1.0, 9.0)}
    assert [v.name for v in judge_figures(figures, num_classes=10, copier_p=0.01)] == ["sound"]
