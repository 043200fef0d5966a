"""The command line: each verb is one function, in a file of `verbs/`, that hands over to the package.

Exit codes: 0; 2 for the user's error, told in one line; 1 for a failure; 128 and its number for a signal (Ctrl-C: 130).
`--debug` gives the traceback, `--lang fr` the words in French; without it they are of the language that the environment
names, if there is such. Heavy modules are imported inside the verbs, so that `--help` answers at once; the flags
of `train` are the fields of `Config`, their help the docstrings there.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import IO, cast

from cyclopts import App, CycloptsError
from rich.console import Console

from faussaire import __version__
from faussaire.cli.flags import with_options, with_settings
from faussaire.cli.verbs.classroom import teach
from faussaire.cli.verbs.evaluate import compare, evaluate
from faussaire.cli.verbs.export import export
from faussaire.cli.verbs.generate import generate
from faussaire.cli.verbs.inspect import inspect_data
from faussaire.cli.verbs.list import list_registry
from faussaire.cli.verbs.plan import SETTINGS, plan
from faussaire.cli.verbs.push import push
from faussaire.cli.verbs.runs import list_runs
from faussaire.cli.verbs.serve import serve
from faussaire.cli.verbs.train import demo, train
from faussaire.core import ranks
from faussaire.core.config import FIELDS, PREPARATION
from faussaire.core.errors import ConfigError, FaussaireError, RankError
from faussaire.core.extras import missing
from faussaire.core.interruption import exit_code, raise_signals
from faussaire.core.terminal import Stream, Terminal, open_standard_streams, say
from faussaire.generation.export import exporters
from faussaire.views.words import ENGLISH, Words, words_for

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
    try:
        code = run(sys.argv[1:])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    if code and ranks.num_ranks() > 1:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)  # torch would wait, as it is taken down, for processes that will not answer any more
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    open_standard_streams()
    console, words = Terminal(stderr=True), ENGLISH
    try:
        arguments, asked = _without_language(arguments)
        words = words_for(asked)
        if ranks.rank() > 0 and arguments[:1] not in (["train"], ["evaluate"]):
            return 0  # the others are not shared by processes: the first does what there is to do
        _refuse_no_folder()
        _call(arguments, words)
    except (CycloptsError, FaussaireError) as error:
        if debug:
            raise
        if ranks.rank() == 0 or isinstance(error, RankError):  # of several processes, one tells what all meet
            _complain(console, words, " ".join(str(error).split()))
        return error.exit_code if isinstance(error, FaussaireError) else 2
    except KeyboardInterrupt as interrupt:
        if not interrupt.args and ranks.rank() == 0:  # otherwise the training has said what it saved
            say(console, words("console.errors.interrupted"), style="red")
        return exit_code(interrupt)
    except Exception as error:
        told = missing(error) if isinstance(error, ModuleNotFoundError) else None
        if debug:
            raise
        if told is not None:
            _complain(console, words, str(told))
            return told.exit_code
        kind, text = type(error).__name__, words.said(str(error))
        say(console, words("console.errors.unexpected", kind=kind, text=text), style="red")
        return 1
    return 0


def _call(arguments: list[str], words: Words) -> None:
    """Call the verb that is asked for, with the words that it says things in."""
    help_console = Console(file=cast(IO[str], Stream(sys.stdout)))
    verb, bound, unparsed = app.parse_args(arguments, console=help_console, exit_on_error=False, print_error=False)
    verb(*bound.args, **bound.kwargs, **dict.fromkeys(unparsed, words))


def _complain(console: Console, words: Words, text: str) -> None:
    """Say in a line what is wrong."""
    say(console, words("console.errors.told", text=words.said(text)), style="red")


def _without_language(arguments: list[str]) -> tuple[list[str], str | None]:
    """Return the arguments without `--lang`, and the language that it names, the last of several; None without one.

    Raises:
        ConfigError: it names none.
    """
    left, asked, rest = [], None, iter(arguments)
    for argument in rest:
        name, _, value = argument.partition("=")
        if name != "--lang":
            left.append(argument)
        elif not (value := value if "=" in argument else next(rest, "")):
            raise ConfigError("--lang takes en or fr")
        else:
            asked = value
    return left, asked


def _refuse_no_folder() -> None:
    """Raise ConfigError where the working directory was removed: torch, loaded later, would end the process."""
    try:
        os.getcwd()
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"the folder that this shell is in cannot be used ({reason}): cd to another") from None


app.command(with_settings(inspect_data, PREPARATION), name="inspect")
app.command(
    with_settings(train, [name for name in FIELDS if name != "data"]),
    name="train",
    usage="Usage: faussaire train DATA... [OPTIONS]",
)
app.command(generate)
app.command(with_options(export, {name: exporter.options for name, exporter in exporters().items()}), name="export")
app.command(push)
app.command(evaluate)
app.command(compare)
app.command(serve)
app.command(with_settings(teach, PREPARATION), name="class", usage="Usage: faussaire class DATA... [OPTIONS]")
app.command(list_registry, name="list")
app.command(with_settings(plan, SETTINGS), name="plan")
app.command(list_runs, name="runs")
app.command(demo)
app.register_install_completion_command()
