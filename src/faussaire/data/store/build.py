"""An unfinished store: chunks are appended, and after a kill the next start goes on after the last whole image.

Only one process writes, and only at the end of files: pixels first, then new words, then the outcomes that refer to
both. So whatever a kill leaves behind is a beginning of the right content, perhaps with a torn end, which is cut off.
A power cut can leave worse; the SHA-256 of every image that is already there is checked before going on.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from faussaire.data.dataset import Source
from faussaire.data.pool.chunks import Chunk
from faussaire.data.pool.outcomes import KEPT, OUTCOME
from faussaire.data.store.folder import WORDS, discard, write_text, writing
from faussaire.data.store.rows import PixelFile, Rows
from faussaire.data.store.selection import Selection
from faussaire.modalities.spec import Rule

CHECKED = 1024
"""Images in one go."""

PLAN = "plan.json"


class Build:
    """The store of one set, being written.

    Args:
        folder: where.
        plan: what decides the content, a beginning that was made by another plan is of no use.
        source: where the items come from.
        chosen: which they are.
        rule: what the samples are brought to.
        in_place: the file that has the pixels already, if one does.

    Raises:
        DataError: the folder cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        plan: Mapping[str, Any],
        source: Source,
        chosen: Selection,
        *,
        rule: Rule,
        in_place: PixelFile | None,
    ) -> None:
        self.folder, self.plan, self.source, self.chosen = folder, plan, source, chosen
        self.rule, self.in_place, self.count = rule, in_place, len(chosen.indices)
        with writing(folder):
            wanted = json.dumps(plan, sort_keys=True)
            if folder.is_dir() and _text(folder / PLAN) != wanted:
                discard(folder)
            folder.mkdir(parents=True, exist_ok=True)
            write_text(folder / PLAN, wanted)
            self._take_up()

    @property
    def outcomes_file(self) -> Path:
        """What became of each item so far."""
        return self.folder / "outcomes.bin"

    def pixels(self, count: int) -> PixelFile:
        """Return the file of the first `count` images."""
        return self.in_place or PixelFile(path=self.folder / "pixels.u8", count=count)

    def add(self, chunk: Chunk) -> None:
        """Append what came of the next items.

        Raises:
            DataError: the disk is full, or the like; what was added before is intact.
        """
        with writing(self.folder):
            if self.in_place is None:
                _append(self.pixels(0).path, chunk.rows)
            numbers = np.array([self.number(word) for word in chunk.words], np.int64)
            outcomes = chunk.outcomes.copy()
            for name in ("note", "mode"):
                outcomes[name] = numbers[outcomes[name]]
            _append(self.outcomes_file, outcomes)
        self.done += len(outcomes)

    def number(self, word: str) -> int:
        """Return the number of a word, which is written down if it is new."""
        if word not in self.words:
            _append(self.folder / WORDS, f"{json.dumps(word)}\n".encode())
            self.words[word] = len(self.words)
        return self.words[word]

    def _take_up(self) -> None:
        """Find out how far an earlier start came, and cut off what a kill tore."""
        words = _text(self.folder / WORDS).split("\n")[:-1]  # what follows the last line's end is torn
        self.words = {json.loads(word): number for number, word in enumerate(words)}
        write_text(self.folder / WORDS, "".join(f"{word}\n" for word in words))
        files = {self.outcomes_file: OUTCOME.itemsize}
        if self.in_place is None:
            files[self.pixels(0).path] = self.rule.row_bytes
        self.done = self._intact(min(self.count, *(_bytes_in(path) // row_bytes for path, row_bytes in files.items())))
        for path, row_bytes in files.items():
            if _bytes_in(path):
                os.truncate(path, self.done * row_bytes)

    def _intact(self, count: int) -> int:
        """Return how many of the first `count` items are as they were written."""
        if not count:
            return 0
        rows = Rows(self.pixels(count), self.rule.shape, dtype=self.rule.dtype)
        for start in range(0, count, CHECKED):
            pixels = rows[start : min(start + CHECKED, count)]
            outcomes = np.fromfile(self.outcomes_file, OUTCOME, len(pixels), offset=start * OUTCOME.itemsize)
            for k, (image, outcome) in enumerate(zip(pixels, outcomes, strict=True)):
                words_known = max(outcome["note"], outcome["mode"]) < len(self.words)
                changed = hashlib.sha256(image.data).digest() != outcome["digest"].tobytes()
                if not words_known or (outcome["flags"] & KEPT and changed):
                    return start + k
        return count


def begun_plan(folder: Path) -> dict[str, Any]:
    """Return the plan of an unfinished store; empty where there is none."""
    with suppress(OSError, ValueError):
        found = json.loads(_text(folder / PLAN))
        return found if isinstance(found, dict) else {}
    return {}


def _text(path: Path) -> str:
    return path.read_text("utf-8", errors="replace") if path.is_file() else ""


def _bytes_in(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _append(path: Path, data: bytes | np.ndarray) -> None:
    """Write at the end of a file, straight to the system: what is written survives a kill."""
    left = memoryview(data if isinstance(data, bytes) else np.ascontiguousarray(data).reshape(-1).view(np.uint8).data)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
    try:
        while len(left):
            left = left[os.write(descriptor, left) :]
    finally:
        os.close(descriptor)
