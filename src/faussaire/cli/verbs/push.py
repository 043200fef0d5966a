"""The verb `faussaire push`."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from faussaire.cli.flags import Reader
from faussaire.cli.progress import showing_progress
from faussaire.core.terminal import Terminal, say
from faussaire.views.words import ENGLISH


def push(
    run: str,
    name: str,
    /,
    *,
    private: Annotated[bool, Parameter(negative=())] = False,
    license: str | None = None,
    words: Reader = ENGLISH,
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

    with showing_progress(words("console.made.pushing", run=run), words.said) as progress:
        page = push_run(run, name, private=private, license=license, progress=progress)
    console = Terminal()
    say(console, f"{page}")
    load = f'faussaire.Generator.load("hub:{name.removeprefix("hub:")}")'
    say(console, words("console.made.load", code=load))
