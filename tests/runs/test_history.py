"""The history of a run: what is kept of it, in how much memory, and what a resume makes of it."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faussaire.runs import history as module
from faussaire.runs.events import Event, Follower, line_of
from faussaire.runs.history import MAX_REPORTS, RECENT, History


def write(path: Path, events: list[tuple[str, int]]) -> None:
    """Append events of a kind and a number of images."""
    with path.open("ab") as file:
        for kind, nimg in events:
            file.write(line_of(Event(kind=kind, nimg=nimg, time=float(nimg), data={"n": nimg})))


def kept(history: History, kind: str = "stats") -> list[int]:
    return [event.nimg for event in history.read()[1] if event.kind == kind]


def test_a_run_that_is_not_there_yet_has_no_history(tmp_path: Path) -> None:
    assert History(tmp_path / "events.jsonl").read() == (0, [])


def test_of_a_short_run_everything_is_kept_but_what_only_the_last_of_matters(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    write(path, [(kind, i) for i in range(50) for kind in ("judged", "stats", "score")])
    history = History(path)
    assert history.read()[0] == 150
    assert kept(history) == kept(history, "score") == list(range(50))
    assert kept(history, "judged") == [49]
    assert [event.kind for event in history.read()[1]][-2:] == ["stats", "score"]


def test_a_long_run_is_kept_evenly_from_its_first_report_to_its_last(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    write(path, [("stats", i) for i in range(30_000)])
    history = History(path)
    curve, stride, count = history.curve()
    assert (stride, count) == (16, 30_000)
    assert MAX_REPORTS / 2 <= len(curve) - 1 < MAX_REPORTS
    assert [event.nimg for event in curve] == [*range(0, 30_000, 16), 29_999]
    assert kept(history)[-RECENT:] == list(range(30_000 - RECENT, 30_000))


@pytest.mark.parametrize("kind", ["stats", "judged", "samples", "score", "verdict", "warning", "plan", "checkpoint"])
def test_no_kind_of_event_makes_a_history_grow_for_ever(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "events.jsonl"
    write(path, [(kind, i) for i in range(8_000)])
    history = History(path)
    assert len(kept(history, kind)) <= MAX_REPORTS + RECENT
    assert kept(history, kind)[-1] == 7_999


def test_a_week_is_read_in_no_more_memory_than_a_day(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    text = "learning: D is right 72% [71, 73] of the time (50 % is chance)" * 2
    peaks = []
    for count in (6_000, 24_000):
        path.unlink(missing_ok=True)
        with path.open("ab") as file:
            for i in range(count):
                for kind in ("judged", "stats"):
                    file.write(line_of(Event(kind=kind, nimg=i, time=float(i), data={"verdict_text": text})))
        tracemalloc.start()
        history = History(path)
        history.read()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]
    assert peaks[1] < 20e6


@settings(max_examples=25)
@given(
    cuts=st.lists(st.integers(1, 400), max_size=5),
    resumptions=st.lists(st.tuples(st.integers(0, 398), st.integers(0, 398)), max_size=3),
)
def test_what_is_kept_does_not_depend_on_when_it_was_read(
    cuts: list[int], resumptions: list[tuple[int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("history") / "events.jsonl"
    back = dict(resumptions)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MAX_REPORTS", 20)
        patch.setattr(module, "MAX_OTHERS", 10)
        patch.setattr(module, "RECENT", 7)
        ever, nimg = History(path), 0
        for i in range(400):
            write(path, [("judged", nimg), ("stats", nimg), *([("score", nimg)] if i % 3 == 0 else [])])
            nimg += 1
            if i in back and back[i] < nimg:
                write(path, [("resumed", back[i])])
                nimg = back[i] + 1  # a report at the point of resumption holds: the next comes after it
            if i in cuts:
                ever.read()
        late = History(path)
        assert late.read() == ever.read()
        assert late.curve() == ever.curve()
        told = [event.nimg for event in late.curve()[0]]
        assert told == sorted(set(told))
        assert told[-1] == nimg - 1


def test_a_resume_goes_on_from_the_last_report_that_still_holds(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    write(path, [("stats", i) for i in range(10_000)])
    write(path, [("resumed", 9_900), *[("stats", i) for i in range(9_901, 9_950)]])
    history = History(path)
    assert kept(history)[-150:] == [*range(9_800, 9_901), *range(9_901, 9_950)]
    assert history.curve()[2] == 9_950


def test_what_was_resumed_twice_is_told_once_and_the_plan_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    write(path, [("plan", 0), ("stats", 1), ("stats", 5), ("plan", 6), ("resumed", 2), ("stats", 3), ("resumed", 2)])
    told = [(event.kind, event.nimg) for event in History(path).read()[1]]
    assert told == [("plan", 0), ("stats", 1), ("plan", 6), ("resumed", 2), ("resumed", 2)]


def test_a_run_begun_anew_is_told_anew(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    history = History(path)
    write(path, [("stats", i) for i in range(5)])
    assert history.read()[0] == 5
    path.unlink()
    write(path, [("stats", 99)] * 7)
    assert (history.read()[0], kept(history)) == (7, [99] * 7)


def test_lines_written_otherwise_or_torn_are_numbered_and_sorted_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    write(path, [("stats", 1)])
    with path.open("ab") as file:
        file.write(b'{"nimg":2,"kind":"stats","time":0,"data":{}}\n{"kind": "stats", "nimg": 3, "ti\n')
    write(path, [("judged", 4), ("stats", 4)])
    history = History(path)
    assert history.read()[0] == 5
    assert kept(history) == [1, 2, 4]


def test_a_reader_starts_shortly_before_the_line_that_it_wants(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    write(path, [("stats", i) for i in range(40_000)])
    history = History(path)
    history.read()
    place = history.position_before(30_000)
    assert 15_000 < place.line <= 30_000
    follower = Follower(path, 30_000, start=place)
    found: list[tuple[int, Event]] = []
    while not found:
        found = follower.new_events()
    assert (found[0][0], found[0][1].nimg) == (30_001, 30_000)
    assert history.position_before(0).offset == 0
