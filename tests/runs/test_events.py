"""events.jsonl as it is written and followed: lines that are whole, numbered, and of the file that was begun."""

from __future__ import annotations

from pathlib import Path

import pytest

from faussaire.runs.events import Event, Follower, Position, kind_of, line_of, parse
from faussaire.runs.folder import RunFolder


def test_an_event_is_read_back_from_its_line() -> None:
    event = Event(kind="stats", nimg=64, time=1.5, data={"loss_D": 0.5, "text": "é"})
    assert parse(line_of(event)) == event
    assert kind_of(line_of(event)) == "stats"


def test_half_a_character_in_a_name_is_written_and_read_back() -> None:
    event = Event(kind="config", nimg=0, time=0.0, data={"classes": ["caf\udce9"]})
    assert parse(line_of(event)) == event
    line_of(event).decode("utf-8")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b'{"kind": "sta',
        b"[]",
        b"7",
        b'{"kind": "stats"}',
        b'{"kind": "stats", "nimg": null, "time": 0.0, "data": {}}',
        b'{"kind": "stats", "nimg": 1, "time": "now", "data": {}}',
        b'{"kind": "stats", "nimg": 1, "time": 0.0, "data": []}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_event_is_passed_over(line: bytes) -> None:
    assert parse(line) is None


def test_events_of_a_kind_are_found_however_their_lines_are_written(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.emit("stats", nimg=1)
    run.emit("plan", nimg=2)
    with run.events_file.open("a") as file:
        file.write('{"time": 0, "nimg": 3, "kind": "plan", "data": {"kind": "stats"}}\n')
    assert [event.nimg for event in run.events("plan")] == [2, 3]
    assert [event.nimg for event in run.events("stats", "plan")] == [1, 2, 3]


def test_a_follower_counts_lines_and_waits_for_the_end_of_the_last_one(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    follower = Follower(run.events_file, after=1)
    assert follower.new_events() == []
    for nimg in range(3):
        run.emit("stats", nimg=nimg)
    content = run.events_file.read_bytes()
    run.events_file.write_bytes(content[:-5])
    assert [(line, event.nimg) for line, event in follower.new_events()] == [(2, 1)]
    run.events_file.write_bytes(content)
    assert [(line, event.nimg) for line, event in follower.new_events()] == [(3, 2)]
    assert (follower.line, follower.position.offset) == (3, len(content))


def test_a_line_longer_than_a_piece_is_read_whole(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.emit("warning", nimg=1, text="x" * 200_000)
    run.emit("done", nimg=2)
    follower = Follower(run.events_file)
    assert [event.nimg for _, event in follower.new_events() + follower.new_events()] == [1, 2]


@pytest.mark.parametrize("lines", [1, 5, 50])
def test_another_file_of_any_length_is_not_taken_for_the_one_that_was_read(tmp_path: Path, lines: int) -> None:
    run = RunFolder(tmp_path)
    for nimg in range(5):
        run.emit("stats", nimg=nimg)
    follower = Follower(run.events_file)
    follower.new_events()
    other = [line_of(Event(kind="stats", nimg=100 + i, time=0.0)) for i in range(lines)]
    run.events_file.write_bytes(b"".join(other))
    with pytest.raises(EOFError):
        follower.new_events()
    run.events_file.unlink()
    with pytest.raises(EOFError):
        follower.new_events()


def test_a_follower_may_start_at_a_place_that_another_one_reached(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    for nimg in range(100):
        run.emit("stats", nimg=nimg)
    first = Follower(run.events_file)
    first.new_lines(2_000)
    assert 0 < first.line < 90
    second = Follower(run.events_file, after=95, start=first.position)
    assert [(line, event.nimg) for line, event in second.new_events()] == [(n, n - 1) for n in range(96, 101)]
    assert Position().after(b"a\nb\n").line == 2
