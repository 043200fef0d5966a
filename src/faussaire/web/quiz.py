"""Be the discriminator: twenty images, real or fake? The visitor's score beside D's own.

The images are drawn from the 64 reals of `reals.png` and 64 fakes of the generator as it stands; both go through the
same encoder and have addresses that do not tell. Answers are kept per run in `quiz.sqlite` (WAL: readers never wait for
a writer).
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from faussaire.errors import RequestError
from faussaire.web.examiner import Pool, pool_of
from faussaire.web.generate import Format, Run, encode
from faussaire.web.quiz_store import QUESTIONS, Quiz, QuizStore
from faussaire.web.studio import Studio, StudioDep

MOST_FOOLING = 6

router = APIRouter(prefix="/api/quiz", tags=["quiz"])
QuizId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


class Answers(BaseModel):
    """What a visitor took each image for."""

    model_config = ConfigDict(extra="forbid")

    said_real: Annotated[list[bool], Field(min_length=QUESTIONS, max_length=QUESTIONS)]


@router.post("", status_code=201)
async def begin(studio: StudioDep, run: Run = None) -> dict[str, Any]:
    """Begin a quiz: its images are at /api/quiz/{id}/0.png to 19.png."""
    pool, store = await _open(studio, run)
    quiz = await asyncio.to_thread(store.begin, pool.nimg, len(pool.reals), len(pool.fakes))
    return {"id": quiz.id, "questions": QUESTIONS, "run": studio.library.run(run).path.name}


@router.get("/{quiz_id}/{number}.png", response_class=Response, responses={200: {"content": {"image/png": {}}}})
async def image(studio: StudioDep, quiz_id: QuizId, number: int, run: Run = None) -> Response:
    """Return an image of a quiz."""
    pool, store = await _open(studio, run)
    quiz = await asyncio.to_thread(store.get, quiz_id)
    if not 0 <= number < QUESTIONS:
        raise RequestError(404, f"a quiz has images 0 to {QUESTIONS - 1}")
    _check_current(quiz, pool)
    return Response(encode(pool.image(*quiz.questions[number])[None], Format.png), media_type="image/png")


@router.post("/{quiz_id}/answers")
async def answer(studio: StudioDep, quiz_id: QuizId, answers: Answers, run: Run = None) -> dict[str, Any]:
    """Answer every question of a quiz, once; get the truth, and how the discriminator itself did."""
    pool, store = await _open(studio, run)
    quiz = await asyncio.to_thread(store.get, quiz_id)
    _check_current(quiz, pool)
    await asyncio.to_thread(store.answer, quiz, answers.said_real)
    truth = [kind == "real" for kind, _ in quiz.questions]
    said_by_D = None if pool.verdicts is None else [pool.verdicts[kind][index] for kind, index in quiz.questions]
    return {
        "truth": truth,
        "said_by_D": said_by_D,
        "score": scored(truth, answers.said_real),
        "score_of_D": None if said_by_D is None else scored(truth, said_by_D),
        "everybody": await asyncio.to_thread(store.everybody),
        "fooling": await asyncio.to_thread(store.fooling, pool.nimg, MOST_FOOLING),
    }


@router.get("/pool/{kind}/{index}.png", response_class=Response, responses={200: {"content": {"image/png": {}}}})
async def pool_image(studio: StudioDep, kind: str, index: int, run: Run = None) -> Response:
    """Return an image that may be asked about, by its name in the answers."""
    pool, _ = await _open(studio, run)
    if kind not in ("real", "fake") or not 0 <= index < len(pool.reals if kind == "real" else pool.fakes):
        raise RequestError(404, "no such image")
    return Response(encode(pool.image(kind, index)[None], Format.png), media_type="image/png")


async def _open(studio: Studio, run_id: str | None) -> tuple[Pool, QuizStore]:
    """Return the images that may be asked about, and where answers are kept."""
    run = studio.library.run(run_id)
    model = await studio.models.of(run)
    if "pool" not in model.memory:
        model.memory["pool"] = await asyncio.get_running_loop().run_in_executor(
            studio.models.thread, pool_of, run, model.generator
        )
    return model.memory["pool"], QuizStore(run.path / "quiz.sqlite")


def _check_current(quiz: Quiz, pool: Pool) -> None:
    """Raise RequestError where the generator has learnt on since a quiz began: its fakes are gone."""
    if quiz.nimg != pool.nimg:
        raise RequestError(409, "the generator has learnt since this quiz began; begin another")


def scored(truth: list[bool], said: list[bool]) -> dict[str, Any]:
    """Return how many answers are right, and Wilson's interval of the share."""
    from faussaire.core.intervals import wilson

    right = sum(a == b for a, b in zip(truth, said, strict=True))
    estimate = wilson(right, len(truth))
    return {"right": right, "of": len(truth), "low": round(estimate.low, 4), "high": round(estimate.high, 4)}
