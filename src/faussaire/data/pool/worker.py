"""The process that decodes, as it runs: a fresh interpreter that answers over its pipes in plain bytes.

It imports NumPy and what its modality decodes with, and nothing heavier: for images it is up in a ninth of a second. It
asks the system to end it where a file takes too long, and to end it first where memory runs out; it leaves no core file
behind.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from typing import IO, Any

import numpy as np

from faussaire.core.disk import read_file
from faussaire.data.pool.chunks import Chunk, Task, content, decode_chunk
from faussaire.data.pool.outcomes import OUTCOME
from faussaire.modalities import Modality, modality
from faussaire.modalities.spec import Rule

DECODE = "decode"
"""What is asked for samples; any other question is one of the modality's, and is put to `Modality.answer`."""

READY = "ready"
_HEADER_BYTES = 2**30

CPU_SECONDS, SECONDS = 8.0, 60.0
"""What one image may take, of the processor and by the clock; then the system ends the process (not on Windows)."""


def answer(
    asked: str,
    tasks: Sequence[Task],
    of: Modality,
    rule: Rule | None,
    before: Callable[[Task], None] | None = None,
) -> Any:
    """Return a `Chunk`; or, for another question, what the modality answers of each file, None where it is unread."""
    if asked == DECODE:
        assert rule is not None
        return decode_chunk(tasks, of, rule, before=before)
    found: list[Any] = []
    for task in tasks:
        if before is not None:
            before(task)
        data = content(task.read)[0] if task.data is None and task.read is not None else task.data
        found.append(None if data is None else of.answer(asked, data, task.frames))
    return found


def send_request(pipe: IO[bytes], asked: str, tasks: Sequence[Task], of: Modality, rule: Rule | None) -> None:
    """Ask something of some files, whose content is at hand or lies at a path."""
    header = [(task.path, task.problem, task.flags, task.frames, len(task.data or b"")) for task in tasks]
    facts = None if rule is None else rule.as_dict()
    _write(pipe, [asked, of.name, facts, header], [b"".join(task.data for task in tasks if task.data)])


def receive_reply(pipe: IO[bytes], asked: str, rule: Rule | None) -> Any:
    """Wait for what `answer` gives.

    Raises:
        EOFError: the process has ended.
    """
    header = receive_header(pipe)
    if asked != DECODE:
        return header
    assert rule is not None
    count, words = header
    outcomes = np.frombuffer(_read(pipe, count * OUTCOME.itemsize), OUTCOME).copy()
    rows = np.frombuffer(_read(pipe, count * rule.row_bytes), rule.dtype).reshape(count, *rule.shape)
    return Chunk(rows=rows, outcomes=outcomes, words=words)


def receive_header(pipe: IO[bytes]) -> Any:
    """Wait for the JSON with which every message begins.

    Raises:
        EOFError: the process at the other end has ended.
        ValueError: it talks nonsense.
    """
    size = struct.unpack("<Q", _read(pipe, 8))[0]
    if size > _HEADER_BYTES:
        raise ValueError("no header is that long")
    return json.loads(_read(pipe, size))


def _receive_request(pipe: IO[bytes]) -> tuple[str, list[Task], Modality, Rule | None]:
    asked, name, facts, header = receive_header(pipe)
    tasks = []
    for path, problem, flags, frames, size in header:
        data = None if problem or path is not None else _read(pipe, size)
        read = None if problem or path is None else partial(read_file, path)
        tasks.append(Task(data, read, path, problem, flags, None if frames is None else tuple(frames)))
    of = modality(name)
    return asked, tasks, of, None if facts is None else of.rule_from(facts)


def _send_reply(pipe: IO[bytes], reply: Any) -> None:
    if isinstance(reply, Chunk):
        _write(pipe, [len(reply.outcomes), reply.words], [reply.outcomes.tobytes(), reply.rows.data])
    else:
        _write(pipe, reply, [])


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


def serve(requests: IO[bytes], replies: IO[bytes]) -> None:
    """Answer what is asked until there is no more."""
    _write(replies, READY, [])
    with ExitStack() as stack:
        quiet: set[str] = set()
        while True:
            try:
                asked, tasks, of, rule = _receive_request(requests)
            except EOFError:
                return
            if of.name not in quiet:
                quiet.add(of.name)
                stack.enter_context(of.quiet())
            reply = answer(asked, tasks, of, rule, before=_set_alarm)
            _set_alarm(None)
            _send_reply(replies, reply)


def _set_alarm(task: Task | None) -> None:
    """Let the system end this process when an image takes too long: no decoder can hold that up."""
    if hasattr(signal, "setitimer"):
        num = 0 if task is None else task.num
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS * num)
        signal.setitimer(signal.ITIMER_REAL, SECONDS * num)


def _stand_back() -> None:
    """Be the first to go where memory runs out, and leave no image of that memory."""
    with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("1000")
    with suppress(ImportError, ValueError, OSError):  # Windows has neither
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Be a worker. What a decoder prints goes nowhere: the pipe of the replies is for these alone."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _stand_back()
    serve(sys.stdin.buffer, replies)
