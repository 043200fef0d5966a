"""Which runs are served, and which of their files.

A run is asked for by its id, the name of its folder, which is looked up among those that are there and never joined
to a path: no id leads out of the folder that is served. Files are those of a short list. A run may be a stranger's, so
no link is followed that leads out of its folder, or out of the one that was named to be served.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from faussaire.core.errors import ConfigError, RequestError
from faussaire.core.suggestions import reached
from faussaire.runs.folder import RunFolder

SERVED_FILES = re.compile(r"reals\.png|noise\.png|progress\.gif|samples/\d{12}\.png|judged/\d{1,2}\.png")

ANSWERED_FROM = (
    "config.json", "events.jsonl", "scores.json", "reals.png", "generator.safetensors", "generator",
    "generator/config.json", "generator/generator.safetensors", "model.safetensors", "generator/model.safetensors",
    "control.json", ".tmp-control.json",
    "quiz.sqlite", "quiz.sqlite-journal", "quiz.sqlite-wal", "quiz.sqlite-shm",
)  # fmt: skip
"""What is read or written in a run to answer; pictures and checkpoints are looked at one by one."""


class Library:
    """The runs that are served.

    Args:
        path: the folder of a run, or a folder of runs.
        expected: `path` is the folder of a run that is about to begin.

    Raises:
        ConfigError: there is no such folder, or a link leads out of it.
    """

    def __init__(self, path: str | Path, *, expected: bool = False) -> None:
        self.given, self.path = Path(path), Path(path).resolve()
        if not expected and not os.path.isdir(self.path):  # which is no error where it may not be looked at
            raise ConfigError(f"no such run, or folder of runs: {path}; train first (faussaire train DATA --studio)")
        self.single = expected or is_run(self.path)
        refused = self.refused()
        if self.single and refused:
            raise ConfigError(f"{path} is not served: {next(iter(refused.values()))}")

    def runs(self) -> dict[str, RunFolder]:
        """Return the runs by id, sorted by name."""
        return {id_of(run.path): run for run in self._there() if not self._link_out(run)}

    def refused(self) -> dict[str, str]:
        """Return the ids of runs that are not served, and why."""
        return {id_of(run.path): reason for run in self._there() if (reason := self._link_out(run))}

    def _there(self) -> list[RunFolder]:
        if self.single:
            return [RunFolder(self.path)] if self.path.is_dir() else []
        try:
            return [RunFolder(path) for path in sorted(self.path.iterdir()) if is_run(path)]
        except OSError:
            return []

    def _link_out(self, run: RunFolder) -> str:
        """Say of a run what link leads out of it, or out of what is served; nothing where none does."""
        if run.path.is_symlink() and not RunFolder(self.path).holds(run.path):
            return "it is a link that leads out of the folder that is served; name it itself to have it served"
        links = (name for name in ANSWERED_FROM if (run.path / name).is_symlink())
        name = next((name for name in links if not run.holds(run.path / name)), None)
        return "" if name is None else f"its {name} is a link that leads out of the run"

    def place(self, run_id: str) -> Path:
        """Return the folder of a run as whoever serves it would type it; its name alone where it lies elsewhere."""
        return Path(reached(self.given if self.single else self.given / run_id))

    def run(self, run_id: str | None) -> RunFolder:
        """Return a run; without an id, the only one.

        Raises:
            RequestError: there is none of that id, or several and no id.
        """
        runs = self.runs()
        if run_id is None and len(runs) == 1:
            return next(iter(runs.values()))
        if run_id is not None and run_id not in runs and (reason := self.refused().get(run_id)) is not None:
            raise RequestError(404, "this run is not served: {reason}", reason=reason)
        if not runs:
            raise RequestError(404, "there is no run here: it was moved or deleted, or none has begun")
        if run_id is None:
            raise RequestError(
                422, "{count} runs are served here: name one by run=ID; /api/runs lists them", count=len(runs)
            )
        if run_id not in runs:
            raise RequestError(
                404, "no such run: it was moved or deleted, or never was; /api/runs lists those that are"
            )
        return runs[run_id]


def id_of(path: Path) -> str:
    """Return the id of the run in a folder: its name, bytes that are no text written as \\xff."""
    return os.fsencode(path.name).decode(errors="backslashreplace")


def is_run(path: Path) -> bool:
    """Say whether a folder is that of a run, or of a generator on its own."""
    try:
        return (path / "config.json").is_file()
    except OSError:  # it may not be looked into
        return False


def served_file(run: RunFolder, name: str) -> Path:
    """Return the path of a file of a run that may be shown.

    Raises:
        RequestError: it may not, or it is not there.
    """
    if SERVED_FILES.fullmatch(name):
        with suppress(OSError):  # it may not be looked at
            if (run.path / name).is_file() and run.holds(run.path / name):
                return run.path / name
    raise RequestError(404, "no such file in this run")
