"""The verbs `faussaire train` and `faussaire demo`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from rich.console import Console

from faussaire.cli.clock import process_start
from faussaire.cli.flags import Number, Reader, Whole
from faussaire.cli.verbs.serve import PORT
from faussaire.core import ranks
from faussaire.core.config import LENGTHS
from faussaire.core.errors import ConfigError
from faussaire.core.suggestions import typed
from faussaire.core.terminal import Terminal, say
from faussaire.views.words import ENGLISH, Words

if TYPE_CHECKING:
    from faussaire.api import Run


def train(
    *data: str,
    run: Annotated[Path | None, Parameter(alias=("--folder",))] = None,
    recipe: str | None = None,
    replay: Path | None = None,
    studio: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    port: Annotated[Whole, Parameter(show_default=False)] = PORT,
    title: str = "",
    words: Reader = ENGLISH,
    **settings: Any,
) -> None:
    """Train a generator on DATA: a folder, archive, array, table or list of images, or an embedded set's name.

    The same command again goes on where it stopped. What a flag says stands over the recipe, the recipe over the
    defaults, in brackets. Example: `faussaire train holiday-photos/ --minutes 20 --studio`

    Parameters
    ----------
    data
        What to learn from, one or several; `faussaire list datasets` names the embedded sets.
    run
        Folder of the run; under torchrun, which takes --run for its own, say --folder. [runs/ and the name of the data]
    recipe
        Name of a recipe (`faussaire list recipes`), or a .toml file.
    replay
        Folder of a run to make again, tensor by tensor, with its settings and its recorded plan.
    studio
        Serve a page on this machine on which the run can be watched, paused and played against.
    port
        Where the studio listens; another free one where that is taken. [8765]
    title
        What the studio's page "this does not exist" is called, such as "This cat does not exist". [This image does not
        exist]
    """
    _refuse_two_lengths(settings)
    if title and not studio:
        raise ConfigError("--title is that of a page of the studio: add --studio")
    settings |= {"run": run, "recipe": recipe, "replay": replay}
    _train(data or None, words, studio=studio, port=port, title=title, **settings)


def demo(
    *,
    minutes: Number = 2.0,
    run: Path = Path("runs/demo"),
    studio: bool = os.name == "posix",
    port: Whole = PORT,
    words: Reader = ENGLISH,
) -> None:
    """Train on the embedded Fashion-MNIST for two minutes, with a page to watch, and say where the pictures are.

    Parameters
    ----------
    minutes
        Time budget.
    run
        Folder of the run.
    studio
        Serve a page on this machine on which the run can be watched.
    port
        Where the studio listens; another free one where that is taken.
    """
    _train("fashion-mnist", words, studio=studio, port=port, run=run, minutes=minutes)


def _train(
    data: str | tuple[str, ...] | None, words: Words, *, studio: bool, port: int, title: str = "", **settings: Any
) -> None:
    """Train, with a page beside it where one is wanted, and say where what was made is to be found."""
    from faussaire.api import train as train_run
    from faussaire.views.web.server.beside import watching
    from faussaire.views.web.server.serve import check_port

    check_port(port)
    console, started = Terminal(quiet=ranks.rank() > 0, voice=words.said), process_start()
    with watching(console, wanted=studio, port=port, title=title, words=words) as on_start:
        done = train_run(data, lang=words.language, console=console, started=started, on_start=on_start, **settings)
        _say_where(console, done, words)


def _refuse_two_lengths(settings: Mapping[str, Any]) -> None:
    if sum(name in settings for name in LENGTHS) > 1:
        raise ConfigError("give one length: --minutes, --kimg or --epochs")


def _say_where(console: Console, run: Run, words: Words) -> None:
    """Say where what a training made is to be found, how it went, and what to type next.

    Raises:
        KeyboardInterrupt: it was asked to stop from the page, and so was what follows the command.
    """
    from faussaire.runs.folder import RunFolder
    from faussaire.views.tables import print_next
    from faussaire.views.verdict import data_of, in_words, verdict_on

    if run.state == "stopped":
        raise KeyboardInterrupt("saved")
    path, folder = run.path, RunFolder(run)
    pictures = [f"{path}/{name}" for name in ("progress.gif", "samples/", "curves.png") if (path / name).exists()]
    if pictures:
        say(console, words("console.training.pictures", files=", ".join(pictures)))
    say(console, words("console.training.more", command=f"faussaire generate {typed(path)} --out grid.png"))
    said = in_words(verdict_on(folder), words.language, run=path, data=data_of(folder))
    say(console, said.text)
    print_next(console, said)
