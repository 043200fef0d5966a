"""The command line: each verb is one function that hands over to the package.

Exit codes: 0; 2 for the user's error, told in one line; 1 for a failure; 128 and its number for a signal (Ctrl-C: 130).
`--debug` gives the traceback. Heavy modules are imported inside the verbs, so that `--help` answers at once; the flags
of `train` are the fields of `Config`, their help the docstrings there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from json import dumps
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, cast

from cyclopts import App, CycloptsError, Parameter
from rich.console import Console

from faussaire import __version__
from faussaire.cli.clock import process_start
from faussaire.cli.flags import Whole, whole, with_settings
from faussaire.core.config import FIELDS, LENGTHS, PREPARATION, resolve
from faussaire.core.errors import ConfigError, FaussaireError
from faussaire.core.interruption import exit_code, raise_signals
from faussaire.core.suggestions import typed
from faussaire.core.terminal import Stream, Terminal, clean, open_standard_streams, printing, say

if TYPE_CHECKING:
    from faussaire.evaluation.evaluation import Evaluation

app = App(
    name="faussaire",
    version=__version__,
    help="Generative adversarial networks: from a folder of images to a trained generator.",
    help_format="markdown",
    suppress_keyboard_interrupt=False,  # `run` says what became of it
)


def main() -> None:
    """Run the command line and exit."""
    raise_signals()
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    open_standard_streams()
    console = Terminal(stderr=True)
    try:
        _refuse_no_folder()
        help_console = Console(file=cast(IO[str], Stream(sys.stdout)))
        app(arguments, console=help_console, exit_on_error=False, print_error=False, result_action="return_value")
    except (CycloptsError, FaussaireError) as error:
        if debug:
            raise
        say(console, f"faussaire: {' '.join(str(error).split())}", style="red")
        return error.exit_code if isinstance(error, FaussaireError) else 2
    except KeyboardInterrupt as interrupt:
        if not interrupt.args:  # otherwise the training has said what it saved
            say(console, "faussaire: interrupted; nothing was changed", style="red")
        return exit_code(interrupt)
    except Exception as error:
        if debug:
            raise
        say(console, f"faussaire: unexpected {type(error).__name__}: {error} (--debug shows where)", style="red")
        return 1
    return 0


def _refuse_no_folder() -> None:
    """Raise ConfigError where the working directory was removed: torch, loaded later, would end the process."""
    try:
        os.getcwd()
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"the folder that this shell is in cannot be used ({reason}): cd to another") from None


def train(
    *data: str,
    run: Path | None = None,
    recipe: str | None = None,
    replay: Path | None = None,
    studio: Annotated[bool, Parameter(negative=())] = False,
    **settings: Any,
) -> None:
    """Train a generator on DATA: a folder, archive, array, table or list of images, or an embedded set's name.

    The same command again goes on where it stopped. What a flag says stands over the recipe, the recipe over the
    defaults, which are shown in brackets.

    Parameters
    ----------
    data
        What to learn from, one or several; `faussaire list datasets` names the embedded sets.
    run
        Folder of the run. [runs/ and the name of the data]
    recipe
        Name of a recipe (`faussaire list recipes`), or a .toml file.
    replay
        Folder of a run to make again, tensor by tensor, with its settings and its recorded plan.
    studio
        Serve a page on this machine on which the run can be watched, paused and played against.
    """
    from faussaire.api import train as train_run
    from faussaire.views.web.server.beside import watching

    if sum(name in settings for name in LENGTHS) > 1:
        raise ConfigError("give one length: --minutes, --kimg or --epochs")
    console = Terminal()
    with watching(console, wanted=studio) as on_start:
        done = train_run(
            data or None,
            recipe=recipe,
            run=run,
            replay=replay,
            console=console,
            started=process_start(),
            on_start=on_start,
            **settings,
        )
        _say_where(console, done.path)


def _say_where(console: Console, run: Path) -> None:
    """Say where what a training made is to be found."""
    pictures = [f"{run}/{name}" for name in ("progress.gif", "samples/", "curves.png") if (run / name).exists()]
    if pictures:
        say(console, f"Pictures: {', '.join(pictures)}")
    say(console, f"More samples: faussaire generate {typed(run)} --out grid.png")


def inspect_data(*data: str, out: str | None = None, **settings: Any) -> None:
    """Say what DATA holds: counts, sizes, classes, copies, what was rejected and why; write a page of it.

    Parameters
    ----------
    data
        What `faussaire train` would learn from.
    out
        Where the contact sheet goes, with the page and the list of rejected files beside it: a picture, or a folder
        (DIR/). [NAME-contact-sheet.png, beside the data where this folder is part of it]
    """
    from faussaire.training.sizing import default_speed
    from faussaire.views.inspection import inspect_data as inspect_all

    if not data:
        raise ConfigError("no data given: name a folder, an archive, or an embedded set (faussaire list datasets)")
    with printing() as console:
        inspect_all(
            data,
            console,
            out=out,
            measure_speed=default_speed,
            **resolve(None, {"data": data, **settings}).preparation(),
        )


def generate(
    run: Path,
    /,
    *,
    n: Annotated[int, Parameter(alias="-n", converter=whole)] = 64,
    seed: Whole = 0,
    truncation: float = 1.0,
    label: Annotated[str | None, Parameter(name="--class")] = None,
    out: str = "grid.png",
) -> None:
    """Make samples with the generator of RUN.

    Parameters
    ----------
    run
        Folder of a run, or of a generator.
    n
        How many.
    seed
        The same seed gives the same samples.
    truncation
        What latents are multiplied by; below 1, samples are more typical and less varied.
    label
        Name or number of the class to make, where RUN was trained with --conditional. [all, as often as in the data]
    out
        A picture (grid.png), a folder for a picture each (DIR/), or an array (samples.npy: uint8 [N, H, W, C]).
    """
    from faussaire.generation.generator import Generator
    from faussaire.generation.samples import write_samples

    made = write_samples(Generator.load(run), out, n=n, seed=seed, truncation=truncation, label=label)
    say(Terminal(), f"{made} in {out}")


def evaluate(
    run: Path,
    /,
    *,
    data: Annotated[list[str] | None, Parameter(negative=())] = None,
    protocol: Annotated[list[str] | None, Parameter(negative=())] = None,
    seed: Whole = 0,
    json: Annotated[bool, Parameter(negative=())] = False,
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
    from faussaire.evaluation.evaluate import evaluate as evaluate_run
    from faussaire.runs.folder import RunFolder
    from faussaire.views.report import write_report
    from faussaire.views.tables import print_evaluation

    evaluation = _showing_progress(evaluate_run, run, data, protocol, seed)
    with printing() as console:
        if json:
            say(console, dumps(evaluation.rows(), indent=2))
        else:
            print_evaluation(console, evaluation)  # before the report is written: it took minutes, the disk may be full
        report = write_report(RunFolder(run), evaluation)
        if not json:
            say(console, f"The whole report: {report}")


def compare(
    *runs: Path,
    data: Annotated[list[str] | None, Parameter(negative=())] = None,
    protocol: Annotated[list[str] | None, Parameter(negative=())] = None,
    seed: Whole = 0,
    json: Annotated[bool, Parameter(negative=())] = False,
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
    evaluations = [_showing_progress(measure, run, data, protocol, seed) for run in runs]
    comparisons = compare_all(evaluations)
    with printing() as console:
        if json:
            say(console, dumps([asdict(comparison) for comparison in comparisons], indent=2))
        else:
            print_comparisons(console, evaluations, comparisons)


def _showing_progress(
    find_figures: Callable[..., Evaluation], run: Path, data: list[str] | None, protocols: list[str] | None, seed: int
) -> Evaluation:
    """Evaluate or measure a run, saying on standard error how far it is."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from faussaire.runs.folder import RunFolder

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Terminal(stderr=True), transient=True) as display:
        task = display.add_task(clean(f"Evaluating {run}"), total=None)

        def show(what: str, done: int, total: int) -> None:
            display.update(task, description=clean(what), completed=done, total=total)

        return find_figures(RunFolder(run), data=data, protocols=protocols or [], seed=seed, progress=show)


