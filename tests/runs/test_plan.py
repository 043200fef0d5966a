"""The plan: progress never jumps back, ends at 1, and keeps a time budget whatever the machine does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faussaire.runs.plan import UNPLANNED_NIMG, Pace, Plan, Segment

STEP = 64


def run_by_the_clock(budget: float, seconds_of_step: list[float]) -> tuple[Plan, float, list[float]]:
    """Train against a clock that is told how long each step takes (the last value goes on for ever)."""
    plan = Plan([Segment(nimg=0, progress=0.0, end_nimg=UNPLANNED_NIMG)])
    pace = Pace(budget)
    nimg, seconds, reported, progress = 0, 1.0, 0.0, []
    step = 0
    while not plan.finished(nimg):
        if seconds - reported >= 1.0:
            segment = pace.replan(plan, nimg=nimg, seconds=seconds, step_nimg=STEP)
            if segment:
                plan.add(segment)
            reported = seconds
        progress.append(plan.progress(nimg))
        nimg += STEP
        seconds += seconds_of_step[min(step, len(seconds_of_step) - 1)]
        step += 1
        assert step < 100_000
    return plan, seconds + pace.reserve_seconds, progress


@given(st.lists(st.floats(0.01, 0.3), min_size=1, max_size=400))
def test_a_time_budget_is_kept_within_5_percent_at_any_speed(speeds: list[float]) -> None:
    _, seconds, progress = run_by_the_clock(60.0, speeds)
    assert abs(seconds - 60) <= 3
    assert progress == sorted(progress)
    assert progress[-1] > 0.9  # annealed: the last step is taken near the end of every schedule


def test_a_machine_that_becomes_ten_times_slower_half_way_still_ends_in_time() -> None:
    _, seconds, progress = run_by_the_clock(60.0, [0.02] * 1500 + [0.2])
    assert abs(seconds - 60) <= 3
    assert progress[-1] > 0.95


def test_following_the_recorded_segments_gives_the_same_progress_at_every_image() -> None:
    plan, _, progress = run_by_the_clock(30.0, [0.05, 0.02, 0.1, 0.03])
    replayed = Plan(plan.segments)
    assert [replayed.progress(i * STEP) for i in range(len(progress))] == progress


def test_progress_is_a_straight_line_to_a_given_end() -> None:
    plan = Plan([Segment(nimg=0, progress=0.0, end_nimg=1000)])
    assert [plan.progress(n) for n in (0, 250, 1000, 2000)] == [0.0, 0.25, 1.0, 1.0]
    assert plan.finished(1000)
    assert not plan.finished(999)


def test_a_later_segment_voids_what_was_planned_from_its_position_on() -> None:
    plan = Plan([Segment(nimg=0, progress=0.0, end_nimg=1000), Segment(nimg=600, progress=0.6, end_nimg=700)])
    plan.add(Segment(nimg=500, progress=0.25, end_nimg=2000))
    assert [s.nimg for s in plan.segments] == [0, 500]
    assert plan.progress(500) == 0.25


def test_a_resumed_run_follows_its_plan_before_it_plans_anew() -> None:
    plan = Plan([Segment(nimg=0, progress=0.0, end_nimg=6400), Segment(nimg=3200, progress=0.5, end_nimg=6400)])
    pace = Pace(60.0)
    assert pace.replan(plan, nimg=640, seconds=5.0, step_nimg=STEP) is None
    assert pace.replan(plan, nimg=1280, seconds=50.0, step_nimg=STEP) is None


@pytest.mark.parametrize("seconds", [60.0, 100.0])
def test_when_the_time_is_up_the_run_ends_at_once(seconds: float) -> None:
    plan = Plan([Segment(nimg=0, progress=0.0, end_nimg=10**6)])
    pace = Pace(60.0)
    pace.replan(plan, nimg=64, seconds=1.0, step_nimg=STEP)
    segment = pace.replan(plan, nimg=6400, seconds=seconds, step_nimg=STEP)
    assert segment is not None
    plan.add(segment)
    assert plan.finished(6400)


def test_a_run_that_has_ended_is_planned_no_further_though_time_was_left() -> None:
    plan = Plan([Segment(nimg=0, progress=0.0, end_nimg=6400)])
    pace = Pace(60.0)
    pace.replan(plan, nimg=3200, seconds=20.0, step_nimg=STEP)
    assert pace.replan(plan, nimg=6400, seconds=40.0, step_nimg=STEP) is None
