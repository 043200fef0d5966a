"""The trainings that pupils ask for: what was chosen becomes flags, one after the other, and a stop loses nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from class_client import board_of, class_of, pupil_of
from faussaire.views.web.classroom import pupils, workshop
from faussaire.views.web.classroom.room import Room, at_work, furnished


@pytest.fixture
def room(tmp_path: Path, squares_run: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    monkeypatch.setattr(workshop, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(pupils, "PER_SECOND", 1_000)
    with class_of(squares_run, tmp_path / "runs", minutes=0.08, runs=()) as made:
        yield made


CHOSEN = {"network": "dense", "rate": "huge", "steps": "examiner"}


def test_what_is_chosen_becomes_flags_of_train(room: Room) -> None:
    choices = workshop.Choices(network="dense", rate="huge", steps="examiner")
    lesson = room.lesson
    command = lesson.command("forger-07", 7, choices)
    assert command[1:5] == ["-P", "-m", "faussaire", "train"]
    assert command[5] == lesson.data[0]
    assert command[6:] == [
        "--minutes=0.08", "--seed=7", "--pictures=24", f"--run={lesson.runs / 'forger-07'}", "--architecture=dense",
        "--lr", "0.08", "--d-steps", "3",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "sent",
    [
        {"network": "dense; rm -rf"}, {"network": "roll"}, {"network": "nothing"}, {"network": "dense", "rate": "0.1"},
        {"network": "dense", "only": 0}, {"network": "dense", "only": -1}, {"network": "dense", "minutes": 9}, {},
    ],
)  # fmt: skip
def test_nothing_but_the_choices_of_the_page_can_be_asked_for(room: Room, sent: dict[str, Any]) -> None:
    assert pupil_of(room, "Ana").post("/api/class/training", json=sent).status_code == 422
    assert board_of(room)["runs"] == []


def test_a_pupil_has_one_training_in_line_and_a_few_in_all(room: Room) -> None:
    client = pupil_of(room, "Ana")
    for number in range(workshop.MAX_TRAININGS):
        assert client.post("/api/class/training", json=CHOSEN).status_code == 202
        again = client.post("/api/class/training", json=CHOSEN)
        assert (again.status_code, "in line already" in again.json()["detail"]) == (409, True)
        with room.store.writing() as db:
            db.execute("UPDATE training SET state = 'done' WHERE number = ?", (number + 1,))
    enough = client.post("/api/class/training", json=CHOSEN)
    assert (enough.status_code, enough.json()["detail"]) == (410, "you have trained 2 forgers: that is all")


def test_whoever_has_had_fewer_trainings_goes_first(room: Room) -> None:
    for name in ("Ana", "Ben", "Carl"):
        pupil_of(room, name).post("/api/class/training", json=CHOSEN)
    with room.store.writing() as db:
        db.execute("INSERT INTO training VALUES (99, 1, 'earlier', '{}', 'done')")
    order = []
    while (taken := room.workshop._next()) is not None:
        order.append(taken[0])
    assert order == [2, 3, 1]


def test_nobody_trains_where_the_teacher_wants_none(tmp_path: Path, squares_run: Path) -> None:
    with class_of(squares_run, tmp_path / "runs", minutes=0, runs=()) as room:
        client = pupil_of(room, "Ana")
        assert client.post("/api/class/training", json=CHOSEN).status_code == 403
        assert 'id="choices"' not in client.get("/").text


@pytest.mark.slow
def test_a_training_is_stopped_with_the_class_and_goes_on_with_the_next(room: Room, tmp_path: Path) -> None:
    pupil_of(room, "Ana").post("/api/class/training", json=CHOSEN | {"rate": "usual"})
    events = tmp_path / "runs" / "forger-01" / "events.jsonl"
    with at_work(room):
        wait_until(lambda: events.is_file() and b'"stats"' in events.read_bytes())
    assert events.read_bytes().splitlines()[-1].startswith((b'{"kind": "stopped"', b'{"kind": "done"'))
    with at_work(again := furnished(room.gallery.dataset, room.lesson)):
        wait_until(lambda: any(run["plays"] for run in board_of(again)["runs"]))
        (run,) = board_of(again)["runs"]
    assert (run["state"], run["fits"], run["choices"]["network"]) == ("finished", True, "dense")
    assert run["accuracy"]["low"] <= run["accuracy"]["value"] <= run["accuracy"]["high"]


def wait_until(holds: Any) -> None:
    deadline = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)
