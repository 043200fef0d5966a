"""What all parts of a class share, and who is asking."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from faussaire.core.errors import ConfigError, RequestError
from faussaire.core.files import make_folder
from faussaire.data import Dataset
from faussaire.modalities import of_spec
from faussaire.views.web.classroom.board import Board
from faussaire.views.web.classroom.gallery import Gallery
from faussaire.views.web.classroom.pupils import Pupil, Register
from faussaire.views.web.classroom.questions import Questions
from faussaire.views.web.classroom.store import NAME, Store
from faussaire.views.web.classroom.votes import Votes
from faussaire.views.web.classroom.workshop import Lesson, Workshop
from faussaire.views.web.library import Library

PUPIL, TEACHER = "class_pupil", "class_teacher"
"""Cookies."""


@dataclass(eq=False, kw_only=True)
class Room:
    """A class, and everything in it."""

    title: str
    """Of the data."""

    lesson: Lesson
    store: Store
    library: Library
    register: Register
    questions: Questions
    votes: Votes
    gallery: Gallery
    workshop: Workshop
    board: Board
    shown: str | None
    """What a page puts beside the picture of a sample: nothing, a player, or text."""

    addresses: list[str] = field(default_factory=list)
    """Links for pupils."""

    secret: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    """Of the teacher."""

    def forget_all(self) -> None:
        """Forget pupils, answers and votes; the pictures are hung anew."""
        self.register.forget_all()
        self.gallery.hang_reals()
        self.board.forget()


def furnished(dataset: Dataset, lesson: Lesson) -> Room:
    """Make the room of a class, in which nothing is at work yet.

    Raises:
        ConfigError: its folder cannot be written, or another server has it.
    """
    make_folder(lesson.runs)
    library = Library(lesson.runs)
    if library.single:
        raise ConfigError(f"--runs {lesson.runs} is a run itself: name the folder that it lies in, or another")
    store = Store(lesson.runs / NAME)
    gallery = Gallery(store, library, dataset)
    form = of_spec(dataset.spec).shown_form
    return Room(
        title=dataset.name,
        lesson=lesson,
        store=store,
        library=library,
        register=Register(store),
        questions=Questions(store),
        votes=Votes(store),
        gallery=gallery,
        workshop=Workshop(store, lesson),
        board=Board(store, library, gallery),
        shown=None if form is None else form.shown.value,
    )


@contextmanager
def at_work(room: Room) -> Iterator[None]:
    """Let the threads of a class work; at the end of the block they have stopped, and the store is closed."""
    workers = (room.workshop.worker, room.gallery.worker)
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        for worker in workers:
            worker.close()
        room.store.close()


async def room_of(request: Request) -> Room:
    """Return the class; async, or it would cost a thread each time."""
    room: Room = request.app.state.room
    return room


RoomDep = Annotated[Room, Depends(room_of)]


def pupil_of(request: Request, room: RoomDep) -> Pupil:
    """Return the pupil who asks.

    Raises:
        RequestError: it is nobody of this class.
    """
    pupil = room.register.known(request.cookies.get(PUPIL, ""))
    if pupil is None:
        raise RequestError(401, "you are not in this class, or no longer: join it first")
    return pupil


async def is_teacher(request: Request, room: RoomDep) -> bool:
    """Say whether it is the teacher who asks."""
    return secrets.compare_digest(request.cookies.get(TEACHER, "").encode(errors="replace"), room.secret.encode())


PupilDep = Annotated[Pupil, Depends(pupil_of)]
IsTeacher = Annotated[bool, Depends(is_teacher)]


async def only_teacher(teacher: IsTeacher) -> None:
    """Raise what an address raises that does not exist, for everybody but the teacher."""
    if not teacher:
        raise HTTPException(404)


def somebody(request: Request, room: RoomDep, teacher: IsTeacher) -> None:
    """Raise RequestError for everybody who is not in the class."""
    if not teacher:
        pupil_of(request, room)
