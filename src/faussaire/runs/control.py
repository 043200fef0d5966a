"""What somebody asks of a training from outside its process: pause, resume, stop, by a file in the run folder.

Whoever asks writes `control.json` whole (written beside and renamed); the training looks at it at its reports, about
once a second, and removes it when it begins, so that what was asked of an earlier process is not obeyed by a later
one. Nobody waits for anybody, and a request that no training reads does nothing.
"""

from __future__ import annotations

import json
import time

from faussaire.core.errors import ConfigError
from faussaire.core.files import write_atomically, writing
from faussaire.runs.folder import RunFolder, as_json

COMMANDS = ("pause", "resume", "stop")


def ask(run: RunFolder, command: str) -> None:
    """Ask the training in a run folder for something; it answers by an event.

    Raises:
        ConfigError: there is no such command, or no such run.
        CheckpointError: the folder cannot be written.
    """
    if command not in COMMANDS:
        raise ConfigError(f"unknown command {command!r}; known: {', '.join(COMMANDS)}")
    if not run.exists():
        raise ConfigError(f"no such run: {run.path}")
    write_atomically(run.control, as_json({"command": command, "time": round(time.time(), 3)}))


def asked(run: RunFolder) -> str:
    """Return what was asked for last: a command, or nothing."""
    try:
        command = json.loads(run.control.read_bytes())["command"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return command if command in COMMANDS else ""


def forget(run: RunFolder) -> None:
    """Remove what was asked of an earlier process."""
    with writing(run.control):
        run.control.unlink(missing_ok=True)
