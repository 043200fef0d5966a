"""Quizzes and their answers, in an SQLite file in the folder of the run (WAL: readers never wait for a writer).

A training replaces its generator and its D every minute, and a quiz takes a person three. So a quiz is begun on a pool
of images that is kept with it, together with what D took each of them for: what happens to the run meanwhile, or to the
server, changes no question and no score. A pool is kept for an hour after the last quiz that was begun on it.
"""

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

from faussaire.core.errors import RequestError
from faussaire.views.web.quiz.pool import KINDS, Pool

QUESTIONS = 20
QUIZ_SECONDS = 3_600.0  # for so long a quiz that was begun can be finished, however many others are begun
MAX_OPEN = 10_000  # quizzes begun and not answered; the oldest go
MAX_FINISHED = 20_000  # quizzes answered; the oldest are no longer counted
MAX_POOLS = 64  # a training saves once a minute
ENOUGH_ANSWERS = 3  # before an image is said to fool people
VERSION = 3
TABLES = """
CREATE TABLE IF NOT EXISTS quiz (
    id TEXT PRIMARY KEY, nimg INTEGER NOT NULL, questions TEXT NOT NULL, began REAL NOT NULL, finished REAL
);
CREATE TABLE IF NOT EXISTS answer (
    quiz TEXT NOT NULL REFERENCES quiz (id), number INTEGER NOT NULL, nimg INTEGER NOT NULL, kind TEXT NOT NULL,
    image INTEGER NOT NULL, said_real INTEGER NOT NULL, PRIMARY KEY (quiz, number)
);
CREATE TABLE pool (id TEXT PRIMARY KEY, nimg INTEGER NOT NULL, verdicts TEXT NOT NULL);
CREATE TABLE picture (
    pool TEXT NOT NULL REFERENCES pool (id), kind TEXT NOT NULL, number INTEGER NOT NULL, png BLOB NOT NULL,
    PRIMARY KEY (pool, kind, number)
);
ALTER TABLE quiz ADD COLUMN pool TEXT NOT NULL DEFAULT '';
"""
FILES = """
CREATE TABLE file (
    pool TEXT NOT NULL REFERENCES pool (id), kind TEXT NOT NULL, number INTEGER NOT NULL, media_type TEXT NOT NULL,
    content BLOB NOT NULL, PRIMARY KEY (pool, kind, number)
);
"""
STEPS = {2: TABLES, 3: FILES}
"""What makes each version of the one before; of 1 there was no number."""

FORGET = """
DELETE FROM quiz WHERE finished IS NULL AND (began < :since OR rowid NOT IN
    (SELECT rowid FROM quiz WHERE finished IS NULL ORDER BY rowid DESC LIMIT :open));
DELETE FROM quiz WHERE finished IS NOT NULL AND rowid NOT IN
    (SELECT rowid FROM quiz WHERE finished IS NOT NULL ORDER BY finished DESC LIMIT :finished);
DELETE FROM answer WHERE quiz NOT IN (SELECT id FROM quiz);
DELETE FROM pool WHERE id != :current AND (id NOT IN (SELECT pool FROM quiz WHERE began >= :since) OR rowid NOT IN
    (SELECT rowid FROM pool ORDER BY rowid DESC LIMIT :pools));
DELETE FROM picture WHERE pool NOT IN (SELECT id FROM pool);
DELETE FROM file WHERE pool NOT IN (SELECT id FROM pool);
"""


@dataclass(frozen=True, kw_only=True)
class Quiz:
    """One visitor's twenty questions."""

    id: str
    pool: str
    """Id of the pool that its images are from."""

    questions: list[tuple[str, int]]
    """Kind (`real` or `fake`) and number of each image."""

    said_real: list[bool] | None
    """The answers, where they were given."""


