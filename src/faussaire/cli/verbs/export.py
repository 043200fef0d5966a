"""The verb `faussaire export`."""

from __future__ import annotations

from typing import Any

from faussaire.cli.progress import showing_progress
from faussaire.core.terminal import Terminal, say


def export(run: str, out: str | None = None, *, to: str, **settings: Any) -> None:
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

    with showing_progress(f"Exporting {run}") as progress:
        path, told = export_run(run, to, out, progress=progress, **settings)
    console = Terminal()
    say(console, f"{path}: {told[0]}")
    for line in told[1:]:
        say(console, line)
