"""Processes that decode, one for each core: Python's lock lets threads decode small images no faster than one does.

Each is a fresh interpreter that runs this module and talks over its pipes in plain bytes: nothing is pickled, the
user's script is not run again, and nothing is inherited from a parent that has torch's threads. It starts in a sixth of
a second. One that dies of a file, or hangs on it, costs that file and nothing else.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import struct
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import IO, Any, Self

import numpy as np

from faussaire.data.chunks import Chunk, Task, content, decode_chunk
from faussaire.data.decode import Rule, quiet_pillow
from faussaire.data.disk import read_file
from faussaire.data.records import FACTS

_PIPE_BYTES = 2**20
_PROGRAM = "from faussaire.data.workers import main; main()"

SECONDS_PER_IMAGE = 8.0
"""A worker that takes longer has hung, and is stopped by the system (not on Windows, which has no alarms)."""


def num_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Workers:
    """Some worker processes; `decode` may be called from as many threads as there are, or more."""

    def __init__(self, count: int, rule: Rule) -> None:
        self.count, self._rule = count, rule
        self._idle: queue.SimpleQueue[subprocess.Popen[bytes]] = queue.SimpleQueue()
        self._all: list[subprocess.Popen[bytes]] = []
        for _ in range(count):
            self._idle.put(self._start())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._all:
            process.kill()
            process.communicate()

    def decode(self, tasks: Sequence[Task]) -> Chunk:
        """Decode in one of the processes; what makes it die or hang is rejected."""
        loaded = [_loaded(task) for task in tasks]
        try:
            return self._exchange(loaded)
        except (OSError, EOFError):
            pass
        singles = [t if t.frames is None else t._replace(frames=(f,)) for t in loaded for f in t.frames or (0,)]
        return _joined([self._alone(task) for task in singles])

    def _alone(self, task: Task) -> Chunk:
        try:
            return self._exchange([task])
        except (OSError, EOFError):
            note = f"its decoder crashed, or took more than {SECONDS_PER_IMAGE:g} seconds"
            return decode_chunk([Task(problem=note, frames=task.frames)], self._rule)

    def _exchange(self, tasks: Sequence[Task]) -> Chunk:
        """Send some files and get the images; raises what a broken pipe raises where the process died."""
        process = self._idle.get()
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            _send(process.stdin, tasks)
            chunk = _receive_chunk(process.stdout, self._rule)
        except BaseException:
            process.kill()
            process.communicate()
            self._all.remove(process)
            self._idle.put(self._start())
            raise
        self._idle.put(process)
        return chunk

    def _start(self) -> subprocess.Popen[bytes]:
        here = str(Path(__file__).parents[2])
        path = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM, json.dumps(asdict(self._rule))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pipesize=_PIPE_BYTES,  # fewer changes between two processes that share a core
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        self._all.append(process)
        return process


def _loaded(task: Task) -> Task:
    """Return a task with its content in hand, or with a path that the other process can read."""
    if task.read is None or task.path is not None:
        return task
    data, reason = content(task.read)
    if data is None:
        return Task(problem=reason, frames=task.frames)
    return Task(data=data, frames=task.frames)


def _joined(chunks: Sequence[Chunk]) -> Chunk:
    """Put chunks together, their words numbered anew."""
    words: dict[str, int] = {"": 0}
    for chunk in chunks:
        renumbered = np.array([words.setdefault(word, len(words)) for word in chunk.words])
        for name in ("note", "mode"):
            chunk.facts[name] = renumbered[chunk.facts[name]]
    return Chunk(
        pixels=np.concatenate([chunk.pixels for chunk in chunks]),
        facts=np.concatenate([chunk.facts for chunk in chunks]),
        words=list(words),
    )


def _write(pipe: IO[bytes], header: Any, blobs: Sequence[bytes | memoryview]) -> None:
    """Write a length, a header as JSON, and bytes."""
    text = json.dumps(header).encode()
    pipe.write(struct.pack("<Q", len(text)) + text)
    for blob in blobs:
        pipe.write(blob)
    pipe.flush()


def _read(pipe: IO[bytes], count: int) -> bytes:
    data = pipe.read(count)
    if len(data) < count:
        raise EOFError
    return data


def _read_header(pipe: IO[bytes]) -> Any:
    return json.loads(_read(pipe, struct.unpack("<Q", _read(pipe, 8))[0]))


def _send(pipe: IO[bytes], tasks: Sequence[Task]) -> None:
    header = [(task.path, task.problem, task.frames, len(task.data or b"")) for task in tasks]
    _write(pipe, header, [b"".join(task.data for task in tasks if task.data)])


def _receive_tasks(pipe: IO[bytes]) -> list[Task]:
    tasks = []
    for path, problem, frames, size in _read_header(pipe):
        data = None if problem or path is not None else _read(pipe, size)
        read = None if problem or path is None else partial(read_file, path)
        tasks.append(Task(data, read, path, problem, None if frames is None else tuple(frames)))
    return tasks


def _receive_chunk(pipe: IO[bytes], rule: Rule) -> Chunk:
    count, words = _read_header(pipe)
    facts = np.frombuffer(_read(pipe, count * FACTS.itemsize), FACTS).copy()
    shape = (count, rule.channels, rule.resolution, rule.resolution)
    pixels = np.frombuffer(_read(pipe, int(np.prod(shape))), np.uint8).reshape(shape)
    return Chunk(pixels=pixels, facts=facts, words=words)


def serve(requests: IO[bytes], replies: IO[bytes], rule: Rule) -> None:
    """Decode what is asked for until there is no more."""
    with quiet_pillow():
        while True:
            try:
                tasks = _receive_tasks(requests)
            except EOFError:
                return
            chunk = decode_chunk(tasks, rule, before=_set_alarm)
            _set_alarm(None)
            _write(replies, [len(chunk.facts), chunk.words], [chunk.facts.tobytes(), chunk.pixels.data])


def _set_alarm(task: Task | None) -> None:
    """Let the system end this process when an image takes too long: no decoder can hold that up."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, SECONDS_PER_IMAGE * task.num if task else 0)


def main() -> None:
    """Be a worker."""
    asked = json.loads(sys.argv[1])
    serve(sys.stdin.buffer, sys.stdout.buffer, Rule(**{**asked, "background": tuple(asked["background"])}))
