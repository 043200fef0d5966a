"""How far a command is, on standard error while it works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from faussaire.core import ranks
from faussaire.core.terminal import Terminal, Voice, clean


@contextmanager
def showing_progress(what: str, voice: Voice = str) -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar that begins as `what`, and give what is to be told what is being done, how much is done, of how much.

    What is being done is given in English, and shown as `voice` says it.

    It is gone when the command is done.
    """
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Terminal(stderr=True, quiet=ranks.rank() > 0), transient=True) as display:
        task = display.add_task(clean(what), total=None)

        def show(what: str, done: int, total: int) -> None:
            display.update(task, description=clean(voice(what)), completed=done, total=total)

        yield show