class QuizStore:
    """The quizzes of one run.

    Args:
        path: the file; made when first written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=5, isolation_level=None)) as db:
                db.execute("PRAGMA journal_mode=WAL")
                if _version(db) < VERSION:
                    with _writing(db):
                        if _version(db) < VERSION:
                            for version, tables in STEPS.items():
                                _execute_all(db, tables if _version(db) < version else "")
                            db.execute(f"PRAGMA user_version={VERSION}")
                yield db
        except sqlite3.Error as error:
            raise RequestError(
                503, "answers cannot be kept in the folder of the run: {reason}", reason=str(error)
            ) from None

    @contextmanager
    def _there(self) -> Iterator[sqlite3.Connection]:
        """Connect to read; nothing is made where nothing is."""
        if not self.path.is_file():
            raise RequestError(404, "no such quiz: begin another")
        with self._connected() as db:
            yield db

    def begin(self, pool: Pool) -> Quiz:
        """Draw the questions of a new quiz: each is real or fake by the toss of a coin, none comes twice."""
        from faussaire.core.rng import numpy_generator_for

        quiz_id = secrets.token_hex(16)
        rng = numpy_generator_for(int(quiz_id[:15], 16), "quiz")
        order = {"real": rng.permutation(len(pool.reals)), "fake": rng.permutation(len(pool.fakes))}
        kinds = ["real" if toss else "fake" for toss in rng.integers(0, 2, QUESTIONS)]
        questions = [(kind, int(order[kind][i % len(order[kind])])) for i, kind in enumerate(kinds)]
        now = time.time()
        with self._connected() as db, _writing(db):
            _keep(db, pool)
            db.execute(
                "INSERT INTO quiz (id, nimg, questions, began, pool) VALUES (?, ?, ?, ?, ?)",
                (quiz_id, pool.nimg, json.dumps(questions), now, pool.id),
            )
            bounds = {"open": MAX_OPEN, "finished": MAX_FINISHED, "pools": MAX_POOLS}
            _execute_all(db, FORGET, {"since": now - QUIZ_SECONDS, "current": pool.id, **bounds})
        return Quiz(id=quiz_id, pool=pool.id, questions=questions, said_real=None)

    def get(self, quiz_id: str) -> Quiz:
        """Return a quiz.

        Raises:
            RequestError: there is none.
        """
        with self._there() as db:
            row = db.execute("SELECT pool, questions, finished FROM quiz WHERE id = ?", (quiz_id,)).fetchone()
            said = db.execute("SELECT said_real FROM answer WHERE quiz = ? ORDER BY number", (quiz_id,)).fetchall()
        if row is None:
            raise RequestError(404, "no such quiz: it is too old, or of another run; begin another")
        questions = [(kind, index) for kind, index in json.loads(row[1])]
        said_real = None if row[2] is None else [bool(real) for (real,) in said]
        return Quiz(id=quiz_id, pool=row[0], questions=questions, said_real=said_real)

    def picture(self, quiz: Quiz, kind: str, number: int) -> bytes:
        """Return an image of the pool of a quiz as a PNG.

        Raises:
            RequestError: the pool is kept no longer, or has no such image.
        """
        with self._there() as db:
            row = db.execute(
                "SELECT png FROM picture WHERE pool = ? AND kind = ? AND number = ?", (quiz.pool, kind, number)
            ).fetchone()
        if row is None:
            raise RequestError(410, "this image is kept no longer: the quiz was begun more than an hour ago")
        png: bytes = row[0]
        return png

    def file(self, quiz: Quiz, kind: str, number: int) -> tuple[str, bytes]:
        """Return media type and content of what is played or read beside the picture of an image of a pool.

        Raises:
            RequestError: the pool is kept no longer, or its images are pictures and no more.
        """
        with self._there() as db:
            row = db.execute(
                "SELECT media_type, content FROM file WHERE pool = ? AND kind = ? AND number = ?",
                (quiz.pool, kind, number),
            ).fetchone()
        if row is None:
            raise RequestError(404, "there is nothing to be played or read beside this picture")
        return row[0], row[1]

    def answer(self, quiz: Quiz, said_real: list[bool]) -> None:
        """Keep the answers to a quiz.

        Raises:
            RequestError: it was answered before.
        """
        with self._there() as db, _writing(db):
            changed = db.execute(
                "UPDATE quiz SET finished = ? WHERE id = ? AND finished IS NULL", (time.time(), quiz.id)
            ).rowcount
            if not changed:
                raise RequestError(409, "this quiz was answered already")
            db.executemany(
                "INSERT INTO answer SELECT id, ?, nimg, ?, ?, ? FROM quiz WHERE id = ?",
                [
                    (number, kind, index, said, quiz.id)
                    for number, ((kind, index), said) in enumerate(zip(quiz.questions, said_real, strict=True))
                ],
            )

    def said_by_D(self, quiz: Quiz) -> list[bool] | None:
        """Return what D took each image of a quiz for; None where there was no D, or it is kept no longer."""
        with self._there() as db:
            row = db.execute("SELECT verdicts FROM pool WHERE id = ?", (quiz.pool,)).fetchone()
        verdicts = json.loads(row[0]) if row else None
        return None if verdicts is None else [verdicts[kind][index] for kind, index in quiz.questions]

    def everybody(self) -> dict[str, int]:
        """Return how many answers of all visitors were right, of how many, by how many visitors."""
        with self._there() as db:
            right, total, visitors = db.execute(
                "SELECT COALESCE(SUM(said_real = (kind = 'real')), 0), COUNT(*), COUNT(DISTINCT quiz) FROM answer"
            ).fetchone()
        return {"right": right, "of": total, "quizzes": visitors}

    def fooling(self, quiz: Quiz, count: int) -> list[dict[str, Any]]:
        """Return the images that most people were wrong about, with the shares; fakes of the quiz's pool only."""
        with self._there() as db:
            rows = db.execute(
                "SELECT kind, image, SUM(said_real != (kind = 'real')) AS wrong, COUNT(*) AS asked "
                "FROM answer JOIN quiz ON quiz.id = answer.quiz WHERE kind = 'real' OR pool = ? "
                "GROUP BY kind, image HAVING asked >= ? AND 2 * wrong > asked "
                "ORDER BY 1.0 * wrong / asked DESC, asked DESC, kind, image LIMIT ?",
                (quiz.pool, ENOUGH_ANSWERS, count),
            ).fetchall()
        return [{"kind": kind, "image": image, "wrong": wrong, "asked": asked} for kind, image, wrong, asked in rows]


