"""Who is in the class: joining under a pseudonym, being known again, leaving without a trace."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections import deque
from dataclasses import dataclass, field
from time import monotonic

from faussaire.core.errors import RequestError
from faussaire.views.web.classroom.pseudonyms import pseudonym, skeleton
from faussaire.views.web.classroom.store import Store

MAX_PUPILS = 64
PER_SECOND = 4  # things that a pupil does
JOINS_PER_SECOND = 20  # of all together


@dataclass(frozen=True)
class Pupil:
    """One of the class."""

    id: int
    name: str


@dataclass(eq=False)
class Pace:
    """Refuses more than so many of a thing in a second; it remembers the last of each of a bounded number of people.

    Args:
        most: how many.
    """

    most: int
    last: dict[int, deque[float]] = field(default_factory=dict)

    def check(self, who: int) -> None:
        """Count one more of somebody.

        Raises:
            RequestError: that was too fast.
        """
        times = self.last.setdefault(who, deque(maxlen=self.most))
        now = monotonic()
        if len(times) == self.most and now - times[0] < 1.0:
            raise RequestError(429, "not so fast: at most {most} in a second", most=self.most)
        times.append(now)


class Register:
    """The pupils of a class.

    Args:
        store: of the class.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._joining = Pace(JOINS_PER_SECOND)
        self._doing = Pace(PER_SECOND)

    def join(self, sent: str) -> tuple[Pupil, str]:
        """Let somebody in; return who it is now, and the token by which the browser is known again.

        Raises:
            RequestError: the name cannot be had, or the class is full or closed.
        """
        self._joining.check(0)
        name, token = pseudonym(sent), secrets.token_hex(16)
        with self.store.writing() as db:
            if not self.open:
                raise RequestError(403, "the class is closed: the teacher lets nobody in any more")
            if db.execute("SELECT COUNT(*) FROM pupil").fetchone()[0] >= MAX_PUPILS:
                raise RequestError(409, "the class is full: {most} are in it", most=MAX_PUPILS)
            try:
                row = db.execute(
                    "INSERT INTO pupil (token, name, skeleton) VALUES (?, ?, ?) RETURNING id",
                    (_hashed(token), name, skeleton(name)),
                ).fetchone()
            except sqlite3.IntegrityError:
                raise RequestError(409, "somebody has a pseudonym that looks like this one: choose another") from None
        return Pupil(row[0], name), token

    def known(self, token: str) -> Pupil | None:
        """Return whose token it is."""
        with self.store.reading() as db:
            row = db.execute("SELECT id, name FROM pupil WHERE token = ?", (_hashed(token),)).fetchone()
        return Pupil(*row) if row else None

    def check_pace(self, pupil: Pupil) -> None:
        """Raise RequestError where a pupil does too much in a second."""
        self._doing.check(pupil.id)

    def forget(self, pupil: int) -> None:
        """Delete all that is known of a pupil: name, token, answers, votes, and trainings that have not begun."""
        with self.store.writing() as db:
            db.execute("DELETE FROM training WHERE pupil = ? AND state = 'waiting'", (pupil,))
            db.execute("DELETE FROM pupil WHERE id = ?", (pupil,))
        self.store.pack()
        self._doing.last.pop(pupil, None)

    def forget_all(self) -> None:
        """Delete all that is known of anybody, and the file that it was in."""
        self.store.forget_all()
        self._doing.last.clear()

    @property
    def open(self) -> bool:
        """Whether somebody may join."""
        with self.store.reading() as db:
            return db.execute("SELECT 1 FROM fact WHERE name = 'closed'").fetchone() is None

    @open.setter
    def open(self, wanted: bool) -> None:
        with self.store.writing() as db:
            db.execute("DELETE FROM fact WHERE name = 'closed'")
            if not wanted:
                db.execute("INSERT INTO fact VALUES ('closed', '')")


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()
