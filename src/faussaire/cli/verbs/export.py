"""The verb `faussaire export`."""

from __future__ import annotations

from typing import Any

from faussaire.cli.flags import Reader
from faussaire.cli.progress import showing_progress
from faussaire.core.terminal import Terminal, say
from faussaire.views.words import ENGLISH


def export(run: str, out: str | None = None, *, to: str, words: Reader = ENGLISH, **settings: Any) -> None:
    """Take the generator of RUN elsewhere.

    Parameters
    ----------
    run
        Folder of a run, or of a generator, or hub:OWNER/NAME.
    out
        Where it is written. [here, under the name of the run]
    to
        In which form; `faussaire list exports` says what there is.
    """
    from faussaire.generation.export import export as export_run

    with showing_progress(words("console.made.exporting", run=run), words.said) as progress:
        path, told = export_run(run, to, out, progress=progress, **settings)
    console = Terminal()
    say(console, f"{path}: {words.said(told[0])}")
    for line in told[1:]:
        say(console, words.said(line))