def _version(db: sqlite3.Connection) -> int:
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    return version


@contextmanager
def _writing(db: sqlite3.Connection) -> Iterator[None]:
    """Write all of a block or nothing of it, after whoever else is writing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _execute_all(db: sqlite3.Connection, script: str, values: dict[str, Any] | None = None) -> None:
    """Execute the statements of a script within the transaction that is open, which `executescript` would end."""
    for statement in script.split(";")[:-1]:
        db.execute(statement, values or {})


def _keep(db: sqlite3.Connection, pool: Pool) -> None:
    """Keep a pool, unless it is kept already."""
    verdicts = json.dumps(pool.verdicts)
    if db.execute("INSERT OR IGNORE INTO pool VALUES (?, ?, ?)", (pool.id, pool.nimg, verdicts)).rowcount:
        pictures = [(pool.id, kind, number, png) for kind in KINDS for number, png in enumerate(pool.pictures(kind))]
        db.executemany("INSERT INTO picture VALUES (?, ?, ?, ?)", pictures)
        form = pool.modality.shown_form
        if form is not None:
            files = [
                (pool.id, kind, number, form.media_type, content)
                for kind in KINDS
                for number, content in enumerate(pool.files(kind, form))
            ]
            db.executemany("INSERT INTO file VALUES (?, ?, ?, ?, ?)", files)
