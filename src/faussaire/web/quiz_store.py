"""Quizzes and their answers, in an SQLite file in the folder of the run."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faussaire.errors import RequestError

QUESTIONS = 20
MAX_OPEN = 10_000  # quizzes begun and not answered; the oldest go
ENOUGH_ANSWERS = 3  # before an image is said to fool people
SCHEMA = """
CREATE TABLE IF NOT EXISTS quiz (
    id TEXT PRIMARY KEY, nimg INTEGER NOT NULL, questions TEXT NOT NULL, began REAL NOT NULL, finished REAL
);
CREATE TABLE IF NOT EXISTS answer (
    quiz TEXT NOT NULL REFERENCES quiz (id), number INTEGER NOT NULL, nimg INTEGER NOT NULL, kind TEXT NOT NULL,
    image INTEGER NOT NULL, said_real INTEGER NOT NULL, PRIMARY KEY (quiz, number)
);
"""


@dataclass(frozen=True, kw_only=True)
class Quiz:
    """One visitor's twenty questions."""

    id: str
    nimg: int
    """After how many images the generator made the fakes."""

    questions: list[tuple[str, int]]
    """Kind (`real` or `fake`) and number of each image."""


class QuizStore:
    """The answers of one run.

    Args:
        path: the file; made when first written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=5)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.executescript(SCHEMA)
                with connection:
                    yield connection
        except sqlite3.Error as error:
            raise RequestError(503, f"answers cannot be kept in the folder of the run: {error}") from None

    def begin(self, nimg: int, num_reals: int, num_fakes: int) -> Quiz:
        """Draw the questions of a new quiz: each is real or fake by the toss of a coin, none comes twice."""
        from faussaire.rng import numpy_generator_for

        quiz_id = secrets.token_hex(16)
        rng = numpy_generator_for(int(quiz_id[:15], 16), "quiz")
        order = {"real": rng.permutation(num_reals), "fake": rng.permutation(num_fakes)}
        kinds = ["real" if toss else "fake" for toss in rng.integers(0, 2, QUESTIONS)]
        questions = [(kind, int(order[kind][i % len(order[kind])])) for i, kind in enumerate(kinds)]
        with self._connected() as db:
            db.execute(
                "INSERT INTO quiz VALUES (?, ?, ?, ?, NULL)", (quiz_id, nimg, json.dumps(questions), time.time())
            )
            db.execute(
                "DELETE FROM quiz WHERE finished IS NULL AND rowid NOT IN "
                "(SELECT rowid FROM quiz WHERE finished IS NULL ORDER BY rowid DESC LIMIT ?)",
                (MAX_OPEN,),
            )
        return Quiz(id=quiz_id, nimg=nimg, questions=questions)

    def get(self, quiz_id: str) -> Quiz:
        """Return a quiz.

        Raises:
            RequestError: there is none.
        """
        with self._connected() as db:
            row = db.execute("SELECT nimg, questions FROM quiz WHERE id = ?", (quiz_id,)).fetchone()
        if row is None:
            raise RequestError(404, "no such quiz")
        return Quiz(id=quiz_id, nimg=row[0], questions=[(kind, index) for kind, index in json.loads(row[1])])

    def answer(self, quiz: Quiz, said_real: list[bool]) -> None:
        """Keep the answers to a quiz.

        Raises:
            RequestError: it was answered before.
        """
        with self._connected() as db:
            changed = db.execute(
                "UPDATE quiz SET finished = ? WHERE id = ? AND finished IS NULL", (time.time(), quiz.id)
            ).rowcount
            if not changed:
                raise RequestError(409, "this quiz was answered already")
            rows = [
                (quiz.id, number, quiz.nimg, kind, index, said)
                for number, ((kind, index), said) in enumerate(zip(quiz.questions, said_real, strict=True))
            ]
            db.executemany("INSERT INTO answer VALUES (?, ?, ?, ?, ?, ?)", rows)

    def everybody(self) -> dict[str, int]:
        """Return how many answers of all visitors were right, of how many, by how many visitors."""
        with self._connected() as db:
            right, total, visitors = db.execute(
                "SELECT COALESCE(SUM(said_real = (kind = 'real')), 0), COUNT(*), COUNT(DISTINCT quiz) FROM answer"
            ).fetchone()
        return {"right": right, "of": total, "quizzes": visitors}

    def fooling(self, nimg: int, count: int) -> list[dict[str, Any]]:
        """Return the images that most people were wrong about, with the shares; fakes of this generator only."""
        with self._connected() as db:
            rows = db.execute(
                "SELECT kind, image, SUM(said_real != (kind = 'real')) AS wrong, COUNT(*) AS asked FROM answer "
                "WHERE kind = 'real' OR nimg = ? GROUP BY kind, image HAVING asked >= ? AND 2 * wrong > asked "
                "ORDER BY 1.0 * wrong / asked DESC, asked DESC, kind, image LIMIT ?",
                (nimg, ENOUGH_ANSWERS, count),
            ).fetchall()
        return [{"kind": kind, "image": image, "wrong": wrong, "asked": asked} for kind, image, wrong, asked in rows]
