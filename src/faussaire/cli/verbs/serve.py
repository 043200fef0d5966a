"""The verb `faussaire serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from faussaire.cli.flags import Reader, Whole
from faussaire.core.errors import ConfigError
from faussaire.core.terminal import Terminal
from faussaire.views.words import ENGLISH

PORT = 8765
RUNS = Path("runs")


def serve(
    runs: Path = RUNS,
    /,
    *,
    port: Whole = PORT,
    host: str = "127.0.0.1",
    name: Annotated[list[str] | None, Parameter(negative=())] = None,
    public: Annotated[bool, Parameter(negative=())] = False,
    title: str = "",
    playground: Annotated[bool, Parameter(negative=())] = False,
    words: Reader = ENGLISH,
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
    title
        What that page is called, such as "This cat does not exist". [This image does not exist]
    playground
        Serve the game in two dimensions and nothing else, under any name; it needs no run. A studio has it, too.
    """
    from faussaire.views.web.server.serve import serve_folder, serve_playground

    if playground:
        if runs != RUNS or public or name or title:
            raise ConfigError("--playground serves the game alone: it takes no runs, --public, --name or --title")
        serve_playground(Terminal(), host=host, port=port, words=words)
        return
    serve_folder(runs, Terminal(), host=host, port=port, public_only=public, names=name or [], title=title, words=words)
