"""The folder of a run: its paths, its lock, and events.jsonl, the only channel from training to any view.

Lines are only ever appended. After a resume, what was told beyond the point of resumption happens again: `history`
leaves the first telling out. Files that others read are written beside and renamed, so that a reader sees the old or
the new, never half of one.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from faussaire.core.errors import CheckpointError, ConfigError, FaussaireError
from faussaire.core.files import replacing, sync, writing
from faussaire.core.suggestions import another_run
from faussaire.core.terminal import FAILURES
from faussaire.runs.events import Event, kind_of, line_of, parse
from faussaire.runs.history import History
from faussaire.runs.lock import LOCK, owned
from faussaire.runs.manifest import OF_EVALUATION, Manifest

REALS = "reals.npy"
"""Some real samples as a user gets them, where their picture does not hold them."""

RECORDED = {"config": dict, "spec": dict, "num_images": int, "fingerprint": str, "threads": int, "torch": str}
"""What config.json of a run holds, and of what type."""


class RunFolder:
    """A run on the disk. Nothing is created until something is written."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.listeners: list[Callable[[Event], None]] = []
        self.manifest, self._of_evaluation = Manifest(self.path), Manifest(self.path, OF_EVALUATION)
        self._history = History(self.events_file)
        self._nimg = 0  # of the last event
        self._warned: set[str] = set()

    @property
    def config(self) -> Path:
        """What the run is: settings, sample, fingerprint of the data."""
        return self.path / "config.json"

    @property
    def events_file(self) -> Path:
        """What happened, a line each."""
        return self.path / "events.jsonl"

    @property
    def checkpoints(self) -> Path:
        """All that is needed to go on."""
        return self.path / "checkpoints"

    @property
    def generator_folder(self) -> Path:
        """All that is needed to generate."""
        return self.path / "generator"

    @property
    def samples(self) -> Path:
        """Pictures of the fixed grid along the run."""
        return self.path / "samples"

    @property
    def judged(self) -> Path:
        """Strips of the last samples that D judged, a few of them, used in turn."""
        return self.path / "judged"

    @property
    def control(self) -> Path:
        """What somebody asks of the training: see `control`."""
        return self.path / "control.json"

    @property
    def best(self) -> Path:
        """The generator whose score was the best along the run, in the format of `generator_folder`."""
        return self.path / "best"

    @property
    def scores(self) -> Path:
        """Figures of the generator, by `faussaire evaluate`."""
        return self.path / "scores.json"

    @property
    def report(self) -> Path:
        """The page that `faussaire evaluate` writes."""
        return self.path / "report.html"

    @property
    def _lock_file(self) -> Path:
        return self.path / LOCK

    def holds(self, path: Path) -> bool:
        """Say whether a path of this folder leads to something in it, as a link in a stranger's run may not."""
        try:
            return path.resolve().is_relative_to(self.path.resolve())
        except (OSError, RuntimeError):  # a link that leads to itself
            return False

    def exists(self) -> bool:
        """Say whether a run was begun here.

        Raises:
            ConfigError: it cannot be looked for.
        """
        try:
            return self.config.is_file()
        except OSError as error:
            raise ConfigError(f"cannot look into {self.path}: {error.strerror or error}") from None

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Make the folder and keep other processes from training in it.

        Raises:
            ConfigError: it cannot be made or written, holds other things, or another process trains in it.
        """
        held = ExitStack()
        try:
            ours = self.config.is_file() or self._lock_file.exists()
            if not ours and self.path.is_dir() and any(self.path.iterdir()):
                raise ConfigError(f"{self.path} holds other things than a run; choose another --run")
            self.path.mkdir(parents=True, exist_ok=True)
            held.enter_context(owned(self.path, self.events_file))
            for folder in self._folders:
                folder.mkdir(exist_ok=True)
        except OSError as error:
            held.close()
            raise ConfigError(
                f"cannot write the run folder {self.path}: {error.strerror or error}; choose another --run"
            ) from None
        try:
            yield
        finally:
            held.close()
            if not self.exists():
                self._remove_if_empty()

    @property
    def _folders(self) -> tuple[Path, ...]:
        return self.samples, self.judged, self.checkpoints, self.generator_folder

    def _remove_if_empty(self) -> None:
        """Take back what `lock` made, where no run was begun after all; what holds anything stays a folder of ours."""
        for folder in self._folders:
            with suppress(OSError):
                folder.rmdir()
        with suppress(OSError):  # the folder may be gone, or another's
            if list(self.path.iterdir()) == [self._lock_file]:
                self._lock_file.unlink(missing_ok=True)
                self.path.rmdir()

    def emit(self, kind: str, *, nimg: int, durable: bool = False, **data: Any) -> None:
        """Append an event, then tell the listeners. `durable` waits until the disk has it.

        Raises:
            CheckpointError: the disk is full, or the like.
        """
        event = Event(kind=kind, nimg=nimg, time=round(time.time(), 3), data=data)
        line = line_of(event)
        with writing(self.events_file), self.events_file.open("ab") as file:
            before = file.tell()
            if before and not _ends_with_newline(self.events_file):
                line = b"\n" + line  # a kill tore the line before
            file.write(line)
            if durable:
                sync(file)
        self.manifest.grow(before, line)
        if durable:
            self.manifest.save()
        self._nimg = nimg
        for listener in list(self.listeners):
            try:
                listener(event)
            except FAILURES as error:
                self.give_up(listener, error)

    def give_up(self, listener: Callable[[Event], None], error: BaseException) -> None:
        """Tell a listener that failed nothing more, and say so: what it shows is not worth a training."""
        if listener in self.listeners:
            self.listeners.remove(listener)
        name = getattr(listener, "__qualname__", type(listener).__name__)
        self.warn(f"{name} failed and is told nothing more", error)

    def warn(self, what: str, error: BaseException) -> None:
        """Emit a warning of something that failed and does not end the training; the same one is emitted once."""
        if what not in self._warned:
            self._warned.add(what)
            reason = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(": ")
            self.emit("warning", nimg=self._nimg, text=f"{what} ({reason}); the training goes on")

    @contextmanager
    def recorded(self, path: Path) -> Iterator[Path]:
        """Give a name beside `path` to write under, as `core.files.replacing`, and let the manifest know of it.

        Raises:
            CheckpointError: the disk is full, or the like; what was at `path` is intact.
        """
        if path.parent == self.samples:  # their events tell their digests: there may be thousands
            with replacing(path) as beside:
                yield beside
            return
        manifest = self._of_evaluation if path in (self.scores, self.report) else self.manifest
        with replacing(path) as beside:
            yield beside
            manifest.expect(path, beside)
        manifest.arrived(path)

    def write(self, path: Path, content: bytes) -> None:
        """Write a file of the run so that it is there as a whole or not at all, and let the manifest know of it.

        Raises:
            CheckpointError: the disk is full, or the like.
        """
        with self.recorded(path) as beside, beside.open("wb") as file:
            file.write(content)
            sync(file)

    @contextmanager
    def drawing(self, path: Path) -> Iterator[Path]:
        """Give a name to draw a picture under, as `recorded`; one that cannot be drawn is told of once, and left out.

        Raises:
            CheckpointError: the disk is full, or the like.
        """
        try:
            with self.recorded(path) as beside:
                yield beside
        except CheckpointError as error:
            if not isinstance(error.__cause__, OSError) or _is_of_the_disk(error.__cause__, path):
                raise
            self.warn(f"{path.name} could not be drawn", error.__cause__)
        except FaussaireError:
            raise
        except Exception as error:
            self.warn(f"{path.name} could not be drawn", error)

    def events(self, *kinds: str) -> Iterator[Event]:
        """Read every event from the beginning, or those of some kinds; torn lines are left out."""
        if not self.events_file.exists():
            return
        with self.events_file.open("rb") as file:
            for line in file:
                if kinds and kind_of(line) not in (*kinds, None):
                    continue
                event = parse(line)
                if event is not None and (not kinds or event.kind in kinds):
                    yield event

    def history(self) -> list[Event]:
        """Read the events of the run as it now stands: once each, though parts of it were run again.

        Of a long run not every report is kept: see `runs.history`.
        """
        return self._history.read()[1]

    def reports(self) -> tuple[list[Event], int, int]:
        """Read evenly spaced reports and the last, one in how many they are, and of how many."""
        return self._history.curve()

    def write_json(self, path: Path, content: dict[str, Any]) -> None:
        """Write JSON so that a reader sees the old or the new, and let the manifest know of it."""
        self.write(path, as_json(content))

    def record(self) -> dict[str, Any]:
        """Read config.json of a run that was begun: its settings, and what they meant for its data and machine.

        Raises:
            CheckpointError: it is missing, damaged, or not that of a run.
        """
        content = self.read_json(self.config)
        missing = [name for name, kind in RECORDED.items() if not isinstance(content.get(name), kind)]
        if missing:
            raise CheckpointError(
                f"cannot read {self.config}: it does not hold the {missing[0]} of a run; {self._way_out()}"
            )
        return content

    def _way_out(self) -> str:
        return f"put a copy of it back, or begin in another folder: {another_run(self.path)}"

    def read_json(self, path: Path) -> dict[str, Any]:
        """Read a JSON file of the run.

        Raises:
            CheckpointError: it is missing or damaged.
        """
        try:
            raw = path.read_bytes()
            content = json.loads(raw)
        except OSError as error:
            raise CheckpointError(f"cannot read {path}: {error.strerror or error}") from None
        except (ValueError, RecursionError) as error:
            damage = f"it is damaged ({error})" if raw.strip(b"\0 \n") else "it is empty, as after a power cut"
            raise CheckpointError(f"cannot read {path}: {damage}; {self._way_out()}") from None
        if not isinstance(content, dict):
            raise CheckpointError(f"cannot read {path}: it holds no JSON object; {self._way_out()}")
        return content


def as_json(content: dict[str, Any]) -> bytes:
    """Write JSON as it lies in a run."""
    return f"{json.dumps(content, indent=2, ensure_ascii=False)}\n".encode(errors="backslashreplace")


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"


def _is_of_the_disk(error: OSError, path: Path) -> bool:
    """Say whether it was the writing of `path` that failed, not the reading or drawing of what goes into it."""
    return error.errno is not None and (error.filename is None or Path(error.filename).parent == path.parent)
