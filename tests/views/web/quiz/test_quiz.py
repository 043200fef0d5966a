"""Be the discriminator: fair questions, answers kept once, a score with its interval beside D's own."""

from __future__ import annotations

import io
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from faussaire.core.intervals import wilson
from faussaire.data.preparation import prepare
from faussaire.generation.generator import Generator
from faussaire.modalities import modality
from faussaire.runs.folder import RunFolder
from faussaire.views.web.quiz import store
from faussaire.views.web.quiz.pool import KINDS, pool_of
from web_client import client_of, copy_of, train_on

IMAGE = modality("image")


@pytest.fixture
def run(tmp_path: Path, squares_run: Path) -> Path:
    return copy_of(squares_run, tmp_path / "r")


@pytest.fixture
def client(run: Path) -> TestClient:
    return client_of(run)


@pytest.mark.parametrize(("count", "height", "width", "channels"), [(64, 28, 28, 1), (7, 12, 12, 3), (5, 64, 64, 3)])
def test_reread_undoes_sheet(count: int, height: int, width: int, channels: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (count, height, width, channels), np.uint8)
    assert np.array_equal(IMAGE.reread(IMAGE.sheet(images), count, (channels, height, width)), images)


def test_the_reals_are_those_of_the_data(squares_run: Path) -> None:
    pool = pool_of(RunFolder(squares_run), Generator.load(squares_run))
    data = prepare(squares_run.parents[1] / "squares.npy")
    training, held_out = ({row.tobytes() for row in part[:]} for part in (data.images, data.held_out))
    assert pool.reals.shape == (54, 12, 12, 1)
    assert {image.tobytes() for image in pool.reals} == training
    assert len(held_out - training) == 6
    assert training | held_out == {image.tobytes() for image in np.load(squares_run.parents[1] / "squares.npy")}
    assert pool.verdicts is not None
    assert len(pool.verdicts["fake"]) == len(pool.fakes) == 64


def test_a_quiz_from_its_beginning_to_its_end(run: Path, client: TestClient) -> None:
    begun = client.post("/api/quiz")
    assert begun.status_code == 201
    quiz = begun.json()
    pictures = [client.get(f"/api/quiz/{quiz['id']}/{i}.png") for i in range(quiz["questions"])]
    assert {answer.status_code for answer in pictures} == {200}
    sizes = {Image.open(io.BytesIO(answer.content)).size for answer in pictures}
    assert sizes == {(12, 12)}
    assert len({answer.content for answer in pictures}) == 20
    said = [i % 2 == 0 for i in range(20)]
    result = client.post(f"/api/quiz/{quiz['id']}/answers", json={"said_real": said}).json()
    right = sum(a == b for a, b in zip(said, result["truth"], strict=True))
    interval = wilson(right, 20)
    assert result["tally"] == {"right": right, "of": 20, "low": round(interval.low, 4), "high": round(interval.high, 4)}
    by_D = sum(a == b for a, b in zip(result["said_by_D"], result["truth"], strict=True))
    assert result["tally_of_D"]["right"] == by_D
    assert result["everybody"] == {"right": right, "of": 20, "quizzes": 1}
    again = client.post(f"/api/quiz/{quiz['id']}/answers", json={"said_real": said})
    assert again.status_code == 409
    with sqlite3.connect(run / "quiz.sqlite") as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("SELECT COUNT(*) FROM answer").fetchone() == (20,)
    db.close()


def test_images_that_fool_most_people_are_named(client: TestClient) -> None:
    for _ in range(12):
        quiz = client.post("/api/quiz").json()["id"]
        result = client.post(f"/api/quiz/{quiz}/answers", json={"said_real": [True] * 20}).json()
    fooling = result["fooling"]
    assert fooling
    assert {image["kind"] for image in fooling} == {"fake"}  # every fake was taken for real
    assert all(image["wrong"] == image["asked"] >= 3 for image in fooling)
    first = fooling[0]
    assert client.get(f"/api/quiz/{quiz}/pool/fake/{first['image']}.png").status_code == 200


