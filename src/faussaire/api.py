"""faussaire from Python: train, prepare, generate, evaluate, compare; what the command line does, as functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from rich.console import Console

from faussaire.core.arguments import Settings, spelt_out
from faussaire.core.errors import ConfigError
from faussaire.core.extras import missing
from faussaire.core.notebook import in_notebook
from faussaire.core.terminal import Terminal, waiting
from faussaire.data import prepare
from faussaire.evaluation import compare as comparing
from faussaire.evaluation import evaluate as evaluating
from faussaire.evaluation.compare import Comparisons
from faussaire.evaluation.evaluation import Evaluation
from faussaire.evaluation.features import Progress
from faussaire.generation.generator import Generator
from faussaire.runs.events import Event
from faussaire.runs.folder import RunFolder
from faussaire.training import session
from faussaire.views import notebook
from faussaire.views.console import TrainingView
from faussaire.views.curves import refresh
from faussaire.views.words import words_for

if TYPE_CHECKING:
    import pandas

__all__ = ["Generator", "Run", "compare", "evaluate", "prepare", "train"]

Folder = str | PathLike[str]
"""Where a run is; a `Run` will do."""

if in_notebook():
    notebook.show_in_this_notebook()


class Run(PathLike[str]):
    """A run: its folder, its generator, what it told. It may be given wherever the folder of a run may.

    Args:
        path: its folder, which `train` made.
    """

    def __init__(self, path: Folder) -> None:
        self.path = Path(path)
        self._folder = RunFolder(self.path)

    def __fspath__(self) -> str:
        return fspath(self.path)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}): {notebook.in_a_line(self._folder)}"

    def _repr_html_(self) -> str:
        return notebook.run_html(self._folder)

    def _repr_png_(self) -> bytes | None:
        return notebook.last_samples(self._folder)

    @property
    def state(self) -> str:
        """Where it stands: starting, running, paused, stopped, finished, silent (no news for long) or diverged."""
        return notebook.state_of(self._folder)

    def generator(self) -> Generator:
        """Load the generator as it was last saved."""
        return Generator.load(self.path)

    def events(self, *kinds: str) -> Iterator[Event]:
        """Read every event from the beginning, or those of some kinds, as they stand in events.jsonl."""
        return self._folder.events(*kinds)

    def columns(self) -> dict[str, list[Any]]:
        """Return what was reported along the run, by name, a value for each report; None is not measured.

        The names are `nimg` and those of the `stats` events, docs/guide/run-folder.md. Of a long run, evenly spaced
        reports and the last.
        """
        reports, _, _ = self._folder.reports()
        names = dict.fromkeys(name for report in reports for name in report.data)
        columns = {name: [report.data.get(name) for report in reports] for name in names}
        return {"nimg": [report.nimg for report in reports], **columns}

    def history(self) -> pandas.DataFrame:
        """Return `columns` as a pandas DataFrame, whose index is `nimg`, the images that D had seen.

        Raises:
            ConfigError: pandas is not installed; `columns` needs none.
        """
        try:
            from pandas import DataFrame
        except ModuleNotFoundError as error:
            told = missing(error, what="run.history()")
            raise error if told is None else ConfigError(f"{told}; run.columns() gives the same as lists") from None
        return DataFrame(self.columns()).set_index("nimg")


@spelt_out
def train(
    data: str | Path | Sequence[str | Path] | None = None,
    *,
    recipe: str | None = None,
    run: Folder | None = None,
    replay: Folder | None = None,
    console: Console | None = None,
    lang: str | None = None,
    started: float | None = None,
    on_start: Callable[[Path], None] = lambda run: None,
    **settings: Unpack[Settings],
) -> Run:
    """Train a generator on images, showing the progress; the same call again goes on where it stopped.

    Asked to stop from its page, or in a notebook whose kernel is interrupted, it saves and returns the run as it is.

    Args:
        data: a folder, archive, array, table or list of images, or the name of an embedded set; or several of these.
        recipe: name of a recipe, or a .toml file.
        run: folder of the run; `runs/` and the name of the data if not given.
        replay: folder of a run to make again, tensor by tensor, with its settings and its recorded plan.
        console: where the progress is shown; if not given, in the cell of a notebook, or else on standard error.
        lang: in which language, `en` or `fr`; that of the environment (LANG) if not given.
        started: `time.monotonic()` from which `minutes` counts; now if not given.
        on_start: called with the folder of the run, locked, before anything slow is done.
        settings: any field of `faussaire.Config` but the data.

    Raises:
        ConfigError, DataError, DivergenceError, CheckpointError: one line says what is wrong, and what to do.
        KeyboardInterrupt, SystemExit: Ctrl-C outside a notebook, or another signal; everything was saved first.
    """
    words, in_cell = words_for(lang), console is None and in_notebook()
    done = session.train(
        data,
        recipe=recipe,
        run=run,
        replay=replay,
        settings=settings,
        console=console or Terminal(stderr=not in_cell, voice=words.said),
        started=started,
        on_start=on_start,
        display=partial(notebook.NotebookView if in_cell else TrainingView, words=words),
        redraw=partial(refresh, words=words),
    )
    return Run(done.path)


def evaluate(
    run: Folder,
    *,
    data: str | Path | Sequence[str | Path] | None = None,
    protocols: str | Sequence[str] = (),
    seed: int = 0,
    progress: Progress | None = None,
) -> Evaluation:
    """Measure the generator of a run, every figure with interval, n and protocol, and write `scores.json`.

    Args:
        run: its folder, or the `Run`.
        data: other real images to measure against; the held-out part of the run's own data if not given.
        protocols: names from `faussaire list protocols`; all that suit this kind of data if not given.
        seed: of the samples.
        progress: told what is being done, how much is done, and of how much; shown if not given.

    Raises:
        ConfigError, DataError, ExtractorError: no such run, protocol or network, or the real images cannot be read.
    """
    with _told(run, progress) as tell:
        return evaluating.evaluate(RunFolder(run), data=data, protocols=_names(protocols), seed=seed, progress=tell)


def compare(
    *runs: Folder,
    data: str | Path | Sequence[str | Path] | None = None,
    protocols: str | Sequence[str] = (),
    seed: int = 0,
    progress: Progress | None = None,
) -> Comparisons:
    """Compare each run with the first, figure by figure, and say which is better by more than noise.

    Args:
        runs: two or more, by their folders, or as `Run`.
        data, protocols, seed, progress: as of `evaluate`.

    Raises:
        ConfigError, DataError, ExtractorError: fewer than two runs, or what `evaluate` raises.
    """
    if len(runs) < 2:
        raise ConfigError("name two runs or more to compare")
    evaluations = []
    for run in runs:
        with _told(run, progress) as tell:
            measured = evaluating.measure(
                RunFolder(run), data=data, protocols=_names(protocols), seed=seed, progress=tell
            )
        evaluations.append(measured)
    return comparing.compare_all(evaluations)


def _names(protocols: str | Sequence[str]) -> Sequence[str]:
    return [protocols] if isinstance(protocols, str) else protocols


@contextmanager
def _told(run: Folder, progress: Progress | None) -> Iterator[Progress]:
    """Give what is to be told how far an evaluation is; shown where somebody looks, if nobody else wants to know."""
    if progress is not None:
        yield progress
        return
    with waiting(Terminal(stderr=True), f"Evaluating {fspath(run)} ...") as change:

        def show(what: str, done: int, total: int) -> None:
            change(f"Evaluating {fspath(run)}: {what}, {done:,} of {total:,}")

        yield show
