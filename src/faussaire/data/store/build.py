"""An unfinished store: chunks are appended, and after a kill the next start goes on after the last whole image.

Only one process writes, and only at the end of files: pixels first, then new words, then the facts that refer to
both. So whatever a kill leaves behind is a beginning of the right content, perhaps with a torn end, which is cut off.
A power cut can leave worse; the SHA-256 of every image that is already there is checked before going on.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from faussaire.data.decode.chunks import Chunk
from faussaire.data.decode.outcomes import KEPT, OUTCOME
from faussaire.data.store.folder import discard, write_text, writing
from faussaire.data.store.rows import Rows, Shard

SHARD_BYTES = 2**28
"""Size of a file of pixels, unless there would be more than 256 of them."""

MAX_SHARDS = 256
"""Each is an open file, of which a process may have a thousand."""

BLOCK = 2**15
"""Facts read at a time."""


class Build:
    """The store of one set, being written.

    Args:
        folder: where.
        plan: what decides the content; a beginning that was made by another plan is of no use.
        count: items.
        shape: (C, R, R) of an image.
        in_place: the file that has the pixels already, if one does.

    Raises:
        DataError: the folder cannot be written.
    """

    def __init__(
        self, folder: Path, plan: Mapping[str, Any], *, count: int, shape: tuple[int, ...], in_place: Shard | None
    ) -> None:
        self.folder, self.plan, self.count, self.shape, self.in_place = folder, plan, count, shape, in_place
        self.row_bytes = int(np.prod(shape))
        self.per_shard = max(SHARD_BYTES // self.row_bytes, -(-count // MAX_SHARDS), 1)
        self.words: dict[str, int] = {"": 0}
        self.done = 0
        wanted = json.dumps(plan, sort_keys=True)
        with writing(folder):
            if folder.is_dir() and _text(folder / "plan.json") != wanted:
                discard(folder)
            folder.mkdir(parents=True, exist_ok=True)
            write_text(folder / "plan.json", wanted)
            self._take_up()

    @property
    def facts_file(self) -> Path:
        """What became of each item so far."""
        return self.folder / "facts.bin"

    def shard_file(self, number: int) -> Path:
        """One file of pixels."""
        return self.folder / f"pixels-{number:03}.u8"

    def shards(self) -> list[Shard]:
        """Return the files of the images that are there."""
        if self.in_place is not None:
            return [self.in_place]
        starts = range(0, self.done, self.per_shard)
        counts = [min(self.per_shard, self.done - start) for start in starts]
        return [Shard(path=self.shard_file(n), count=count) for n, count in enumerate(counts)]

    def add(self, chunk: Chunk) -> None:
        """Append what came of the next items.

        Raises:
            DataError: the disk is full, or the like; what was added before is intact.
        """
        with writing(self.folder):
            if self.in_place is None:
                self._append_pixels(chunk.pixels)
            new = [word for word in chunk.words if word not in self.words]
            self.words.update({word: len(self.words) + k for k, word in enumerate(new)})
            if new:
                _append(self.folder / "words.jsonl", "".join(json.dumps(word) + "\n" for word in new).encode())
            codes = np.array([self.words[word] for word in chunk.words], np.int64)
            facts = chunk.facts.copy()
            for name in ("note", "mode"):
                facts[name] = codes[chunk.facts[name]]
            _append(self.facts_file, facts.tobytes())
        self.done += len(facts)

    def facts(self) -> Iterator[tuple[int, np.ndarray]]:
        """Read what is known of the items, a block at a time, each with the place of its first."""
        return blocks(self.facts_file, self.done)

    def _append_pixels(self, pixels: np.ndarray) -> None:
        place = self.done
        while len(pixels):
            room = self.per_shard - place % self.per_shard
            _append(self.shard_file(place // self.per_shard), pixels[:room])
            place, pixels = place + len(pixels[:room]), pixels[room:]

    def _take_up(self) -> None:
        """Find out how far an earlier start came, and cut off what a kill tore."""
        words = _text(self.folder / "words.jsonl").split("\n")[:-1]  # what follows the last line's end is torn
        if not words:
            _append(self.folder / "words.jsonl", b'""\n')
            words = ['""']
        self.words = {json.loads(word): number for number, word in enumerate(words)}
        num_facts = _bytes_in(self.facts_file) // OUTCOME.itemsize
        num_pixels = self.count if self.in_place is not None else self._num_rows()
        self.done = self._intact(min(num_facts, num_pixels, self.count))
        _cut(self.folder / "words.jsonl", sum(len(word) + 1 for word in words))
        _cut(self.facts_file, self.done * OUTCOME.itemsize)
        number = 0
        while self.in_place is None and self.shard_file(number).exists():
            rows = min(max(self.done - number * self.per_shard, 0), self.per_shard)
            _cut(self.shard_file(number), rows * self.row_bytes)
            number += 1

    def _num_rows(self) -> int:
        number, rows = 0, 0
        while self.shard_file(number).exists():
            here = _bytes_in(self.shard_file(number)) // self.row_bytes
            rows += here
            number += 1
            if here < self.per_shard:
                break
        return rows

    def _intact(self, count: int) -> int:
        """Return how many of the first `count` items are as they were written."""
        self.done = count
        if not count:
            return 0
        rows = Rows(self.shards(), self.shape)
        for start, facts in self.facts():
            for first in range(0, len(facts), 1024):
                block = facts[first : first + 1024]
                pixels = rows[start + first : start + first + len(block)]
                for k, (fact, image) in enumerate(zip(block, pixels, strict=True)):
                    words_known = max(fact["note"], fact["mode"]) < len(self.words)
                    kept = fact["flags"] & KEPT
                    if not words_known or (kept and hashlib.sha256(image.data).digest() != fact["digest"].tobytes()):
                        return start + first + k
        return count


def begun_plan(folder: Path) -> dict[str, Any]:
    """Return the plan of an unfinished store; empty where there is none."""
    with suppress(OSError, ValueError):
        found = json.loads(_text(folder / "plan.json"))
        return found if isinstance(found, dict) else {}
    return {}


def blocks(path: Path, count: int) -> Iterator[tuple[int, np.ndarray]]:
    """Read OUTCOME `[count]` from a file, a block at a time, each with the place of its first."""
    for start in range(0, count, BLOCK):
        num = min(BLOCK, count - start)
        yield start, np.fromfile(path, OUTCOME, count=num, offset=start * OUTCOME.itemsize)


def _text(path: Path) -> str:
    return path.read_text("utf-8", errors="replace") if path.is_file() else ""


def _bytes_in(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _append(path: Path, data: bytes | np.ndarray) -> None:
    """Write at the end of a file, straight to the system: what is written survives a kill."""
    left = memoryview(np.ascontiguousarray(data).reshape(-1).data if isinstance(data, np.ndarray) else data)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
    try:
        while len(left):
            left = left[os.write(descriptor, left) :]
    finally:
        os.close(descriptor)


def _cut(path: Path, num_bytes: int) -> None:
    if path.is_file() and path.stat().st_size > num_bytes:
        os.truncate(path, num_bytes)
