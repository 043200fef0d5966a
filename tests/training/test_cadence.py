"""What is due when, by a simulated clock."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faussaire.training.cadence import (
    GAUGE_SHARE,
    MAX_REPORT_SECONDS,
    REPORT_SECONDS,
    SAVE_SECONDS,
    SCORE_SHARE,
    Allowance,
    Cadence,
)


def cadence(
    *, pictures: int = 4, score_minutes: float | None = None, now: float = 0.0, progress: float = 0.0
) -> Cadence:
    made = Cadence(pictures=pictures, score_minutes=score_minutes)
    made.begin(now, progress)
    return made


@settings(max_examples=30)
@given(st.lists(st.floats(0.01, 30), min_size=5, max_size=40))
def test_an_allowance_is_never_overdrawn(costs: list[float]) -> None:
    gauges, now, spent = Allowance(GAUGE_SHARE), 0.0, 0.0
    for cost in costs:
        while not gauges.is_due(now):
            now += 0.5
        assert spent <= GAUGE_SHARE * now + 1e-6
        now += cost
        spent += cost
        gauges.spend(cost, now)


def test_reports_come_every_second_or_later_where_they_are_dear_and_at_least_every_ten() -> None:
    made = cadence()
    assert not made.report_is_due(0.99 * REPORT_SECONDS, 0.0)
    assert made.report_is_due(REPORT_SECONDS, 0.0)
    made.reported(0.009, 1.0, 0.0)
    assert not made.report_is_due(3.9, 0.0)
    assert made.report_is_due(4.1, 0.0)
    made.reported(5.0, 10.0, 0.0)
    assert made.report_is_due(10.0 + MAX_REPORT_SECONDS, 0.0)


def test_a_short_run_is_reported_by_its_progress() -> None:
    made = cadence(progress=0.5)
    assert not made.report_is_due(0.1, 0.51)
    assert made.report_is_due(0.1, 0.53)
    made.reported(0.0, 0.1, 0.53)
    assert not made.report_is_due(0.2, 0.54)


def test_each_picture_is_due_once_and_those_of_an_earlier_process_never() -> None:
    made = cadence(pictures=4, progress=0.3)
    due = [progress for progress in (0.3, 0.49, 0.5, 0.6, 0.74, 0.99, 1.0) if made.picture_is_due(progress)]
    assert due == [0.5, 0.99, 1.0]


def test_saves_come_after_2_4_8_seconds_and_then_every_minute() -> None:
    made, saves = cadence(now=100.0), []
    for now in range(100, 400):
        if made.save_is_due(now):
            made.saved(now)
            saves.append(now - 100)
    assert saves[:6] == [2, 4, 8, 16, 32, 64]
    assert {after - before for before, after in pairwise(saves[5:])} == {SAVE_SECONDS}


@pytest.mark.parametrize(
    ("minutes", "cost", "wait"), [(None, 0.1, 12.5), (None, 2.0, 2.0 / SCORE_SHARE), (1.5, 2.0, 90.0)]
)
def test_a_score_waits_for_its_share_and_for_the_minutes_asked_for(
    minutes: float | None, cost: float, wait: float
) -> None:
    made = cadence(score_minutes=minutes)
    made.scores.spend(cost, 50.0)
    assert not made.scores.is_due(50.0 + wait - 0.1)
    assert made.scores.is_due(50.0 + wait)
