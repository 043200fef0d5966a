"""The verb `faussaire runs`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from faussaire.cli.flags import Reader
from faussaire.core.errors import ConfigError
from faussaire.core.terminal import Terminal, printing, say
from faussaire.views.words import ENGLISH, Words


def list_runs(
    folder: Path = Path("runs"),
    /,
    *,
    verify: Annotated[bool, Parameter(negative=())] = False,
    prune: Annotated[bool, Parameter(negative=())] = False,
    yes: Annotated[bool, Parameter(negative=())] = False,
    words: Reader = ENGLISH,
) -> None:
    """List runs: where each stands, how large it is, and its last score.

    Parameters
    ----------
    folder
        Folder of runs, or of one.
    verify
        Check every file by its SHA-256 instead, and say which is damaged; exit code 1 where one is.
    prune
        Remove what nothing needs any more: all checkpoints but the newest whole one and that of the best score, and
        what kills left behind. Asks first.
    yes
        Do not ask.
    """
    from faussaire.views.shelf import print_damage, print_runs, runs_in
    from faussaire.views.shelf import prune as prune_runs

    if verify and prune:
        raise ConfigError("give --verify or --prune: one after the other")
    if yes and not prune:
        raise ConfigError("--yes goes with --prune")
    runs = runs_in(folder)
    with printing() as console:
        if verify:
            print_damage(console, runs, words)
        elif prune:
            prune_runs(console, runs, agreed=lambda question: yes or _asked(question, words), words=words)
        else:
            print_runs(console, runs, words)


def _asked(question: str, words: Words) -> bool:
    """Ask, and return whether the answer was yes.

    Raises:
        ConfigError: nobody can answer.
    """
    if not sys.stdin.isatty():
        raise ConfigError("nobody can be asked: add --yes to remove them")
    say(Terminal(stderr=True), question)
    return sys.stdin.readline().strip().lower() in words("console.runs.yes").split()
