"""What pupils may ask for: to join, to train, to be asked, to vote, to see the board, to be forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from faussaire.core.errors import RequestError
from faussaire.core.intervals import wilson
from faussaire.views.web.classroom.pseudonyms import MOST_LETTERS, MOST_SENT
from faussaire.views.web.classroom.pupils import Pupil
from faussaire.views.web.classroom.questions import MAX_ANSWERS
from faussaire.views.web.classroom.room import PUPIL, PupilDep, Room, RoomDep, somebody
from faussaire.views.web.classroom.votes import MAX_VOTES, Side
from faussaire.views.web.classroom.workshop import Choices
from faussaire.views.web.library import served_file
from faussaire.views.web.pages.render import page
from faussaire.views.web.pages.texts import language_of
from faussaire.views.web.server.problems import said_of

DAY_SECONDS = 86_400
Number = Annotated[int, Path(ge=0, lt=max(MAX_ANSWERS, MAX_VOTES))]
Nimg = Annotated[int, Path(ge=0, lt=10**12)]

pages = APIRouter(include_in_schema=False)
router = APIRouter(prefix="/api/class", include_in_schema=False)


class Joining(BaseModel):
    """Who somebody wants to be."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=MOST_SENT)


class Said(BaseModel):
    """What a picture was taken for."""

    model_config = ConfigDict(extra="forbid")

    said_real: StrictBool


class Better(BaseModel):
    """Which of two was preferred."""

    model_config = ConfigDict(extra="forbid")

    better: Side


@pages.get("/")
def pupil_page(request: Request, room: RoomDep) -> Response:
    """Show the page of a pupil: at first, the door."""
    pupil = room.register.known(request.cookies.get(PUPIL, ""))
    return page(request, "class.html.j2", me=pupil, most=MOST_LETTERS, room=room)


@router.post("/join", status_code=201)
def join(room: RoomDep, asked: Joining, response: Response) -> dict[str, str]:
    """Join the class; the browser is known again by a cookie that is random."""
    pupil, token = room.register.join(asked.name)
    room.board.forget()
    response.set_cookie(PUPIL, token, max_age=DAY_SECONDS, samesite="lax", httponly=True)
    return {"name": pupil.name}


@router.post("/forget")
def forget(room: RoomDep, pupil: PupilDep, response: Response) -> dict[str, bool]:
    """Delete all that is known of the pupil who asks."""
    room.register.forget(pupil.id)
    room.board.forget()
    response.delete_cookie(PUPIL)
    return {"forgotten": True}


@router.get("/me")
def me(room: RoomDep, pupil: PupilDep) -> dict[str, Any]:
    """Say who is asking, and which runs are theirs."""
    return {"id": pupil.id, "name": pupil.name}


@router.get("/board", dependencies=[Depends(somebody)])
def board(room: RoomDep) -> Response:
    """Return the board."""
    return Response(room.board.as_json(), media_type="application/json")


@router.get("/runs/{run_id}/{nimg}.png", dependencies=[Depends(somebody)])
def run_picture(room: RoomDep, run_id: str, nimg: Nimg) -> Response:
    """Return the picture of the samples of a run after so many images."""
    path = served_file(room.library.run(run_id), f"samples/{nimg:012d}.png")
    return FileResponse(path, headers={"Cache-Control": "private, max-age=86400"})


@router.post("/training", status_code=202)
def train(room: RoomDep, pupil: PupilDep, choices: Choices) -> dict[str, bool]:
    """Put a training in line."""
    room.register.check_pace(pupil)
    room.workshop.ask(pupil, choices)
    room.board.forget()
    return {"waiting": True}


@router.get("/quiz")
def question(request: Request, room: RoomDep, pupil: PupilDep) -> dict[str, Any]:
    """Return the number of the open question (its picture: /api/class/quiz/{number}.png), or why there is none."""
    asked = _asked(request, lambda: room.questions.next(pupil))
    return asked | {"shown": room.shown, "score": _score(room, pupil)}


@router.get("/quiz/{number}.png")
def question_picture(room: RoomDep, pupil: PupilDep, number: Number) -> Response:
    """Return the picture of a question."""
    return Response(room.questions.picture(pupil, number), media_type="image/png")


@router.get("/quiz/{number}.file")
def question_file(room: RoomDep, pupil: PupilDep, number: Number) -> Response:
    """Return what is played or read beside it."""
    media_type, content = room.questions.file(pupil, number)
    return Response(content, media_type=media_type)


@router.post("/quiz/{number}")
def answer(room: RoomDep, pupil: PupilDep, number: Number, said: Said) -> dict[str, Any]:
    """Answer a question; what counts is the first answer, and it is told again to whoever sends another."""
    room.register.check_pace(pupil)
    kept = room.questions.answer(pupil, number, said.said_real)
    told = {"right": kept.right, "real": kept.run == "", "run": kept.run or None, "said_real": kept.said_real}
    return told | {"score": _score(room, pupil)}


@router.get("/vote")
def pair(request: Request, room: RoomDep, pupil: PupilDep) -> dict[str, Any]:
    """Return the number of the open pair (its pictures: /api/class/vote/{number}/left.png, right.png), or why none."""
    return _asked(request, lambda: room.votes.next(pupil))


@router.get("/vote/{number}/{side}.png")
def pair_picture(room: RoomDep, pupil: PupilDep, number: Number, side: Side) -> Response:
    """Return samples of one of a pair."""
    return Response(room.votes.sheet(pupil, number, side), media_type="image/png")


@router.post("/vote/{number}")
def vote(room: RoomDep, pupil: PupilDep, number: Number, preferred: Better) -> dict[str, str]:
    """Vote on a pair; the first vote counts."""
    room.register.check_pace(pupil)
    kept = room.votes.vote(pupil, number, preferred.better)
    return {"left": kept.left, "right": kept.right, "won": kept.won}


def _asked(request: Request, next_one: Callable[[], int]) -> dict[str, Any]:
    """Return the number of what is asked next, or why there is nothing for now, which is no error of whoever asks."""
    try:
        return {"number": next_one()}
    except RequestError as error:
        if error.status not in (409, 410):
            raise
        return {"number": None, "said": said_of(error, language_of(request))}


def _score(room: Room, pupil: Pupil) -> dict[str, float]:
    """Return how many answers of a pupil are right, with Wilson's interval."""
    with room.store.reading() as db:
        right, of = db.execute(
            "SELECT COALESCE(SUM(said_real = (run = '')), 0), COUNT(said_real) FROM answer WHERE pupil = ?", (pupil.id,)
        ).fetchone()
    if not of:
        return {"right": 0, "of": 0}
    estimate = wilson(right, of)
    return {"right": right, "of": of, "low": round(estimate.low, 4), "high": round(estimate.high, 4)}