def begun(client: TestClient) -> tuple[str, list[bytes]]:
    """Begin a quiz; return its id and its images."""
    quiz = client.post("/api/quiz").json()
    answers = [client.get(f"/api/quiz/{quiz['id']}/{i}.png") for i in range(quiz["questions"])]
    assert {answer.status_code for answer in answers} == {200}
    return quiz["id"], [answer.content for answer in answers]


def test_a_quiz_is_finished_though_the_training_goes_on(run: Path, client: TestClient) -> None:
    quiz, images = begun(client)
    pool = pool_of(RunFolder(run), Generator.load(run))
    assert pool.verdicts is not None
    taken = {kind: dict(zip(pool.pictures(kind), pool.verdicts[kind], strict=True)) for kind in KINDS}
    truth = [image in taken["real"] for image in images]
    for _ in range(3):
        train_on(run)
        other, _ = begun(client)
        assert other != quiz
    assert [client.get(f"/api/quiz/{quiz}/{i}.png").content for i in range(20)] == images
    said = [i % 3 == 0 for i in range(20)]
    result = client.post(f"/api/quiz/{quiz}/answers", json={"said_real": said}).json()
    assert result["truth"] == truth
    assert result["tally"]["right"] == sum(a == b for a, b in zip(said, truth, strict=True))
    assert result["said_by_D"] == [(taken["real"] | taken["fake"])[image] for image in images]  # the D of then
    assert result["everybody"]["quizzes"] == 1
    assert client.get(f"/api/quiz/{quiz}/pool/fake/3.png").status_code == 200


def test_a_quiz_outlives_its_server_its_generator_and_its_reals(run: Path, client: TestClient) -> None:
    quiz, images = begun(client)
    (run / "generator" / "generator.safetensors").unlink()
    (run / "reals.png").unlink()
    shutil.rmtree(run / "checkpoints")
    anew = client_of(run)
    assert [anew.get(f"/api/quiz/{quiz}/{i}.png").content for i in range(20)] == images
    result = anew.post(f"/api/quiz/{quiz}/answers", json={"said_real": [True] * 20})
    assert result.status_code == 200
    assert result.json()["tally_of_D"]["of"] == 20
    assert anew.post("/api/quiz").status_code == 409


def test_two_quizzes_at_once_do_not_touch_each_other(client: TestClient) -> None:
    (one, images), (two, _) = begun(client), begun(client)
    client.post(f"/api/quiz/{two}/answers", json={"said_real": [False] * 20})
    assert [client.get(f"/api/quiz/{one}/{i}.png").content for i in range(20)] == images
    assert client.get(f"/api/quiz/{one}/answers").status_code == 409
    result = client.post(f"/api/quiz/{one}/answers", json={"said_real": [True] * 20}).json()
    assert result["everybody"]["quizzes"] == 2


def test_answers_count_once_and_can_be_read_again(client: TestClient) -> None:
    quiz, _ = begun(client)
    result = client.post(f"/api/quiz/{quiz}/answers", json={"said_real": [True] * 20}).json()
    again = client.post(f"/api/quiz/{quiz}/answers", json={"said_real": [False] * 20})
    assert (again.status_code, "already" in again.json()["detail"]) == (409, True)
    assert client.get(f"/api/quiz/{quiz}/answers").json() == result


def test_a_quiz_of_another_run_of_the_same_name_is_told_to_begin_anew(
    tmp_path: Path, run: Path, client: TestClient, squares_run: Path
) -> None:
    quiz, _ = begun(client)
    shutil.rmtree(run)
    copy_of(squares_run, run)
    said = {"said_real": [True] * 20}
    for answer in (client.get(f"/api/quiz/{quiz}/0.png"), client.post(f"/api/quiz/{quiz}/answers", json=said)):
        assert answer.status_code == 404
        assert "begin another" in answer.json()["detail"]
    assert not (run / "quiz.sqlite").exists()


def rows(run: Path, table: str) -> int:
    with closing(sqlite3.connect(run / "quiz.sqlite")) as db:
        return int(db.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])


