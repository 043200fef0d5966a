"""Processes that decode, for two reasons: a codec that crashes must not take the program with it, and Python's lock
lets threads decode small images no faster than one does.

Nothing is pickled, the user's script is not run again, and nothing is inherited from a parent that has torch's threads;
`worker` is what they run. The first is started with the first file, the others where there is work for them. One that
dies of a file, or hangs on it, costs that file and nothing else. They get no Ctrl-C: whoever asks of them does.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import numpy as np

from faussaire.core.errors import DataError
from faussaire.data.pool.chunks import Chunk, Task, content, decode_chunk
from faussaire.data.pool.worker import (
    CPU_SECONDS,
    DECODE,
    READY,
    SECONDS,
    answer,
    receive_header,
    receive_reply,
    send_request,
)
from faussaire.modalities import Modality
from faussaire.modalities.spec import FOR_NOW, Rule

_PIPE_BYTES = 2**20
_PROGRAM = "from faussaire.data.pool.worker import main; main()"
_PAUSES = (0.1, 0.5)  # seconds before another try to start a process: the system may be short of them for a moment
_SECONDS_TO_START = 60.0


def num_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Died(Exception):
    """A process ended while it was asked something; the text says why, in words for the file."""


class Workers:
    """Some processes, of which any number of threads may ask at a time. Use it in a `with` statement.

    Args:
        modality: of the files.
        most: how many processes at most, as many as there are cores if not given. With 0, everything is decoded in
            this process, which a codec that crashes then takes with it.
    """

    def __init__(self, modality: Modality, most: int | None = None) -> None:
        self.modality = modality
        self.most = num_cores() if most is None else most
        self._all: set[_Process] = set()
        self._idle: list[_Process] = []
        self._changed = threading.Condition()  # guards both, and what follows
        self._worked = self._closed = False
        self._alone_lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def count(self) -> int:
        """How many processes there are."""
        return len(self._all)

    def decode(self, tasks: Sequence[Task], rule: Rule) -> Chunk:
        """Decode some files; what makes a process die or hang is rejected.

        Raises:
            DataError: no process is left, and none can be started.
        """
        loaded = [_loaded(task) for task in tasks]
        try:
            chunk: Chunk = self._ask(DECODE, loaded, rule)
            return chunk
        except Died:
            pass
        singles = [t if t.frames is None else t._replace(frames=(f,)) for t in loaded for f in t.frames or (0,)]
        with self._alone_lock:  # one at a time: what died of want of memory has more of it now
            return _joined([self._alone(task, rule) for task in singles])

    def answers(self, question: str, tasks: Sequence[Task]) -> list[Any]:
        """Return what the modality answers to a question about each file; None where it cannot be had."""
        loaded = [_loaded(task) for task in tasks]
        try:
            found: list[Any] = self._ask(question, loaded, None)
            return found
        except Died:
            return [self._one(question, task) for task in loaded]

    def grow(self) -> None:
        """Start as many processes as there may be."""
        with self._changed, suppress(OSError):  # where no more can be had, those that are there do it
            while len(self._all) < self.most and not self._closed:
                self._start()

    def stop(self) -> None:
        """End the processes; whoever waits for one is told that there is none."""
        with self._changed:
            self._closed = True
            ended = list(self._all)
            self._changed.notify_all()
        for process in ended:
            process.end()

    def _one(self, question: str, task: Task) -> Any:
        try:
            return self._ask(question, [task], None)[0]
        except Died:
            return None  # it dies of the file again when that is decoded, and is then told

    def _alone(self, task: Task, rule: Rule) -> Chunk:
        try:
            chunk: Chunk = self._ask(DECODE, [task], rule)
            return chunk
        except Died as death:
            rejected = Task(problem=str(death), flags=FOR_NOW, frames=task.frames)
            return decode_chunk([rejected], self.modality, rule)

    def _ask(self, asked: str, tasks: Sequence[Task], rule: Rule | None) -> Any:
        """Ask something of one of the processes.

        Raises:
            Died: it ended. DataError: there is none, nor can one be started.
        """
        process = self._take()
        if process is None:
            with self.modality.quiet():
                return answer(asked, tasks, self.modality, rule)
        try:
            reply = process.ask(asked, tasks, self.modality, rule)
        except (OSError, EOFError, ValueError) as error:
            reason = process.why()
            self._let_go(process)
            raise Died(reason) from error
        except BaseException:  # Ctrl-C: half of a reply may be in the pipe
            self._let_go(process)
            raise
        self._give_back(process)
        return reply

    def _take(self) -> _Process | None:
        """Wait for a process that is idle; None where this one must do, as no other can be started."""
        while True:
            with self._changed:
                while self.most and not self._closed and not self._idle:
                    if self._all:
                        self._changed.wait()
                    else:
                        self._start_first()
                if self._closed:
                    raise DataError("interrupted")
                if not self.most:
                    return None
                process = self._idle.pop(0)
            if process.ready():
                self._worked = True
                return process
            self._let_go(process)
            if not self._all:
                self._give_up()

    def _start_first(self) -> None:
        try:
            self._start()
        except OSError:
            self._give_up()

    def _give_up(self) -> None:
        """Go on in this process where no other has ever worked; but not with files of which some have ended others.

        Raises:
            DataError: others have worked.
        """
        if self._worked:
            raise DataError(
                "the processes that decode images have ended, and no other can be started: close other programs and "
                "give the same command again; it goes on from here"
            )
        self.most = 0

    def _give_back(self, process: _Process) -> None:
        with self._changed:
            self._idle.append(process)
            self._changed.notify()

    def _let_go(self, process: _Process) -> None:
        """Be done with a process that is of no use any more; start another in its place where it was."""
        process.end()
        with self._changed:
            self._all.discard(process)
            if process.is_ready and not self._closed:
                with suppress(OSError):
                    self._start()
            self._changed.notify_all()

    def _start(self) -> None:
        for pause in (*_PAUSES, None):
            try:
                process = _Process()
                break
            except OSError as error:
                if pause is None or error.errno not in (errno.EAGAIN, errno.ENOMEM):
                    raise
                time.sleep(pause)
        self._all.add(process)
        self._idle.append(process)
        self._changed.notify()


class _Process:
    """One process, and its pipes.

    Raises:
        OSError: the system starts none.
    """

    def __init__(self) -> None:
        if not sys.executable:  # Python within another program
            raise OSError("there is no interpreter to start")
        here = str(Path(__file__).parents[3])
        path = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pipesize=_PIPE_BYTES,  # fewer changes between two processes that share a core
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            process_group=0 if os.name == "posix" else None,
        )
        self.is_ready = False

    def ready(self) -> bool:
        """Wait until it has started; say whether it has."""
        if not self.is_ready:
            assert self._process.stdout is not None
            watch = threading.Timer(_SECONDS_TO_START, self._process.kill)
            watch.start()
            try:
                self.is_ready = receive_header(self._process.stdout) == READY
            except (OSError, EOFError, ValueError):
                return False
            finally:
                watch.cancel()
        return self.is_ready

    def ask(self, asked: str, tasks: Sequence[Task], of: Modality, rule: Rule | None) -> Any:
        """Ask something of some files, and wait for the answer; raises what a broken pipe raises where it dies."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        send_request(self._process.stdin, asked, tasks, of, rule)
        return receive_reply(self._process.stdout, asked, rule)

    def why(self) -> str:
        """Say in words for a file why the process ended that decoded it."""
        try:
            code = self._process.wait(1)
        except subprocess.TimeoutExpired:  # it is there, but talks nonsense
            code = 0
        name = signal.Signals(-code).name if code < 0 else ""
        if name in ("SIGALRM", "SIGPROF"):
            return f"its decoder took more than {CPU_SECONDS:g} seconds of the processor, or {SECONDS:g} of the clock"
        if name == "SIGKILL":
            return "its decoder was ended by the system, most likely for want of memory"
        return f"its decoder crashed ({name})" if name else "its decoder crashed"

    def end(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(OSError):  # what was still to be sent
                pipe.close()


def _loaded(task: Task) -> Task:
    """Return a task with its content in hand, or with a path that the other process can read."""
    if task.read is None or task.path is not None:
        return task
    data, reason, flags = content(task.read)
    if data is None:
        return Task(problem=reason, flags=flags, frames=task.frames)
    return Task(data=data, frames=task.frames)


def _joined(chunks: Sequence[Chunk]) -> Chunk:
    """Put chunks together, their words numbered anew."""
    words: dict[str, int] = {"": 0}
    for chunk in chunks:
        renumbered = np.array([words.setdefault(word, len(words)) for word in chunk.words])
        for name in ("note", "mode"):
            chunk.outcomes[name] = renumbered[chunk.outcomes[name]]
    return Chunk(
        rows=np.concatenate([chunk.rows for chunk in chunks]),
        outcomes=np.concatenate([chunk.outcomes for chunk in chunks]),
        words=list(words),
    )
