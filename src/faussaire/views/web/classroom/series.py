"""Numbered questions of each pupil, of which one is open at a time, and the first reply to each, which counts.

What is asked, and what a reply means, is of `questions` and `votes`. A question stays open, and is asked again, until
there is a reply; a reply that is sent again, because its acknowledgement was lost, changes nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from faussaire.core.errors import RequestError
from faussaire.views.web.classroom.pupils import Pupil
from faussaire.views.web.classroom.store import Store

Drawn = tuple[Any, Any]
"""What a question is about: the two columns of its table between its number and its reply."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """The questions of one table of the store: `answer` or `vote`."""

    store: Store
    table: str
    reply: str
    """The column of the reply, NULL as long as a question is open."""

    enough: str
    """What is said after so many, with their number as {most}."""

    unknown: str
    """What is said of a number that was not asked."""

    def open(self, pupil: Pupil, draw: Callable[[sqlite3.Connection, int], Drawn], *, most: int) -> int:
        """Return the number of the question that is open for a pupil; `draw` one, given its number, if there is none.

        A pupil is asked `most` questions in all.

        Raises:
            RequestError: the pupil has had enough, or `draw` finds nothing.
        """
        with self.store.writing() as db:
            row = db.execute(
                f"SELECT number FROM {self.table} WHERE pupil = ? AND {self.reply} IS NULL", (pupil.id,)
            ).fetchone()
            if row:
                return int(row[0])
            asked: int = db.execute(f"SELECT COUNT(*) FROM {self.table} WHERE pupil = ?", (pupil.id,)).fetchone()[0]
            if asked >= most:
                raise RequestError(410, self.enough, most=most)
            db.execute(f"INSERT INTO {self.table} VALUES (?, ?, ?, ?, NULL)", (pupil.id, asked, *draw(db, asked)))
        return asked

    def settle(
        self, pupil: Pupil, number: int, columns: tuple[str, ...], *, reply: str = "?", said: tuple[Any, ...] = ()
    ) -> tuple[Any, ...]:
        """Keep a reply, unless there is one, and return `columns` of the question as they stand then.

        The reply is SQL: another column of the question, or `?` for what was `said`.

        Raises:
            RequestError: there is no such question.
        """
        with self.store.writing() as db:
            db.execute(
                f"UPDATE {self.table} SET {self.reply} = {reply} "
                f"WHERE pupil = ? AND number = ? AND {self.reply} IS NULL",
                (*said, pupil.id, number),
            )
            row: tuple[Any, ...] | None = db.execute(
                f"SELECT {', '.join(columns)} FROM {self.table} WHERE pupil = ? AND number = ?", (pupil.id, number)
            ).fetchone()
        if row is None:
            raise RequestError(404, self.unknown)
        return row