def test_quizzes_begun_and_left_take_a_bounded_place(
    run: Path, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MAX_OPEN", 5)
    monkeypatch.setattr(store, "MAX_POOLS", 3)
    monkeypatch.setattr(store, "MAX_FINISHED", 4)
    for i in range(9):
        quiz = client.post("/api/quiz").json()["id"]
        client.post(f"/api/quiz/{quiz}/answers", json={"said_real": [True] * 20})
        client.post("/api/quiz")
        if i < 6:
            train_on(run)
    assert rows(run, "quiz") <= 10
    assert rows(run, "answer") <= 100
    assert rows(run, "pool") == 3
    assert rows(run, "picture") == 3 * (54 + 64)  # of 60 images, 6 are held out


def test_a_quiz_can_be_finished_for_an_hour_and_a_pool_that_nobody_needs_goes(
    run: Path, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiz, _ = begun(client)
    train_on(run)
    client.post("/api/quiz")
    assert rows(run, "pool") == 2
    monkeypatch.setattr(store, "QUIZ_SECONDS", 0.0)
    train_on(run)
    client.post("/api/quiz")
    assert rows(run, "pool") == 1
    assert client.get(f"/api/quiz/{quiz}/0.png").status_code == 404


def test_answers_kept_by_an_earlier_version_still_count(run: Path, client: TestClient) -> None:
    with closing(sqlite3.connect(run / "quiz.sqlite")) as db:
        db.executescript(
            "CREATE TABLE quiz (id TEXT PRIMARY KEY, nimg INTEGER NOT NULL, questions TEXT NOT NULL,"
            " began REAL NOT NULL, finished REAL); CREATE TABLE answer (quiz TEXT NOT NULL REFERENCES quiz (id),"
            " number INTEGER NOT NULL,"
            " nimg INTEGER NOT NULL, kind TEXT NOT NULL, image INTEGER NOT NULL, said_real INTEGER NOT NULL,"
            " PRIMARY KEY (quiz, number));"
            f"INSERT INTO quiz VALUES ('{'a' * 32}', 64, '[[\"real\", 0]]', 1.0, 2.0);"
            f"INSERT INTO quiz VALUES ('{'b' * 32}', 64, '[[\"real\", 0]]', 1.0, NULL);"
            f"INSERT INTO answer VALUES ('{'a' * 32}', 0, 64, 'real', 0, 1);"
        )
    assert client.get(f"/api/quiz/{'b' * 32}/0.png").status_code == 410
    quiz, _ = begun(client)
    result = client.post(f"/api/quiz/{quiz}/answers", json={"said_real": [True] * 20}).json()
    assert result["everybody"]["of"] == 21


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_a_damaged_picture_of_the_reals_is_said(run: Path, client: TestClient, content: bytes) -> None:
    (run / "reals.png").write_bytes(content)
    answer = client.post("/api/quiz")
    assert answer.status_code == 409
    assert "no picture of its real samples" in answer.json()["detail"]


def test_a_run_whose_discriminator_is_gone_still_has_its_quiz(run: Path, client: TestClient) -> None:
    for path in (run / "checkpoints").rglob("*.safetensors"):
        path.unlink()
    quiz = client.post("/api/quiz").json()["id"]
    result = client.post(f"/api/quiz/{quiz}/answers", json={"said_real": [True] * 20}).json()
    assert result["said_by_D"] is result["tally_of_D"] is None


@pytest.mark.parametrize(
    "content",
    [{}, {"said_real": []}, {"said_real": [True] * 21}, {"said_real": "x"}, {"said_real": [True] * 20, "more": 1}, []],
)
def test_answers_of_another_form_are_refused(client: TestClient, content: object) -> None:
    quiz = client.post("/api/quiz").json()["id"]
    answer = client.post(f"/api/quiz/{quiz}/answers", json=content)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "address",
    ["x/0.png", *("0" * 32 + f"/{tail}" for tail in ("0.png", "pool/real/64.png", "pool/else/0.png", "answers"))],
)
def test_what_is_not_there_is_not_found(client: TestClient, address: str) -> None:
    assert client.get(f"/api/quiz/{address}").status_code in (404, 422)
