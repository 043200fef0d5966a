"""The verbs `faussaire evaluate` and `faussaire compare`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from faussaire.cli.flags import Reader, Whole
from faussaire.cli.progress import showing_progress
from faussaire.core.errors import ConfigError
from faussaire.core.terminal import printing, say
from faussaire.views.words import ENGLISH, Words

if TYPE_CHECKING:
    from faussaire.evaluation.evaluation import Evaluation


def evaluate(
    run: Path,
    /,
    *,
    data: Annotated[list[str] | None, Parameter(negative=())] = None,
    protocol: Annotated[list[str] | None, Parameter(negative=())] = None,
    seed: Whole = 0,
    json: Annotated[bool, Parameter(negative=())] = False,
    words: Reader = ENGLISH,
) -> None:
    """Measure the generator of RUN: every figure with interval, n and protocol; write report.html.

    Parameters
    ----------
    run
        Folder of the run.
    data
        Other real images to measure against; repeat the flag for several. [the held-out part of the run's data]
    protocol
        Name of a protocol (`faussaire list protocols`); repeat the flag for several.
    seed
        Of the samples.
    json
        Print the figures as a JSON list and nothing else.
    """
    from faussaire.core.devices import CPU
    from faussaire.core.world import open_world
    from faussaire.evaluation import evaluate as evaluating
    from faussaire.runs.folder import RunFolder
    from faussaire.views.report import write_report
    from faussaire.views.tables import print_evaluation

    with open_world(CPU) as world:
        find = partial(evaluating.evaluate if world.is_first else evaluating.measure, world=world)
        evaluation = _showing_progress(find, run, data, protocol, seed, words)
    if not world.is_first:
        return
    with printing(words.said) as console:
        if json:
            say(console, dumps(evaluation.rows(), indent=2))
        else:
            print_evaluation(console, evaluation, words, run=RunFolder(run))  # first: it took minutes
        report = write_report(RunFolder(run), evaluation, words)
        if not json:
            say(console, words("console.figures.report", path=str(report)))


def compare(
    *runs: Path,
    data: Annotated[list[str] | None, Parameter(negative=())] = None,
    protocol: Annotated[list[str] | None, Parameter(negative=())] = None,
    seed: Whole = 0,
    json: Annotated[bool, Parameter(negative=())] = False,
    words: Reader = ENGLISH,
) -> None:
    """Say which of several runs is better, and whether the difference is more than noise.

    Parameters
    ----------
    runs
        Folders of two runs or more; each is compared with the first.
    data
        Real images to measure against; repeat the flag for several. [the held-out part of the runs' data]
    protocol
        Name of a protocol (`faussaire list protocols`); repeat the flag for several.
    seed
        Of the samples.
    json
        Print the comparisons as a JSON list and nothing else.
    """
    from faussaire.evaluation.compare import compare_all
    from faussaire.evaluation.evaluate import measure
    from faussaire.generation.generator import Generator
    from faussaire.views.tables import print_comparisons

    if len(runs) < 2:
        raise ConfigError("name two runs or more to compare")
    for run in runs:
        Generator.load(run)  # what is wrong with the last is told before the first is measured
    evaluations = [_showing_progress(measure, run, data, protocol, seed, words) for run in runs]
    comparisons = compare_all(evaluations)
    with printing(words.said) as console:
        if json:
            say(console, dumps([asdict(comparison) for comparison in comparisons], indent=2))
        else:
            print_comparisons(console, evaluations, comparisons, words)


def _showing_progress(
    find_figures: Callable[..., Evaluation],
    run: Path,
    data: list[str] | None,
    protocols: list[str] | None,
    seed: int,
    words: Words,
) -> Evaluation:
    """Evaluate or measure a run, saying on standard error how far it is."""
    from faussaire.runs.folder import RunFolder

    with showing_progress(words("console.made.evaluating", run=str(run)), words.said) as progress:
        return find_figures(RunFolder(run), data=data, protocols=protocols or [], seed=seed, progress=progress)
