"""Be the discriminator: fair questions, answers kept once, a score with its interval beside D's own."""

from __future__ import annotations

import io
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from faussaire.core.intervals import wilson
from faussaire.generator import Generator
from faussaire.modalities.image import enlarge, grid, tiles
from faussaire.run import RunFolder
from faussaire.web.examiner import pool_of
from web_client import client_of, copy_of


@pytest.fixture
def run(tmp_path: Path, squares_run: Path) -> Path:
    return copy_of(squares_run, tmp_path / "r")


@pytest.fixture
def client(run: Path) -> TestClient:
    return client_of(run)


@pytest.mark.parametrize(("count", "height", "width", "channels"), [(64, 28, 28, 1), (7, 12, 12, 3), (5, 64, 64, 3)])
def test_tiles_undoes_grid(count: int, height: int, width: int, channels: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (count, height, width, channels), np.uint8)
    assert np.array_equal(tiles(grid(enlarge(images)), count, height=height, width=width), images)


def test_the_reals_are_those_of_the_data(squares_run: Path) -> None:
    pool = pool_of(RunFolder(squares_run), Generator.load(squares_run))
    data = np.load(squares_run.parents[1] / "squares.npy")
    assert pool.reals.shape == (60, 12, 12, 1)
    assert {image.tobytes() for image in pool.reals} == {image.tobytes() for image in data}
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
    assert result["score"] == {"right": right, "of": 20, "low": round(interval.low, 4), "high": round(interval.high, 4)}
    by_D = sum(a == b for a, b in zip(result["said_by_D"], result["truth"], strict=True))
    assert result["score_of_D"]["right"] == by_D
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
    assert client.get(f"/api/quiz/pool/fake/{first['image']}.png").status_code == 200


def test_a_quiz_whose_generator_has_learnt_on_is_over(run: Path, client: TestClient) -> None:
    quiz = client.post("/api/quiz").json()["id"]
    with sqlite3.connect(run / "quiz.sqlite") as db:
        db.execute("UPDATE quiz SET nimg = 1")
    db.close()
    assert client.get(f"/api/quiz/{quiz}/0.png").status_code == 409
    assert client.post(f"/api/quiz/{quiz}/answers", json={"said_real": [True] * 20}).status_code == 409


def test_a_run_whose_discriminator_is_gone_still_has_its_quiz(run: Path, client: TestClient) -> None:
    for path in (run / "checkpoints").rglob("*.safetensors"):
        path.unlink()
    quiz = client.post("/api/quiz").json()["id"]
    result = client.post(f"/api/quiz/{quiz}/answers", json={"said_real": [True] * 20}).json()
    assert result["said_by_D"] is result["score_of_D"] is None


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
    "address", ["x/0.png", "0" * 32 + "/0.png", "pool/real/64.png", "pool/else/0.png", "pool/real/-1.png"]
)
def test_what_is_not_there_is_not_found(client: TestClient, address: str) -> None:
    assert client.get(f"/api/quiz/{address}").status_code in (404, 422)
