"""The pictures of the class: reals from the data, and of each forger that has finished some fakes and a sheet of them.

Reals and fakes go through the same encoder, so that no file tells which it is. A thread looks at the folder of runs
every few seconds: a generator that is new there, whoever has trained it, is loaded, makes its fakes, and is let go. A
run that is trained further, or taken away, loses the pictures that it had, but those that somebody is looking at.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from faussaire.core.errors import CheckpointError, FaussaireError, RequestError
from faussaire.core.rng import draw_places
from faussaire.data import Dataset
from faussaire.generation.generator import Generator
from faussaire.modalities import Modality, SampleSpec, of_spec
from faussaire.runs.folder import RunFolder
from faussaire.runs.history import History
from faussaire.runs.standing import standing
from faussaire.views.web.api.generators import written
from faussaire.views.web.classroom.questions import REAL
from faussaire.views.web.classroom.store import Store
from faussaire.views.web.classroom.worker import Worker
from faussaire.views.web.library import Library

LOOK_SECONDS = 2.0
MAX_RUNS = 128
REALS, REALS_BYTES = 512, 24 * 2**20
FAKES, FAKES_BYTES = 32, 2 * 2**20
FEWEST = 8  # of a kind, however large a picture is
ON_SHEET = 16
SEED = 22
NOT_YET = ("starting", "running", "paused")

Made = tuple[bytes, str | None, bytes | None]
"""A picture, and what is played or read beside it: its media type and content."""


class Gallery:
    """Keeps the pictures of a class as its runs come, go and are trained.

    Args:
        store: of the class.
        library: the folder of its runs.
        dataset: what everyone trains on.
    """

    def __init__(self, store: Store, library: Library, dataset: Dataset) -> None:
        self.store, self.library, self.dataset = store, library, dataset
        self.trouble: dict[str, int] = {}
        """Runs of which no pictures could be made, and the version that it was tried with."""
        self._histories: dict[Path, History] = {}
        self.worker = Worker("gallery", self._look_by_one_core, every_seconds=LOOK_SECONDS)
        self.hang_reals()

    def fits(self, run: RunFolder) -> bool:
        """Say whether a run makes samples like those of the data: others would be known at a glance."""
        with suppress(CheckpointError, KeyError, TypeError, ValueError, AttributeError):
            content = run.read_json(run.config)
            spec = SampleSpec.from_dict(content.get("spec", content))
            return (spec.modality, spec.shape) == (self.dataset.spec.modality, self.dataset.spec.shape)
        return False

    def look(self) -> None:
        """Bring the pictures up to what lies in the folder now."""
        there = dict(list(self.library.runs().items())[:MAX_RUNS])
        with self.store.reading() as db:
            hanging: dict[str, int] = dict(db.execute("SELECT run, version FROM sheet").fetchall())
            in_line = {run for (run,) in db.execute("SELECT run FROM training WHERE state IN ('waiting', 'running')")}
        for run_id in hanging.keys() - there.keys():
            with self.store.writing() as db:
                _take_down(db, run_id)
        for run_id, run in there.items():
            version = 0 if run_id in in_line else self._finished(run)
            if version and version not in (hanging.get(run_id), self.trouble.get(run_id)) and self.fits(run):
                try:
                    self._hang(run_id, run, version)
                except (FaussaireError, OSError, ValueError) as error:
                    self.trouble[run_id] = version
                    logging.getLogger("uvicorn.error").error("%s has no part in the game: %s", run_id, error)

    def _look_by_one_core(self) -> None:
        import torch

        torch.set_num_threads(1)  # of this thread: a training has the other cores
        self.look()

    def _finished(self, run: RunFolder) -> int:
        """Return the version of the generator of a run that is not being trained; 0 where it is, or has none."""
        _, events = self._histories.setdefault(run.path, History(run.events_file)).read()
        try:
            return 0 if events and standing(events, time.time()).state in NOT_YET else written(run)
        except RequestError:
            return 0

    def hang_reals(self) -> None:
        """Choose the reals, unless those of this data hang there already."""
        dataset = self.dataset
        with self.store.reading() as db:
            row = db.execute("SELECT value FROM fact WHERE name = 'data'").fetchone()
        if row and row[0] == dataset.fingerprint:
            return
        kind = of_spec(dataset.spec)
        chosen = draw_places(len(dataset.images), REALS, seed=SEED, stream="class reals")
        made = _within(REALS_BYTES, (_made(kind, kind.from_rows(dataset.images[[place]])) for place in chosen))
        with self.store.writing() as db:
            _take_down(db, REAL)
            _insert(db, REAL, 0, made)
            db.execute("INSERT OR REPLACE INTO fact VALUES ('data', ?)", (dataset.fingerprint,))

    def _hang(self, run_id: str, run: RunFolder, version: int) -> None:
        generator = Generator.load(run.path)
        samples = generator.sample(FAKES, seed=SEED)
        made = _within(FAKES_BYTES, (_made(generator.modality, samples[i : i + 1]) for i in range(FAKES)))
        sheet = generator.modality.png(samples[:ON_SHEET])
        with self.store.writing() as db:
            _take_down(db, run_id, but=version)
            _insert(db, run_id, version, made)
            db.execute("INSERT OR REPLACE INTO sheet VALUES (?, ?, ?)", (run_id, version, sheet))


def _made(kind: Modality, sample: np.ndarray) -> Made:
    form = kind.shown_form
    return kind.png(sample), form.media_type if form else None, form.encode(sample) if form else None


def _within(most_bytes: int, made: Iterator[Made]) -> list[Made]:
    """Return as many as take so many bytes, or the fewest that a game needs."""
    kept: list[Made] = []
    size = 0
    for one in made:
        size += len(one[0]) + len(one[2] or b"")
        if size > most_bytes and len(kept) >= FEWEST:
            break
        kept.append(one)
    return kept


def _insert(db: sqlite3.Connection, run_id: str, version: int, made: list[Made]) -> None:
    db.executemany(
        "INSERT INTO picture (run, version, png, media_type, content) VALUES (?, ?, ?, ?, ?)",
        [(run_id, version, *one) for one in made],
    )


def _take_down(db: sqlite3.Connection, run_id: str, *, but: int | None = None) -> None:
    """Delete the pictures of a run that nobody is looking at; without `but` a version, it is asked about no more."""
    db.execute(
        "DELETE FROM picture WHERE run = ? AND id NOT IN (SELECT picture FROM answer WHERE said_real IS NULL)",
        (run_id,),
    )
    if but is None:
        db.execute("DELETE FROM sheet WHERE run = ?", (run_id,))
        db.execute('DELETE FROM vote WHERE won IS NULL AND ? IN ("left", "right")', (run_id,))
