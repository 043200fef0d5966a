"""A class: answers count once and right, nobody reaches what is not theirs, and all is forgotten on request."""

from __future__ import annotations

import io
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from markupsafe import escape
from PIL import Image
from starlette.testclient import TestClient

from class_client import RUNS, board_of, browser_of, class_of, pupil_of, teacher_of
from faussaire.core.errors import ConfigError, RequestError
from faussaire.core.intervals import wilson
from faussaire.evaluation.bradley_terry import bradley_terry
from faussaire.runs.events import line_of
from faussaire.runs.folder import RunFolder
from faussaire.views.web.classroom import gallery, pupils, questions, store, votes
from faussaire.views.web.classroom.room import Room, furnished
from faussaire.views.web.classroom.store import NAME, Store
from web_client import copy_of, train_on


@pytest.fixture
def room(tmp_path: Path, squares_run: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    monkeypatch.setattr(pupils, "PER_SECOND", 1_000)
    with class_of(squares_run, tmp_path / "runs") as made:
        yield made


def answered(client: TestClient, said_real: bool) -> dict[str, Any]:
    """Let a pupil answer the next question."""
    number = client.get("/api/class/quiz").json()["number"]
    answer: dict[str, Any] = client.post(f"/api/class/quiz/{number}", json={"said_real": said_real}).json()
    return answer


def voted(client: TestClient, better: str) -> dict[str, Any]:
    """Let a pupil vote on the next pair."""
    number = client.get("/api/class/vote").json()["number"]
    vote: dict[str, Any] = client.post(f"/api/class/vote/{number}", json={"better": better}).json()
    return vote


def test_the_board_is_what_the_pupils_themselves_would_count(room: Room) -> None:
    known: dict[str, list[dict[str, Any]]] = {}
    cast: Counter[tuple[str, str]] = Counter()
    for number, name in enumerate(("Ana", "Ben", "Chloé")):
        client = pupil_of(room, name)
        known[name] = [answered(client, (i + number) % 3 == 0) for i in range(12 + 3 * number)]
        for i in range(3):
            vote = voted(client, "left" if (i + number) % 2 else "right")
            cast[vote["won"], vote["right"] if vote["won"] == vote["left"] else vote["left"]] += 1
    board = board_of(room)
    for pupil in board["pupils"]:
        own = known[pupil["name"]]
        right = sum(answer["right"] for answer in own)
        bounds = wilson(right, len(own))
        assert right == sum(answer["said_real"] == answer["real"] for answer in own)
        wanted = {"right": right, "of": len(own), "low": round(bounds.low, 4), "high": round(bounds.high, 4)}
        assert {key: pupil[key] for key in wanted} == wanted
    assert [p["low"] for p in board["pupils"]] == sorted((p["low"] for p in board["pupils"]), reverse=True)
    fakes = [answer for own in known.values() for answer in own if not answer["real"]]
    table = [[float(cast[a, b]) for b in sorted(RUNS)] for a in sorted(RUNS)]
    strengths = dict(zip(sorted(RUNS), bradley_terry(table), strict=True))
    for run in board["runs"]:
        of_run = [answer["said_real"] for answer in fakes if answer["run"] == run["id"]]
        told = run["fooled"] or {"right": 0, "of": 0}
        assert (told["right"], told["of"]) == (sum(of_run), len(of_run))
        assert run["strength"]["value"] == pytest.approx(strengths[run["id"]].value, abs=1e-4)
        assert run["strength"]["of"] == 6
    assert (board["answers"], board["votes"]) == (45, 9)


def test_it_is_told_whom_a_run_has_fooled(room: Room) -> None:
    trusting, doubting = pupil_of(room, "Trusting"), pupil_of(room, "Doubting")
    asked = Counter(answered(trusting, True)["run"] for _ in range(20))
    asked_too = Counter(answered(doubting, False)["run"] for _ in range(20))
    board = board_of(room)
    ids = {pupil["name"]: pupil["id"] for pupil in board["pupils"]}
    for run in board["runs"]:
        fooled, of = asked[run["id"]], asked[run["id"]] + asked_too[run["id"]]
        told = run["fooled"] or {"right": 0, "of": 0, "victims": []}
        assert (told["right"], told["of"]) == (fooled, of)
        assert told["victims"] == ([{"pupil": ids["Trusting"], "fooled": fooled, "of": fooled}] if fooled else [])


def test_an_answer_counts_once_however_often_it_is_sent(room: Room) -> None:
    client = pupil_of(room, "Ana")
    for what, first, second in (("quiz", {"said_real": True}, {"said_real": False}),
                                ("vote", {"better": "left"}, {"better": "right"})):  # fmt: skip
        assert client.get(f"/api/class/{what}").json()["number"] == 0
        assert client.get(f"/api/class/{what}").json()["number"] == 0  # it stays open
        told = client.post(f"/api/class/{what}/0", json=first).json()
        assert client.post(f"/api/class/{what}/0", json=second).json() == told
        assert client.post(f"/api/class/{what}/7", json=first).status_code == 404
    board = board_of(room)
    assert (board["answers"], board["votes"]) == (1, 1)


def test_no_picture_comes_twice_and_none_tells_what_it_is(
    tmp_path: Path, squares_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name, most in ((gallery, "REALS", 8), (gallery, "FAKES", 8), (pupils, "PER_SECOND", 1_000)):
        monkeypatch.setattr(module, name, most)
    with class_of(squares_run, tmp_path / "runs", runs=("one",)) as room:
        seen = seen_by(pupil_of(room, "Ana"))
    opened = [Image.open(io.BytesIO(content)) for content in seen]
    assert {(picture.size, picture.mode, *sorted(picture.info)) for picture in opened} == {
        (opened[0].size, opened[0].mode, *sorted(opened[0].info))
    }
    assert len(seen) == len({*seen}) >= 8


def seen_by(client: TestClient) -> list[bytes]:
    """Return the pictures that a pupil is asked about, up to the last."""
    seen: list[bytes] = []
    kinds: Counter[bool] = Counter()
    while (asked := client.get("/api/class/quiz").json())["number"] is not None:
        picture = client.get(f"/api/class/quiz/{asked['number']}.png")
        assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
        seen.append(picture.content)
        kinds[answered(client, True)["real"]] += 1
    assert "every picture" in asked["said"]
    assert max(kinds.values()) == 8  # one kind has been asked about to its end
    return seen


def test_nobody_is_asked_about_forgeries_of_their_own(room: Room) -> None:
    client = pupil_of(room, "Ana")
    with room.store.writing() as db:
        db.execute("INSERT INTO training VALUES (1, 1, 'two', '{}', 'done')")
    runs = {answered(client, False)["run"] for _ in range(40)}
    assert runs == {None, "one", "three"}
    vote = voted(client, "left")
    assert {vote["left"], vote["right"]} == {"one", "three"}
    none_left = client.get("/api/class/vote").json()
    assert (none_left["number"], "every pair" in none_left["said"]) == (None, True)


def test_a_run_that_goes_leaves_its_answers_and_asks_no_more(room: Room, tmp_path: Path) -> None:
    client = pupil_of(room, "Ana")
    asked = [answered(client, True)["run"] for _ in range(30)]
    number = client.get("/api/class/quiz").json()["number"]
    client.get("/api/class/vote")
    for name in RUNS:
        (tmp_path / "runs" / name / "config.json").unlink()
    room.gallery.look()
    assert client.get(f"/api/class/quiz/{number}.png").status_code == 200  # what is being looked at stays
    answered(client, True)
    assert "every picture" in client.get("/api/class/quiz").json()["said"]
    assert "no two forgers" in client.get("/api/class/vote").json()["said"]
    assert board_of(room)["answers"] == len(asked) + 1


def test_a_run_is_in_the_game_when_it_is_trained_and_with_the_generator_that_it_has(
    room: Room, tmp_path: Path, squares_run: Path
) -> None:
    learning = copy_of(squares_run, tmp_path / "runs" / "late")
    other = json.loads((learning / "config.json").read_text())
    other["spec"]["shape"] = [1, 16, 16]
    (tmp_path / "runs" / "three" / "config.json").write_text(json.dumps(other))
    told = [event for event in RunFolder(squares_run).events() if event.kind != "done"]
    (learning / "events.jsonl").write_bytes(b"".join(line_of(replace(event, time=time.time())) for event in told))
    room.gallery.look()
    assert {run["id"]: run["plays"] for run in board_of(room)["runs"]}["late"] is False
    (learning / "events.jsonl").write_bytes((squares_run / "events.jsonl").read_bytes())
    before = pictures(room, "two")
    train_on(tmp_path / "runs" / "two")
    room.gallery.look()
    runs = {run["id"]: run for run in board_of(room)["runs"]}
    assert runs["late"]["plays"]
    assert runs["three"]["fits"] is False
    assert pictures(room, "two") != before
    assert len(pictures(room, "two")) == gallery.FAKES


def pictures(room: Room, run: str) -> list[bytes]:
    with room.store.reading() as db:
        return [png for (png,) in db.execute("SELECT png FROM picture WHERE run = ?", (run,))]


TEACHERS = [("GET", "/teacher"), ("POST", "/teacher/forget"), ("POST", "/teacher/door"), ("POST", "/teacher/out/1")]


def test_pupils_do_not_reach_what_is_the_teachers(room: Room) -> None:
    ana = pupil_of(room, "Ana")
    ana.cookies.set("class_teacher", "guess")
    for client in (ana, browser_of(room)):
        for method, path in TEACHERS:
            assert client.request(method, path, json={"open": False}).status_code == 404, path
        for guess in ("", "x", room.secret[:-1], f"{room.secret}x", "%00", "é" * 300):
            assert client.get(f"/teacher/{guess}").status_code in (404, 307), guess
    assert "set-cookie" not in browser_of(room).get("/teacher/x").headers
    assert [pupil["name"] for pupil in board_of(room)["pupils"]] == ["Ana"]
    answer = teacher_of(room).get("/teacher")
    assert answer.status_code == 200
    assert room.secret not in answer.text  # a class sees this page on the wall


def test_strangers_see_nothing_of_the_class(room: Room) -> None:
    pupil_of(room, "Ana")
    for path in ("board", "me", "quiz", "vote", "quiz/0.png", "vote/0/left.png", "runs/one/0.png"):
        assert browser_of(room).get(f"/api/class/{path}").status_code == 401, path
    assert "Ana" not in browser_of(room).get("/").text
    for path in ("/api/runs", "/runs/one", "/api/generate", "/api/openapi.json", "/api/class/runs/..%2fx/0.png"):
        assert pupil_of(room, f"P {path}"[:20]).get(path).status_code == 404, path


def test_another_pupils_questions_are_not_reached(room: Room) -> None:
    ana, ben = pupil_of(room, "Ana"), pupil_of(room, "Ben")
    number = ana.get("/api/class/quiz").json()["number"]
    assert ben.get(f"/api/class/quiz/{number}.png").status_code == 404
    assert ben.post(f"/api/class/quiz/{number}", json={"said_real": True}).status_code == 404


@pytest.mark.parametrize("name", ["<script>alert(1)", "</script><b>", '"><img src=x>', "{{7*7}}", "'; DROP x", "a&b;c"])
def test_a_name_is_text_wherever_it_is_shown(room: Room, name: str) -> None:
    client = pupil_of(room, name)
    html = client.get("/").text
    assert f"<bdi>{escape(name)}</bdi>" in html
    assert (name in html.replace(str(escape(name)), "")) is False
    board = client.get("/api/class/board")
    assert board.headers["content-type"] == "application/json"
    assert [pupil["name"] for pupil in board.json()["pupils"]] == [name]
    assert "default-src 'none'" in board.headers["content-security-policy"]


def test_names_that_look_alike_are_refused_until_the_first_has_gone(room: Room) -> None:
    ana = pupil_of(room, "Ana")
    for name in ("Ana", "ANA", "Aná", "a n a", "An\u200ba"):
        answer = browser_of(room).post("/api/class/join", json={"name": name})
        assert (answer.status_code, "looks like" in answer.json()["detail"]) == (409, True), name
    french = browser_of(room).post("/api/class/join?lang=fr", json={"name": "Ana"}).json()["detail"]
    assert "ressemble" in french
    ana.post("/api/class/forget")
    pupil_of(room, "ANA")


def test_what_a_pupil_sends_is_bounded(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    client = pupil_of(room, "Ana")
    for sent in ({"name": "x" * 300}, {"name": 3}, {"name": "Ben", "admin": True}, {}, []):
        assert browser_of(room).post("/api/class/join", json=sent).status_code == 422
    number = client.get("/api/class/quiz").json()["number"]
    for said in ({"said_real": "yes"}, {"said_real": 1}, {}, {"said_real": True, "right": True}):
        assert client.post(f"/api/class/quiz/{number}", json=said).status_code == 422
    assert client.post("/api/class/vote/0", json={"better": "both"}).status_code == 422
    for odd in (-1, 10**6, 2**64, "x"):
        assert client.get(f"/api/class/quiz/{odd}.png").status_code == 422
        assert client.post(f"/api/class/vote/{odd}", json={"better": "left"}).status_code == 422
    monkeypatch.setattr(questions, "MAX_ANSWERS", 3)
    monkeypatch.setattr(votes, "MAX_VOTES", 1)
    monkeypatch.setattr(pupils, "MAX_PUPILS", 2)
    for _ in range(3):
        answered(client, True)
    voted(client, "left")
    assert "all 3 questions" in client.get("/api/class/quiz").json()["said"]
    assert "voted 1 times" in client.get("/api/class/vote").json()["said"]
    pupil_of(room, "Ben")
    full = browser_of(room).post("/api/class/join", json={"name": "Carl"})
    assert (full.status_code, full.json()["detail"]) == (409, "the class is full: 2 are in it")


def test_a_pupil_answers_at_most_so_often_in_a_second_and_no_answer_is_lost(
    tmp_path: Path, squares_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(pupils, "monotonic", lambda: now[0])
    with class_of(squares_run, tmp_path / "runs", runs=("one",)) as room:
        client, other = pupil_of(room, "Ana"), pupil_of(room, "Ben")
        assert [answered(client, True)["score"]["of"] for _ in range(pupils.PER_SECOND)] == [1, 2, 3, 4]
        number = client.get("/api/class/quiz").json()["number"]
        refused = client.post(f"/api/class/quiz/{number}", json={"said_real": True})
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert answered(other, True)["score"]["of"] == 1
        now[0] += 1.0
        assert client.get("/api/class/quiz").json()["number"] == number
        assert answered(client, True)["score"]["of"] == 5


def test_the_file_grows_no_larger_than_it_may(room: Room) -> None:
    with room.store.reading() as db:
        size, most, pages = (db.execute(f"PRAGMA {name}").fetchone()[0]
                             for name in ("page_size", "max_page_count", "page_count"))  # fmt: skip
        db.execute(f"PRAGMA max_page_count={pages}")
    assert size * most == store.MOST_BYTES
    with pytest.raises(RequestError, match="cannot be kept: database or disk is full"), room.store.writing() as db:
        db.execute("INSERT INTO fact VALUES ('large', ?)", ("x" * 99_999,))
    assert board_of(room)["pupils"] == []  # what is there can be read


def traces(folder: Path, *names: str) -> list[str]:
    """Return which names stand in any file of the store, byte by byte."""
    content = b"".join(path.read_bytes() for path in folder.glob(f"{NAME}*"))
    return [name for name in names if name.encode() in content]


def test_a_pupil_is_forgotten_to_the_last_byte(room: Room, tmp_path: Path) -> None:
    ana, ben = pupil_of(room, "Anastasia-Unforgotten"), pupil_of(room, "Benedikt-Remembered")
    for client in (ana, ben):
        answered(client, True)
        voted(client, "left")
    token = ana.cookies["class_pupil"]
    assert traces(tmp_path / "runs", "Anastasia", "Benedikt") == ["Anastasia", "Benedikt"]
    assert traces(tmp_path / "runs", token) == []
    assert ana.post("/api/class/forget").status_code == 200
    assert traces(tmp_path / "runs", "Anastasia", "Unforgotten", "Benedikt") == ["Benedikt"]
    board = board_of(room)
    assert ([pupil["name"] for pupil in board["pupils"]], board["answers"], board["votes"]) == (
        ["Benedikt-Remembered"], 1, 1,
    )  # fmt: skip
    ana.cookies.set("class_pupil", token)
    assert ana.get("/api/class/me").status_code == 401


def test_the_teacher_has_everything_forgotten_and_the_lesson_goes_on(room: Room, tmp_path: Path) -> None:
    ana, teacher = pupil_of(room, "Anastasia-Unforgotten"), teacher_of(room)
    answered(ana, True)
    assert teacher.post("/teacher/forget").status_code == 200
    assert traces(tmp_path / "runs", "Anastasia", "Unforgotten") == []
    assert ana.get("/api/class/me").status_code == 401
    board = board_of(room)
    assert (board["pupils"], board["answers"], len(board["runs"])) == ([], 0, 3)
    room.gallery.look()
    assert answered(pupil_of(room, "Anastasia"), True)["score"]["of"] == 1


def test_nothing_of_a_person_is_kept_but_the_pseudonym(room: Room, tmp_path: Path) -> None:
    client = browser_of(room)
    client.headers["User-Agent"] = "A-Browser/9"
    client.headers["X-Forwarded-For"] = "203.0.113.77"
    client.post("/api/class/join", json={"name": "Ana"})
    answered(client, True)
    assert traces(tmp_path / "runs", "A-Browser", "203.0.113.77", "testclient", client.cookies["class_pupil"]) == []
    with room.store.reading() as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(pupil)")]
    assert columns == ["id", "token", "name", "skeleton"]
    assert (tmp_path / "runs" / NAME).stat().st_mode & 0o077 == 0


def test_the_teacher_closes_the_door_and_sends_somebody_out(room: Room) -> None:
    ana, teacher = pupil_of(room, "Ana"), teacher_of(room)
    answered(ana, True)
    assert teacher.post("/teacher/door", json={"open": False}).json() == {"open": False}
    closed = browser_of(room).post("/api/class/join", json={"name": "Ben"})
    assert (closed.status_code, "closed" in closed.json()["detail"]) == (403, True)
    assert answered(ana, True)["score"]["of"] == 2
    teacher.post("/teacher/door", json={"open": True})
    pupil_of(room, "Ben")
    ids = {pupil["name"]: pupil["id"] for pupil in board_of(room)["pupils"]}
    teacher.post(f"/teacher/out/{ids['Ana']}")
    assert ana.get("/api/class/quiz").status_code == 401
    assert [pupil["name"] for pupil in board_of(room)["pupils"]] == ["Ben"]


def test_other_sites_are_not_obeyed(room: Room) -> None:
    teacher, ana = teacher_of(room), pupil_of(room, "Ana")
    for client, path in ((teacher, "/teacher/forget"), (ana, "/api/class/forget")):
        for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert client.post(path, headers=headers).status_code == 403
        assert client.get(path).status_code in (404, 405)
    assert ana.get("/", headers={"Host": "evil.example"}).status_code == 421


def test_a_class_goes_on_with_another_server_and_is_open_in_one_alone(room: Room, tmp_path: Path) -> None:
    client = pupil_of(room, "Ana")
    answered(client, True)
    open_number = client.get("/api/class/quiz").json()["number"]
    with pytest.raises(ConfigError, match="another server has this class open"):
        Store(tmp_path / "runs" / NAME)
    room.store.close()
    again = furnished(room.gallery.dataset, room.lesson)
    known = browser_of(again)
    known.cookies.set("class_pupil", client.cookies["class_pupil"])
    asked = known.get("/api/class/quiz").json()
    assert asked == {"number": open_number, "shown": None, "score": client_score(again, "Ana")}
    assert known.get(f"/api/class/quiz/{open_number}.png").status_code == 200
    assert board_of(again)["answers"] == 1
    again.store.close()


def client_score(room: Room, name: str) -> dict[str, Any]:
    pupil = next(pupil for pupil in board_of(room)["pupils"] if pupil["name"] == name)
    return {key: pupil[key] for key in ("right", "of", "low", "high")}


def test_other_data_in_the_same_folder_has_its_own_reals(room: Room, tmp_path: Path) -> None:
    before = pictures(room, "")
    room.gallery.dataset = replace(room.gallery.dataset, fingerprint="another")
    room.gallery.hang_reals()
    assert len(pictures(room, "")) == len(before) == 54  # of 60, 6 are held out


def test_a_folder_that_is_a_run_is_no_folder_of_runs(room: Room, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a run itself: name the folder that it lies in"):
        furnished(room.gallery.dataset, replace(room.lesson, runs=tmp_path / "runs" / "one"))


def test_a_damaged_file_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"no database at all, and long enough to be looked at" * 99)
    with pytest.raises(
        ConfigError, match=r"cannot keep a class in .*class\.sqlite: file is not a database; name another"
    ):
        Store(tmp_path / NAME)


def test_a_write_that_fails_leaves_nothing_behind(room: Room) -> None:
    def fail() -> None:
        with room.store.writing() as db:
            db.execute("INSERT INTO fact VALUES ('half', '')")
            raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(RequestError, match="answers cannot be kept: disk I/O error"):
        fail()
    with room.store.reading() as db:
        assert db.execute("SELECT COUNT(*) FROM fact WHERE name = 'half'").fetchone() == (0,)
