"""faussaire from Python: train, prepare, generate, evaluate, compare; what the command line does, as functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from faussaire.core.terminal import Terminal
from faussaire.data import prepare
from faussaire.evaluation import compare as comparing
from faussaire.evaluation import evaluate as evaluating
from faussaire.evaluation.compare import Comparison
from faussaire.evaluation.evaluation import Evaluation
from faussaire.evaluation.features import Progress
from faussaire.generation.generator import Generator
from faussaire.runs.folder import RunFolder
from faussaire.training import session
from faussaire.views.console import TrainingView
from faussaire.views.curves import refresh
from faussaire.views.words import words_for

__all__ = ["Generator", "Run", "compare", "evaluate", "prepare", "train"]


class Run(RunFolder):
    """A trained run: its folder, and its generator."""

    def generator(self) -> Generator:
        """Load the generator as it was last saved."""
        return Generator.load(self.path)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"


def train(
    data: str | Path | Sequence[str | Path] | None = None,
    *,
    recipe: str | None = None,
    run: str | Path | None = None,
    replay: str | Path | None = None,
    console: Console | None = None,
    lang: str | None = None,
    started: float | None = None,
    on_start: Callable[[Path], None] = lambda run: None,
    **settings: Any,
) -> Run:
    """Train a generator on images, showing the progress; the same call again goes on where it stopped.

    Args:
        data: a folder, archive, array, table or list of images, or the name of an embedded set; or several of these.
        recipe: name of a recipe, or a .toml file.
        run: folder of the run; `runs/` and the name of the data if not given.
        replay: folder of a run to make again, tensor by tensor, with its settings and its recorded plan.
        console: where the progress is shown.
        lang: in which language, `en` or `fr`; that of the environment (LANG) if not given.
        started: `time.monotonic()` from which `minutes` counts; now if not given.
        on_start: called with the folder of the run, locked, before anything slow is done.
        settings: any field of `faussaire.Config`.

    Raises:
        ConfigError, DataError: what was asked for is impossible; one line says what to do.
        DivergenceError: the training has left the finite numbers.
        CheckpointError: the run folder cannot be written or read.
        KeyboardInterrupt, SystemExit: Ctrl-C; SIGTERM or SIGHUP. Everything was saved first.
    """
    words = words_for(lang)
    done = session.train(
        data,
        recipe=recipe,
        run=run,
        replay=replay,
        settings=settings,
        console=console or Terminal(stderr=True, voice=words.said),
        started=started,
        on_start=on_start,
        display=partial(TrainingView, words=words),
        redraw=partial(refresh, words=words),
    )
    return Run(done.path)


def evaluate(run: str | Path, *, progress: Progress = lambda what, done, total: None, **options: Any) -> Evaluation:
    """Measure the generator of a run, and write `scores.json`; `options` are those of `evaluation.evaluate.measure`."""
    return evaluating.evaluate(RunFolder(run), progress=progress, **options)


def compare(*runs: str | Path, **options: Any) -> list[Comparison]:
    """Compare each run with the first, figure by figure; `options` are those of `evaluation.evaluate.measure`."""
    return comparing.compare_all([evaluating.measure(RunFolder(run), **options) for run in runs])
