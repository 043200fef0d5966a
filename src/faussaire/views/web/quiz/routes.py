"""Be the discriminator: twenty images, real or fake? The visitor's tally beside D's own.

The images are drawn from the 64 reals of `reals.png` and 64 fakes of the generator as it stands when the quiz begins;
both go through the same encoder and have addresses that do not tell. They are kept with D's verdicts on them and all
answers (see `quiz_store`), so that a quiz can be finished whatever the training does meanwhile.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from faussaire.core.errors import RequestError
from faussaire.runs.folder import RunFolder
from faussaire.views.web.api.generate import Run
from faussaire.views.web.library import id_of
from faussaire.views.web.quiz.pool import MOST, Pool, pool_of
from faussaire.views.web.quiz.store import QUESTIONS, QuizStore
from faussaire.views.web.shared import Shared, SharedDep

MOST_FOOLING = 6

router = APIRouter(prefix="/api/quiz", tags=["quiz"])
QuizId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
PoolNumber = Annotated[int, Path(ge=0, lt=MOST)]


class Answers(BaseModel):
    """What a visitor took each image for."""

    model_config = ConfigDict(extra="forbid")

    said_real: Annotated[list[bool], Field(min_length=QUESTIONS, max_length=QUESTIONS)]


@router.post("", status_code=201)
async def begin(shared: SharedDep, run: Run = None) -> dict[str, Any]:
    """Begin a quiz: its images are at /api/quiz/{id}/0.png to 19.png, for an hour at least."""
    folder = shared.library.run(run)
    pool = await _current(shared, folder)
    quiz = await asyncio.to_thread(_store(folder).begin, pool)
    form = pool.modality.shown_form
    shown = None if form is None else form.shown.value
    return {"id": quiz.id, "questions": QUESTIONS, "run": id_of(folder.path), "shown": shown}


@router.get("/{quiz_id}/{number}.png", response_class=Response, responses={200: {"content": {"image/png": {}}}})
def image(shared: SharedDep, quiz_id: QuizId, number: int, run: Run = None) -> Response:
    """Return an image of a quiz."""
    store = _store(shared.library.run(run))
    quiz = store.get(quiz_id)
    if not 0 <= number < QUESTIONS:
        raise RequestError(404, "a quiz has images 0 to {last}", last=QUESTIONS - 1)
    return Response(store.picture(quiz, *quiz.questions[number]), media_type="image/png")


@router.get("/{quiz_id}/{number}.file", response_class=Response)
def file(shared: SharedDep, quiz_id: QuizId, number: int, run: Run = None) -> Response:
    """Return what is played or read beside an image of a quiz: a sound, or a line of text."""
    store = _store(shared.library.run(run))
    quiz = store.get(quiz_id)
    if not 0 <= number < QUESTIONS:
        raise RequestError(404, "a quiz has images 0 to {last}", last=QUESTIONS - 1)
    media_type, content = store.file(quiz, *quiz.questions[number])
    return Response(content, media_type=media_type)


@router.post("/{quiz_id}/answers")
def answer(shared: SharedDep, quiz_id: QuizId, answers: Answers, run: Run = None) -> dict[str, Any]:
    """Answer every question of a quiz, once; get the truth, and how the discriminator itself did."""
    store = _store(shared.library.run(run))
    store.answer(store.get(quiz_id), answers.said_real)
    return _result(store, quiz_id)


@router.get("/{quiz_id}/answers")
def result(shared: SharedDep, quiz_id: QuizId, run: Run = None) -> dict[str, Any]:
    """Return once more what was answered to the answers of a quiz."""
    return _result(_store(shared.library.run(run)), quiz_id)


@router.get(
    "/{quiz_id}/pool/{kind}/{number}.png", response_class=Response, responses={200: {"content": {"image/png": {}}}}
)
def pool_image(
    shared: SharedDep, quiz_id: QuizId, kind: Literal["real", "fake"], number: PoolNumber, run: Run = None
) -> Response:
    """Return an image that might have been asked about in a quiz, by its name in the answers."""
    store = _store(shared.library.run(run))
    return Response(store.picture(store.get(quiz_id), kind, number), media_type="image/png")


def _store(run: RunFolder) -> QuizStore:
    return QuizStore(run.path / "quiz.sqlite")


async def _current(shared: Shared, run: RunFolder) -> Pool:
    """Return the images that a quiz that begins now may ask about."""
    loaded = await shared.generators.newest(run)

    def gather() -> Pool:
        if "pool" not in loaded.memory:
            loaded.memory["pool"] = pool_of(run, loaded.generator)
        pool: Pool = loaded.memory["pool"]
        return pool

    return await asyncio.get_running_loop().run_in_executor(shared.generators.thread, gather)


def _result(store: QuizStore, quiz_id: str) -> dict[str, Any]:
    """Return how a quiz was answered.

    Raises:
        RequestError: it was not.
    """
    quiz = store.get(quiz_id)
    if quiz.said_real is None:
        raise RequestError(409, "this quiz is not answered yet")
    truth = [kind == "real" for kind, _ in quiz.questions]
    said_by_D = store.said_by_D(quiz)
    return {
        "said_real": quiz.said_real,
        "truth": truth,
        "said_by_D": said_by_D,
        "tally": tally(truth, quiz.said_real),
        "tally_of_D": None if said_by_D is None else tally(truth, said_by_D),
        "everybody": store.everybody(),
        "fooling": store.fooling(quiz, MOST_FOOLING),
    }


def tally(truth: list[bool], said: list[bool]) -> dict[str, Any]:
    """Return how many answers are right, and Wilson's interval of the share."""
    from faussaire.core.intervals import wilson

    right = sum(a == b for a, b in zip(truth, said, strict=True))
    estimate = wilson(right, len(truth))
    return {"right": right, "of": len(truth), "low": round(estimate.low, 4), "high": round(estimate.high, 4)}
