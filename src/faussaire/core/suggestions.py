"""What to do next, in words that can be typed: what an unknown word was meant to be, and parts of commands."""

from __future__ import annotations

import difflib
import itertools
import os
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from faussaire.core.errors import ConfigError


def check_choice(flag: str, value: object, known: Sequence[str]) -> None:
    """Raise ConfigError for a value that is none of a few words, and name these."""
    if value not in known:
        raise ConfigError(f"{flag} {value!r} is unknown: one of {', '.join(known)}")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'? Known: x, y, z`, or without the question where nothing is near."""
    names = list(known)
    near = difflib.get_close_matches(word.lower(), names, n=1)
    return (f"; did you mean {near[0]!r}?" if near else ";") + f" known: {', '.join(names)}"


def typed(*words: str | Path) -> str:
    """Return paths or names as words of a command line: quoted for the shell, and none of them like a flag."""
    return shlex.join(f"./{word}" if str(word).startswith("-") else str(word) for word in words)


def reached(path: str | Path) -> str:
    """Return a path as a page may show it: as it is reached from this folder, or its last part alone where it lies
    elsewhere, which concerns nobody.
    """
    path = Path(path)
    if not path.is_absolute():
        return str(path)
    here = Path.cwd()
    return str(path.relative_to(here)) if path != here and path.is_relative_to(here) else path.name


def another_run(path: Path) -> str:
    """Return the flag that names a folder beside a run's, which is not there yet."""
    named = path if path.name not in ("", "..") else path.resolve()
    return f"--run {typed(next(f'{named}-{n}' for n in itertools.count(2) if not os.path.lexists(f'{named}-{n}')))}"
