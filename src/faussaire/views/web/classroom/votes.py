"""Which of two runs is better? Pairs to vote on, and the votes.

The pair with the fewest votes so far is asked next, among those that the pupil has not voted on and that hold no run of
the pupil's own, which stands left is tossed for; whose runs they are is told after the vote.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from faussaire.core.errors import RequestError
from faussaire.views.web.classroom.pupils import Pupil
from faussaire.views.web.classroom.series import Series
from faussaire.views.web.classroom.store import Store

MAX_VOTES = 200  # of a pupil
UNKNOWN = "there is no such pair, or one of the two is no longer here"
Side = Literal["left", "right"]


@dataclass(frozen=True, kw_only=True)
class Vote:
    """One pair, voted on."""

    number: int
    left: str
    right: str
    won: str
    """The run that was preferred."""


class Votes:
    """The votes of a class.

    Args:
        store: of the class.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._series = Series(
            store=store,
            table="vote",
            reply="won",
            enough="you have voted {most} times: thank you",
            unknown=UNKNOWN,
        )

    def next(self, pupil: Pupil) -> int:
        """Return the number of the pair that is open for a pupil, a new one if there is none.

        Raises:
            RequestError: there is none: fewer than two runs of others have finished, or all pairs were voted on.
        """

        def drawn(db: sqlite3.Connection, asked: int) -> tuple[str, str]:
            runs = db.execute(
                "SELECT run FROM sheet WHERE run NOT IN (SELECT run FROM training WHERE pupil = ?) ORDER BY run",
                (pupil.id,),
            ).fetchall()
            cast = db.execute('SELECT pupil, "left", "right" FROM vote').fetchall()
            pair = _least_voted([run for (run,) in runs], cast, pupil.id)
            if pair is None:
                if len(runs) < 2:
                    raise RequestError(409, "there are no two forgers of others to compare yet")
                raise RequestError(410, "you have compared every pair there is: more come with the next forger")
            return pair if secrets.randbelow(2) else pair[::-1]

        return self._series.open(pupil, drawn, most=MAX_VOTES)

    def sheet(self, pupil: Pupil, number: int, side: Side) -> bytes:
        """Return samples of one run of a pair as a PNG.

        Raises:
            RequestError: there is no such pair, or the run is gone.
        """
        with self.store.reading() as db:
            row = db.execute(
                f'SELECT png FROM vote JOIN sheet ON sheet.run = vote."{side}" WHERE pupil = ? AND number = ?',
                (pupil.id, number),
            ).fetchone()
        if row is None:
            raise RequestError(404, UNKNOWN)
        content: bytes = row[0]
        return content

    def vote(self, pupil: Pupil, number: int, better: Side) -> Vote:
        """Keep a vote, and return the one that counts: the first.

        Raises:
            RequestError: there is no such pair.
        """
        left, right, won = self._series.settle(pupil, number, ('"left"', '"right"', "won"), reply=f'"{better}"')
        return Vote(number=number, left=left, right=right, won=won)


def _least_voted(runs: list[str], cast: list[tuple[int, str, str]], pupil: int) -> tuple[str, str] | None:
    """Draw a pair among those with the fewest votes that a pupil has not seen."""
    times = Counter(frozenset((left, right)) for _, left, right in cast)
    seen = {frozenset((left, right)) for who, left, right in cast if who == pupil}
    pairs = [pair for pair in combinations(runs, 2) if frozenset(pair) not in seen]
    least = min((times[frozenset(pair)] for pair in pairs), default=0)
    fewest = [pair for pair in pairs if times[frozenset(pair)] == least]
    return secrets.choice(fewest) if fewest else None
