"""What everybody sees: who is right how often, who fooled whom, which run is better, and where each run stands.

All of it is counted anew from the answers and votes in the store; nothing is added up on the way. It is counted at most
once a second, whoever asks.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from faussaire.core.intervals import Estimate, wilson
from faussaire.evaluation.bradley_terry import bradley_terry
from faussaire.runs.events import Event
from faussaire.runs.folder import RunFolder
from faussaire.runs.history import History
from faussaire.runs.standing import standing
from faussaire.views.verdict import in_words, verdict_on
from faussaire.views.web.classroom.gallery import MAX_RUNS, Gallery
from faussaire.views.web.classroom.questions import REAL
from faussaire.views.web.classroom.store import Store
from faussaire.views.web.library import Library
from faussaire.views.words import LANGUAGES

FRESH_SECONDS = 1.0
MOST_VICTIMS = 3  # named of a run
Row = dict[str, Any]


@dataclass(eq=False)
class Board:
    """The board of one class.

    Args:
        store: of the class.
        library: the folder of its runs.
        gallery: of the class.
    """

    store: Store
    library: Library
    gallery: Gallery
    _histories: dict[Path, History] = field(default_factory=dict)
    _known: dict[Path, tuple[tuple[str, int], Row]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _shown: tuple[float, bytes] | None = None
    """When it was counted, and what came out."""

    def as_json(self) -> bytes:
        """Return the board, not older than a second, as JSON."""
        with self._lock:
            if self._shown is None or time.monotonic() - self._shown[0] >= FRESH_SECONDS:
                content = json.dumps(self.counted(), ensure_ascii=False).encode(errors="backslashreplace")
                self._shown = (time.monotonic(), content)
            return self._shown[1]

    def forget(self) -> None:
        """Count anew when somebody asks next: what was shown is to be seen no longer."""
        with self._lock:
            self._shown = None

    def counted(self) -> Row:
        """Count."""
        with self.store.reading() as db:
            pupils = pupils_in(db)
            fooled = fooled_in(db)
            wins = votes_in(db)
            trainings = {
                run: {"owner": pupil, "choices": json.loads(choices), "state": state}
                for run, pupil, choices, state in db.execute(
                    "SELECT run, pupil, choices, state FROM training ORDER BY number"
                )
            }
            playing = {run for (run,) in db.execute("SELECT run FROM sheet")}
        there = dict(list(self.library.runs().items())[:MAX_RUNS])
        runs = [self._run(name, there.get(name), trainings.get(name)) for name in dict.fromkeys([*trainings, *there])]
        strengths = strengths_of(wins)
        for run in runs:
            run["plays"] = run["id"] in playing
            run["fooled"] = fooled.get(run["id"])
            run["strength"] = strengths.get(run["id"])
        votes = sum(wins.values())
        return {"pupils": pupils, "runs": runs, "answers": sum(pupil["of"] for pupil in pupils), "votes": votes}

    def _run(self, name: str, run: RunFolder | None, training: Row | None) -> Row:
        """Describe where a run stands."""
        row: Row = {"id": name, "owner": None, "choices": None, "state": "waiting", **(training or {})}
        if run is None:
            return row | ({"state": "starting"} if row["state"] == "running" else {})
        total, events = self._histories.setdefault(run.path, History(run.events_file)).read()
        if row["state"] != "waiting" or training is None:  # one that goes on waits for its turn, too
            row["state"] = standing(events, time.time()).state if events else "finished"
        return row | self._told(name, run, row["state"], total, events)

    def _told(self, name: str, run: RunFolder, state: str, total: int, events: list[Event]) -> Row:
        """Return what there is to say of a run, worked out anew where it has told something, or was evaluated."""
        with suppress(OSError):
            total += run.scores.stat().st_mtime_ns
        known = self._known.get(run.path)
        if known is None or known[0] != (state, total):
            fits = self.gallery.fits(run) or state == "starting"
            verdict = _verdict(name, run, events)
            known = self._known[run.path] = (state, total), {"fits": fits, "verdict": verdict} | _figures(events)
        return known[1]


def _verdict(name: str, run: RunFolder, events: list[Event]) -> Row | None:
    """Return the verdict on a run: its name, its tone, and the sentence in either language."""
    if not any(event.kind == "stats" for event in events):
        return None
    found = verdict_on(run, events)
    said = {lang: in_words(found, lang, run=name).text for lang in LANGUAGES}
    return {"name": found.verdict.name, "tone": found.tone} | said


def _figures(events: list[Event]) -> Row:
    """Return the last figures of a run, those of D with Wilson's interval."""
    report = next((event for event in reversed(events) if event.kind == "stats"), None)
    picture = next((event.nimg for event in reversed(events) if event.kind == "samples"), None)
    row: Row = {"picture": picture, "nimg": report.nimg if report else 0}
    if report is None:
        return row
    told = report.data
    row["progress"] = told.get("progress")
    try:
        row["accuracy"] = _share((told["accuracy_real"] + told["accuracy_fake"]) * told["n"], 2 * told["n"])
    except (KeyError, TypeError, ValueError):
        row["accuracy"] = None
    return row


