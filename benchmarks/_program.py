"""The real program as something that can be killed, frozen, starved of disk and injected with nonsense.

Each command runs in a child that was forked after the imports, so that a kill costs a second and not five: what runs in
it is `faussaire.cli.main.run`, as at a prompt. A child may be told to kill itself just before its k-th touch of a file,
or of one under a folder of some name (an audit hook counts them): so every instant between two of its dealings with the
disk can be hit, and not only those that last. It saves every fraction of a second, so that a run of seconds has as many
checkpoints as one of hours.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
from PIL import Image

TOUCHES = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "shutil.rmtree")
"""Audit events of dealings with the disk."""
ANYWHERE, PREPARED, CHECKPOINTS = "", "/cache/", "/checkpoints/"
"""Parts of paths: touches of files are counted under each of them."""

SAVE_SECONDS = 0.15  # between two saves of a child
IMPORTED = ("faussaire", "torch", "numpy", "PIL", "rich", "safetensors", "filelock", "matplotlib")
COLOURS, SIDE = 100, 16  # enough that some are held out, and scores taken


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a child ended."""

    code: int
    """Its exit code, or the negative number of the signal that ended it."""

    said: str
    seconds: float
    touches: dict[str, int]
    """How often it dealt with the files under its scratch folder, by ANYWHERE, PREPARED and CHECKPOINTS."""


def write_pictures(folder: Path, count: int = COLOURS, side: int = SIDE) -> Path:
    """Write a folder of colour images in two classes, always the same."""
    pixels = np.random.default_rng(0).integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    for number, image in enumerate(pixels):
        path = folder / ("cats", "dogs")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return folder


def recipe(data: Path, run: Path, cache: Path, *, kimg: float, threads: int = 2) -> list[str]:
    """Return the command of the default recipe, small: two shards, bf16, augmented, with classes by name."""
    command = ["train", str(data), "--run", str(run), "--cache", str(cache), "--kimg", f"{kimg:g}", "--conditional"]
    command += ["--threads", str(threads), "--shards", str(threads), "--precision", "bf16"]
    command += ["--width", "4", "--batch-size", "16", "--z-dim", "8"]
    return [*command, "--augment", "translation", "--augment", "colour", "--augment", "cutout", "--pictures", "5"]


class Touches:
    """Counts how often this process deals with the files under a folder, and sends it a signal before one of them."""

    def __init__(self, inside: Path, kill_at: tuple[str, int] | None, by: int) -> None:
        self._inside, self._kill_at, self._by = f"{inside}/", kill_at, by
        self.counted = dict.fromkeys((ANYWHERE, PREPARED, CHECKPOINTS), 0)

    def count(self, event: str, arguments: tuple[object, ...]) -> None:
        """Take note of an audit event."""
        if event not in TOUCHES or not isinstance(arguments[0], (str, os.PathLike)):
            return
        path = f"{arguments[0]}/"
        if not path.startswith(self._inside):
            return
        for part in self.counted:
            if part in path:
                self.counted[part] += 1
                if self._kill_at == (part, self.counted[part]):
                    os.kill(os.getpid(), self._by)


class Child:
    """The program in a process of its own.

    Args:
        command: what would stand after `faussaire`.
        scratch: the folder under which its touches of files are counted; its words go beside it.
        kill_at: the touch before which it kills itself: of which files, and its number; never if not given.
        by: the signal that it gives itself there.
        prepare: is called in the child before the program.
    """

    def __init__(
        self,
        command: Sequence[str],
        scratch: Path,
        *,
        kill_at: tuple[str, int] | None = None,
        by: int = signal.SIGKILL,
        prepare: Callable[[], None] = lambda: None,
    ) -> None:
        # Beside the folder, which may be a disk that is full.
        self._log, self._count = (scratch.with_name(f"{scratch.name}-{what}") for what in ("said.txt", "touches.json"))
        self._count.unlink(missing_ok=True)
        self._began = time.monotonic()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid:
            return
        code = 70
        try:  # in the child, which never returns
            prepare()
            code = self._run(list(command), Touches(scratch, kill_at, by))
        finally:
            os._exit(code)

    def _run(self, command: list[str], touches: Touches) -> int:
        log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(log, stream)

        import faussaire.training.cadence as cadence
        from faussaire.cli.main import run

        cadence.FIRST_SAVE_SECONDS = cadence.SAVE_SECONDS = SAVE_SECONDS
        cadence.REPORT_SECONDS = 0.1
        sys.addaudithook(touches.count)
        try:
            code = run(command)
        except SystemExit as end:  # as a signal asks to
            code = int(end.code or 0)
        sys.stdout.flush()
        sys.stderr.flush()
        self._count.write_text(json.dumps(touches.counted))
        return code

    def signal(self, number: int) -> None:
        """Send it a signal, if it is still there."""
        os.kill(self.pid, number)

    def wait(self, seconds: float = 600.0) -> Ended:
        """Wait for its end; one that takes longer than that is killed, and has code -9."""
        while os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if time.monotonic() - self._began > seconds:
                self.signal(signal.SIGKILL)
            time.sleep(0.005)
        _, status = os.waitpid(self.pid, 0)
        counted = self._count.read_text() if self._count.is_file() else "{}"
        return Ended(
            code=os.waitstatus_to_exitcode(status),
            said=self._log.read_text("utf-8", "replace").strip() if self._log.is_file() else "",
            seconds=time.monotonic() - self._began,
            touches=json.loads(counted),
        )


def warm_up(data: Path, folder: Path) -> None:
    """Train once in a child, and import here what was imported on the way, so that it is there in every child.

    Nothing is computed here: the threads of torch's autograd and of OpenMP would not be there in a fork, and what they
    hold would.
    """
    listing = folder / "modules.txt"
    pid = os.fork()
    if pid == 0:
        _train_and_list(data, folder, listing)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code:
        sys.exit(f"the program does not train: exit code {code}")
    for name in listing.read_text().split():
        with suppress(ImportError):
            importlib.import_module(name)


def _train_and_list(data: Path, folder: Path, listing: Path) -> NoReturn:
    """Train, write the names of all modules that are loaded then, and end this process."""
    code = 1
    try:
        from faussaire.cli.main import run

        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
            code = run(recipe(data, folder / "run", folder / "cache", kimg=0.1, threads=1))
        listing.write_text("\n".join(name for name in sys.modules if name.partition(".")[0] in IMPORTED))
    finally:
        os._exit(code)


def files_of(folder: Path, name: str) -> dict[str, bytes]:
    """Return the content of each file of a folder in a run."""
    return {path.name: path.read_bytes() for path in sorted((folder / name).iterdir())}


def emptied(folder: Path) -> Path:
    """Return a folder that is new."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
