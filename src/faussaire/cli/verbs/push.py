"""The verb `faussaire push`."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from faussaire.cli.progress import showing_progress
from faussaire.core.terminal import Terminal, say


def push(
    run: str,
    name: str,
    /,
    *,
    private: Annotated[bool, Parameter(negative=())] = False,
    license: str | None = None,
) -> None:
    """Upload the generator of RUN to the Hugging Face hub, with its model card.

    Parameters
    ----------
    run
        Folder of a run, or of a generator.
    name
        OWNER/NAME on the hub; it is made where there is none.
    private
        Let nobody else see it.
    license
        Licence of what is given away, such as cc-by-4.0.
    """
    from faussaire.generation.export.hub import push_run

    with showing_progress(f"Pushing {run}") as progress:
        page = push_run(run, name, private=private, license=license, progress=progress)
    console = Terminal()
    say(console, f"{page}")
    say(console, f'Load it anywhere: faussaire.Generator.load("hub:{name.removeprefix("hub:")}")')
