"""Real or fake, one picture at a time: the next question of a pupil, and the answer, which counts once.

A question is real or fake by the toss of a coin. A fake is of a run drawn evenly among those of the others: nobody is
asked about forgeries of their own. No picture comes twice to the same pupil.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections import defaultdict
from dataclasses import dataclass

from faussaire.core.errors import RequestError
from faussaire.views.web.classroom.pupils import Pupil
from faussaire.views.web.classroom.series import Series
from faussaire.views.web.classroom.store import Store

MAX_ANSWERS = 400  # of a pupil
UNKNOWN = "there is no such question, or its picture is kept no longer"
REAL = ""  # the run of a picture that no run has made


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One question, answered."""

    number: int
    run: str
    said_real: bool

    @property
    def right(self) -> bool:
        """Whether the answer is true."""
        return self.said_real == (self.run == REAL)


class Questions:
    """The quiz of a class.

    Args:
        store: of the class.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._series = Series(
            store=store,
            table="answer",
            reply="said_real",
            enough="you have answered all {most} questions: thank you",
            unknown=UNKNOWN,
        )

    def next(self, pupil: Pupil) -> int:
        """Return the number of the question that is open for a pupil, a new one if there is none.

        Raises:
            RequestError: there is nothing to ask: no forger has finished, or the pupil has seen or answered enough.
        """

        def drawn(db: sqlite3.Connection, asked: int) -> tuple[int, str]:
            unseen = db.execute(
                "SELECT id, run FROM picture WHERE id NOT IN (SELECT picture FROM answer WHERE pupil = ?) "
                "AND run NOT IN (SELECT run FROM training WHERE pupil = ?)",
                (pupil.id, pupil.id),
            ).fetchall()
            return _drawn(unseen, asked)

        return self._series.open(pupil, drawn, most=MAX_ANSWERS)

    def picture(self, pupil: Pupil, number: int) -> bytes:
        """Return the picture of a question of a pupil as a PNG.

        Raises:
            RequestError: there is none.
        """
        content: bytes = self._shown(pupil, number)[0]
        return content

    def file(self, pupil: Pupil, number: int) -> tuple[str, bytes]:
        """Return media type and content of what is played or read beside the picture.

        Raises:
            RequestError: there is none.
        """
        _, media_type, content = self._shown(pupil, number)
        if media_type is None:
            raise RequestError(404, "there is nothing to be played or read beside this picture")
        return media_type, content

    def _shown(self, pupil: Pupil, number: int) -> tuple[bytes, str | None, bytes]:
        with self.store.reading() as db:
            row: tuple[bytes, str | None, bytes] | None = db.execute(
                "SELECT png, media_type, content FROM answer JOIN picture ON picture.id = answer.picture "
                "WHERE pupil = ? AND number = ?",
                (pupil.id, number),
            ).fetchone()
        if row is None:
            raise RequestError(404, UNKNOWN)
        return row

    def answer(self, pupil: Pupil, number: int, said_real: bool) -> Answer:
        """Keep the answer to a question, and return the one that counts: the first.

        Raises:
            RequestError: there is no such question.
        """
        run, said = self._series.settle(pupil, number, ("run", "said_real"), said=(said_real,))
        return Answer(number=number, run=run, said_real=bool(said))


def _drawn(unseen: list[tuple[int, str]], asked: int) -> tuple[int, str]:
    """Draw one of the pictures that a pupil has not seen."""
    by_run: dict[str, list[int]] = defaultdict(list)
    for picture, run in unseen:
        by_run[run].append(picture)
    reals = by_run.pop(REAL, [])
    if not by_run and not asked:
        raise RequestError(409, "no forger has finished yet: the game begins with the first one of somebody else")
    if not reals or not by_run:
        raise RequestError(410, "you have seen every picture there is: more come with the next forger")
    run = REAL if secrets.randbelow(2) else secrets.choice(sorted(by_run))
    return secrets.choice(reals if run == REAL else by_run[run]), run
