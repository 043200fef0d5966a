"""The runs of a folder on the console: where each stands, what is damaged of it, and what of it could be removed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from faussaire.core.errors import CheckpointError, ConfigError, FaussaireError
from faussaire.core.terminal import literal, say, show
from faussaire.runs.folder import RunFolder
from faussaire.runs.lock import is_held
from faussaire.runs.mending import damage
from faussaire.runs.pruning import remove, size_of, superfluous
from faussaire.runs.standing import LEARNING, standing
from faussaire.views.words import ENGLISH, Words

KILLED = "killed"
"""What a run is that was learning when it was last heard of, and that no process trains."""


def runs_in(folder: Path) -> list[RunFolder]:
    """Return the runs in a folder, or the one that it is, sorted by name.

    Raises:
        ConfigError: there is none.
    """
    try:
        found = [folder] if _is_run(folder) else sorted(path for path in folder.iterdir() if _is_run(path))
    except OSError as error:
        raise ConfigError(f"cannot look into {folder}: {error.strerror or error}") from None
    if not found:
        raise ConfigError(f"no runs in {folder}: train first (faussaire train DATA), or name their folder")
    return [RunFolder(path) for path in found]


def _is_run(path: Path) -> bool:
    try:
        return (path / "events.jsonl").is_file() or (path / "checkpoints").is_dir()
    except OSError:  # it may not be looked into
        return False


def state_of(run: RunFolder) -> str:
    """Return where a run stands, in a word."""
    state = standing(run.history(), time.time()).state
    return KILLED if state in LEARNING and not is_held(run.path) else state


def print_runs(console: Console, runs: Sequence[RunFolder], words: Words = ENGLISH) -> None:
    """Print a line on each run: its state, how far it is, its size, and its last score."""
    numbers = words.numbers
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("run", "state"):
        table.add_column(words(f"console.runs.{name}"), overflow="fold")
    for name in ("done", "kimg", "size"):
        table.add_column(words(f"console.runs.{name}"), justify="right", no_wrap=True)
    table.add_column(words("console.runs.score"), overflow="fold")
    for run in runs:
        found = standing(run.history(), time.time())
        table.add_row(
            literal(run.path.name),
            words(f"console.states.{state_of(run)}"),
            "" if found.progress is None else numbers.percent(found.progress),
            numbers.thousands(found.nimg),
            numbers.count(size_of([run.path]) / 1e6, 1),
            literal(_last_score(run, words)),
        )
    show(console, table)


def _last_score(run: RunFolder, words: Words) -> str:
    event = next((event for event in reversed(run.history()) if event.kind == "score"), None)
    if event is None:
        return words("console.runs.none")
    try:
        row = event.data["rows"][0]
        interval = words.numbers.interval(row["low"], row["high"])
        return f"{row['protocol']} {words.numbers.figure(row['value'])} ({interval})"
    except (LookupError, TypeError, ValueError):  # a line of events.jsonl that was damaged
        return words("console.runs.unreadable")


def print_damage(console: Console, runs: Sequence[RunFolder], words: Words = ENGLISH) -> None:
    """Print what is not as it was written, file by file.

    Raises:
        CheckpointError: something is damaged.
    """
    num_damaged = 0
    for run in runs:
        found, path = damage(run), str(run.path)
        say(console, words("console.runs.damaged", path=path, n=len(found)) if found
            else words("console.runs.whole", path=path))  # fmt: skip
        for name, problem in sorted(found.items()):
            say(console, f"  {name}: {words.said(problem)}")
        num_damaged += bool(found)
    if num_damaged:
        raise CheckpointError(
            f"{num_damaged} of {len(runs)} runs {'are' if num_damaged > 1 else 'is'} damaged: the command that trained "
            "each goes on from its last whole checkpoint, and makes again what can be made"
        )


def prune(
    console: Console, runs: Sequence[RunFolder], *, agreed: Callable[[str], bool], words: Words = ENGLISH
) -> None:
    """Say what of the runs nothing needs any more, and remove it where that is agreed to; none that is trained."""
    found: list[Path] = []
    for run in runs:
        if is_held(run.path):
            say(console, words("console.runs.in_use", path=str(run.path)))
            continue
        try:
            here = superfluous(run)
        except FaussaireError as error:
            say(console, words("console.runs.left_alone", path=str(run.path), reason=words.said(str(error))))
            continue
        for path in here:
            say(console, words("console.runs.found", path=str(path), megabytes=_megabytes([path], words)))
        found += here
    if not found:
        say(console, words("console.runs.nothing"))
    elif agreed(words("console.runs.question", n=len(found), megabytes=_megabytes(found, words))):
        remove(found)
        say(console, words("console.runs.removed"))
    else:
        say(console, words("console.runs.kept"))


def _megabytes(paths: Sequence[Path], words: Words) -> str:
    return words("console.runs.megabytes", n=words.numbers.count(size_of(paths) / 1e6, 1))
