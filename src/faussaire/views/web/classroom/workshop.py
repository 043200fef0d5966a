"""The trainings that pupils ask for on the page: one after the other, each a process of its own, of a bounded length.

What a pupil chooses is one of a few words a question; the words lead to flags of `faussaire train`, and nothing that
was typed does. The folder of a run is named by a number. A server that ends has its training save and stop; started
again, it goes on with it, and with those that wait.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from faussaire.core.config import flag
from faussaire.core.errors import RequestError
from faussaire.modalities import SampleSpec, of_spec
from faussaire.models.architectures import architectures
from faussaire.views.web.classroom.pupils import Pupil
from faussaire.views.web.classroom.store import Store
from faussaire.views.web.classroom.worker import Worker

MAX_TRAININGS = 2  # of a pupil
LOOK_SECONDS = 0.5
STOP_SECONDS = 20.0  # for a training to save
NICE = 5  # pages go before it
MOST_CLASSES = 100  # that are listed on the page
PICTURES = 24  # of the samples, along a training
RATES = {"small": ["--lr", "0.0005"], "usual": [], "huge": ["--lr", "0.08"]}
STEPS = {"even": [], "examiner": ["--d-steps", "3"], "forger": ["--g-steps", "3"]}
NETWORKS = ("lean", "conv", "dense")
"""Of those that a kind of data has, the ones that can be chosen; the default of the kind always."""


class Choices(BaseModel):
    """What a pupil has chosen for a training."""

    model_config = ConfigDict(extra="forbid")

    network: str = Field(pattern="^[a-z]{1,16}$")
    rate: Literal["small", "usual", "huge"] = "usual"
    steps: Literal["even", "examiner", "forger"] = "even"
    only: int | None = Field(default=None, ge=0, lt=MOST_CLASSES)
    """Number of the class that is learnt alone; all if not given."""


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What every training of a class has in common."""

    data: tuple[str, ...]
    settings: Mapping[str, Any]
    """Of the preparation, as they were given to `faussaire class`."""

    minutes: float
    """Length of a training; 0 for none on the page."""

    runs: Path
    spec: SampleSpec
    most_trainings: int = MAX_TRAININGS
    """Of each pupil."""

    @property
    def networks(self) -> list[str]:
        """The networks that can be chosen, the default of the kind of data first."""
        able = [n for n, a in architectures().items() if not a.modalities or self.spec.modality in a.modalities]
        return list(dict.fromkeys([of_spec(self.spec).defaults["architecture"], *(n for n in NETWORKS if n in able)]))

    @property
    def classes(self) -> list[str]:
        """The names of classes that can be learnt alone."""
        return list(self.spec.classes[:MOST_CLASSES]) if len(self.spec.classes) > 1 else []

    def command(self, run: str, number: int, choices: Choices) -> list[str]:
        """Return the command that trains one run."""
        settings: dict[str, Any] = {**self.settings, "minutes": self.minutes, "seed": number, "pictures": PICTURES}
        settings |= {"run": self.runs / run, "architecture": choices.network}
        if choices.only is not None:
            settings["classes"] = [self.spec.classes[choices.only]]
        words = [word for name, value in settings.items() for word in _flags(name, value)]
        words += [*RATES[choices.rate], *STEPS[choices.steps]]
        return [sys.executable, "-P", "-m", "faussaire", "train", *self.data, *words]  # -P: a pupil's random.py …


def _flags(name: str, value: Any) -> list[str]:
    values: Sequence[Any] = value if isinstance(value, list | tuple) else [value]
    return [f"{flag(name)}={one}" for one in values]


class Workshop:
    """Trains what waits, one at a time.

    Args:
        store: of the class.
        lesson: what the trainings have in common.
    """

    def __init__(self, store: Store, lesson: Lesson) -> None:
        self.store, self.lesson = store, lesson
        self.worker = Worker("workshop", self._train_next, every_seconds=LOOK_SECONDS)
        """Closed, it has the training that runs save and stop, and begins no other."""
        with store.writing() as db:
            db.execute("UPDATE training SET state = 'waiting' WHERE state = 'running'")  # when a server ended

    def ask(self, pupil: Pupil, choices: Choices) -> None:
        """Put a training of a pupil in line.

        Raises:
            RequestError: there is no such choice, or the pupil has one in line, or has had enough.
        """
        lesson = self.lesson
        if not lesson.minutes:
            raise RequestError(403, "nobody trains on this page: the teacher has chosen so")
        if choices.network not in lesson.networks or (choices.only is not None and choices.only >= len(lesson.classes)):
            raise RequestError(422, "there is no such choice")
        with self.store.writing() as db:
            states = db.execute("SELECT state FROM training WHERE pupil = ?", (pupil.id,)).fetchall()
            if any(state in ("waiting", "running") for (state,) in states):
                raise RequestError(409, "your training is in line already")
            if len(states) >= lesson.most_trainings:
                raise RequestError(410, "you have trained {most} forgers: that is all", most=lesson.most_trainings)
            number = self._number(db.execute("SELECT MAX(number) FROM training").fetchone()[0] or 0)
            db.execute(
                "INSERT INTO training VALUES (?, ?, ?, ?, 'waiting')",
                (number, pupil.id, name_of(number), choices.model_dump_json()),
            )

    def _number(self, last: int) -> int:
        """Return the next number whose folder is not there."""
        number = last + 1
        while (self.lesson.runs / name_of(number)).exists():
            number += 1
        return number

    def _train_next(self) -> None:
        waiting = self._next()
        if waiting is not None:
            self._train(*waiting)

    def _next(self) -> tuple[int, str, Choices] | None:
        """Take the first in line: whoever has had the fewest trainings, in the order of asking."""
        with self.store.writing() as db:
            row = db.execute(
                "SELECT number, run, choices FROM training AS t WHERE state = 'waiting' ORDER BY "
                "(SELECT COUNT(*) FROM training WHERE pupil = t.pupil AND state != 'waiting'), number LIMIT 1"
            ).fetchone()
            if row is None:
                return None
            db.execute("UPDATE training SET state = 'running' WHERE number = ?", (row[0],))
        return row[0], row[1], Choices(**json.loads(row[2]))

    def _train(self, number: int, run: str, choices: Choices) -> None:
        child = subprocess.Popen(
            self.lesson.command(run, number, choices),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,  # a Ctrl-C is the server's, which then tells it
        )
        if os.name == "posix":
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, child.pid, NICE)
        stopper = threading.Thread(target=self._stop_at_the_end, args=(child,), daemon=True)
        stopper.start()
        said = child.communicate()[1].strip().splitlines()
        stopper.join()
        if self.worker.ended.is_set():
            return  # it is waiting again, for the next server
        if child.returncode and not (self.lesson.runs / run / "events.jsonl").is_file():
            logging.getLogger("uvicorn.error").error("%s was not trained: %s", run, said[-1] if said else "…")
        state = "failed" if child.returncode else "done"
        with self.store.writing() as db:
            db.execute("UPDATE training SET state = ? WHERE number = ?", (state, number))

    def _stop_at_the_end(self, child: subprocess.Popen[str]) -> None:
        """Tell a training to save and stop when the class ends; wait until it is over, either way."""
        while child.poll() is None:
            if self.worker.ended.wait(LOOK_SECONDS):
                child.send_signal(signal.SIGTERM)
                with suppress(subprocess.TimeoutExpired):
                    child.wait(STOP_SECONDS)
                if child.poll() is None:
                    child.kill()
                return


def name_of(number: int) -> str:
    """Return the name of the folder of a training."""
    return f"forger-{number:02d}"