def list_registry(what: str | None = None, /) -> None:
    """List what there is to choose from.

    Parameters
    ----------
    what
        architectures, losses, recipes, datasets or protocols; all of them if not given.
    """
    from faussaire.views.listing import print_listing

    with printing() as console:
        print_listing(console, what)


def serve(
    runs: Path = Path("runs"),
    /,
    *,
    port: Whole = 8765,
    host: str = "127.0.0.1",
    name: Annotated[list[str] | None, Parameter(negative=())] = None,
    public: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Serve pages on which runs can be watched, explored and played against.

    Parameters
    ----------
    runs
        Folder of a run, or a folder of runs.
    port
        Where to listen; 0 takes a free one.
    host
        Address to listen on. The default is reached from this machine alone; 0.0.0.0 is reached from everywhere.
    name
        A name or address under which the pages are asked for, besides those of this machine, such as that of a
        proxy; repeat the flag for several.
    public
        Serve the page "this does not exist" of one run and nothing else, under any name: fit for the world.
    """
    from faussaire.views.web.server.serve import serve_folder

    serve_folder(runs, Terminal(), host=host, port=port, public_only=public, names=name or [])


def demo(*, minutes: float = 2.0, run: Path = Path("runs/demo"), studio: bool = os.name == "posix") -> None:
    """Train on the embedded Fashion-MNIST for two minutes, with a page to watch, and say where the pictures are.

    Parameters
    ----------
    minutes
        Time budget.
    run
        Folder of the run.
    studio
        Serve a page on this machine on which the run can be watched.
    """
    from faussaire.api import train as train_run
    from faussaire.views.web.server.beside import watching

    console = Terminal()
    with watching(console, wanted=studio) as on_start:
        done = train_run(
            "fashion-mnist", run=run, minutes=minutes, console=console, started=process_start(), on_start=on_start
        )
        _say_where(console, done.path)


app.command(with_settings(inspect_data, PREPARATION), name="inspect")
app.command(with_settings(train, [name for name in FIELDS if name != "data"]), name="train")
app.command(generate)
app.command(evaluate)
app.command(compare)
app.command(serve)
app.command(list_registry, name="list")
app.command(demo)