def pupils_in(db: sqlite3.Connection) -> list[Row]:
    """Return each pupil with how many answers are right, Wilson's interval of the share, and who fooled them most.

    In the order of the lower end of the interval: ten lucky answers do not stand above a hundred good ones.
    """
    rows = db.execute(
        "SELECT id, name, COALESCE(SUM(said_real = (run = '')), 0), COUNT(said_real) FROM pupil "
        "LEFT JOIN answer ON answer.pupil = pupil.id AND said_real IS NOT NULL GROUP BY pupil.id ORDER BY pupil.id"
    ).fetchall()
    pupils = [{"id": pupil, "name": name, **_share(right, of)} for pupil, name, right, of in rows]
    return sorted(pupils, key=lambda pupil: (-pupil["low"], -pupil["of"], pupil["id"]))


def fooled_in(db: sqlite3.Connection) -> dict[str, Row]:
    """Return, by run, how many of its fakes that were asked about passed for real, and whom they fooled most."""
    by_run: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for run, pupil, fooled, of in db.execute(
        "SELECT run, pupil, SUM(said_real), COUNT(*) FROM answer WHERE run != ? AND said_real IS NOT NULL "
        "GROUP BY run, pupil ORDER BY SUM(said_real) DESC, COUNT(*), pupil",
        (REAL,),
    ):
        by_run[run].append((pupil, fooled, of))
    return {
        run: _share(sum(fooled for _, fooled, _ in rows), sum(of for _, _, of in rows))
        | {"victims": [{"pupil": p, "fooled": f, "of": n} for p, f, n in rows[:MOST_VICTIMS] if f]}
        for run, rows in by_run.items()
    }


def votes_in(db: sqlite3.Connection) -> dict[tuple[str, str], int]:
    """Return how many votes preferred one run to another, by both."""
    rows = db.execute(
        'SELECT won, CASE won WHEN "left" THEN "right" ELSE "left" END AS lost, COUNT(*) FROM vote '
        "WHERE won IS NOT NULL GROUP BY won, lost"
    )
    return {(won, lost): count for won, lost, count in rows}


def strengths_of(wins: dict[tuple[str, str], int]) -> dict[str, Row]:
    """Return, by run that was voted on, its strength in the model of Bradley and Terry, and its number of votes."""
    runs = sorted({run for pair in wins for run in pair})
    table = np.zeros((len(runs), len(runs)))
    for (won, lost), count in wins.items():
        table[runs.index(won), runs.index(lost)] += count
    votes = (table + table.T).sum(axis=1).astype(int).tolist()
    rows = zip(runs, bradley_terry(table), votes, strict=True)
    return {run: _rounded(estimate) | {"of": of} for run, estimate, of in rows}


def _share(right: float, of: float) -> Row:
    """Return a share with Wilson's interval; of nothing, all is possible."""
    if not of:
        return {"right": 0, "of": 0, "value": None, "low": 0.0, "high": 1.0}
    return {"right": right, "of": of} | _rounded(wilson(right, of))


def _rounded(estimate: Estimate) -> Row:
    return {name: round(getattr(estimate, name), 4) for name in ("value", "low", "high")}
