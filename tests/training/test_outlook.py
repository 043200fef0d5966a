"""What the event of a score holds besides its rows."""

from __future__ import annotations

import pytest

from faussaire.core.config import resolve
from faussaire.runs.events import Event
from faussaire.runs.plan import Plan, Segment
from faussaire.training.outlook import MOST, Outlook
from faussaire.training.schedules import fall_left

CONFIG = resolve(None, {"data": "mnist", "kimg": 10})
PLAN = Plan([Segment(nimg=0, progress=0.0, end_nimg=10_000)])


def rows(value: float) -> list[dict[str, object]]:
    return [{"metric": "frechet", "value": value}, {"metric": "frechet-floor", "value": 0.001}]


def test_the_fall_of_the_learning_rate_goes_from_one_to_zero() -> None:
    assert [fall_left(CONFIG, progress) for progress in (0.0, 0.5, 1.0)] == pytest.approx([1.0, 0.5, 0.0])
    assert fall_left(resolve(None, {"data": "mnist", "lr_schedule": "constant"}), 0.3) == 0.0


def test_a_third_score_brings_a_forecast_of_twice_the_images() -> None:
    outlook = Outlook(CONFIG)
    assert outlook.take(2_500, rows(0.4), PLAN) == {"fall_left": pytest.approx(0.8536, abs=1e-4)}
    assert outlook.take(3_500, rows(0.3), PLAN).keys() == {"fall_left"}
    told = outlook.take(5_000, rows(0.2), PLAN)
    assert told["fall_left"] == 0.5
    assert told["forecast"]["of"] == "kimg"
    assert told["forecast"]["finished"] is False
    assert outlook.take(10_000, rows(0.1), PLAN)["forecast"]["end"] == [0.1, 0.1, 0.1]


def test_a_run_that_goes_on_foretells_as_if_it_had_not_stopped() -> None:
    whole, events = Outlook(CONFIG), []
    for nimg, value in ((2_000, 0.4), (4_000, 0.3), (6_000, 0.2)):
        told = whole.take(nimg, rows(value), PLAN)
        events.append(Event(kind="score", nimg=nimg, time=0.0, data={"rows": rows(value), **told}))
    resumed = Outlook(CONFIG)
    resumed.recall(events)
    assert resumed.take(8_000, rows(0.15), PLAN) == whole.take(8_000, rows(0.15), PLAN)


def test_scores_of_an_older_version_are_passed_over() -> None:
    outlook = Outlook(CONFIG)
    outlook.recall([Event(kind="score", nimg=2_000, time=0.0, data={"rows": rows(0.4)})])
    assert "forecast" not in outlook.take(4_000, rows(0.3), PLAN)


def test_a_long_run_keeps_no_more_scores_than_are_worth_it() -> None:
    outlook = Outlook(CONFIG)
    outlook.recall(
        [Event(kind="score", nimg=i + 1, time=0.0, data={"rows": rows(1.0), "fall_left": 1.0}) for i in range(MOST)]
    )
    outlook.take(5_000, rows(0.3), PLAN)
    assert len(outlook._own) == MOST // 2 + 1
