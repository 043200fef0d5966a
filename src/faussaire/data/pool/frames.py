"""Every frame of an animation as an image of its own, where that is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from faussaire.data.dataset import Source
from faussaire.data.pool.scan import tasks
from faussaire.data.pool.workers import Workers
from faussaire.modalities import Modality

_CHUNK = 64  # files counted in one go


def with_all_frames(source: Source, workers: Workers, modality: Modality, options: Mapping[str, Any]) -> Source:
    """Return a source in which each frame of each file is an item: `dance.gif[0]`, `dance.gif[1]` …"""
    if source.read is None:
        return source
    counts = _counts(source, workers, modality.parts_question(options))
    files = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    frames = np.arange(len(files)) - np.repeat(starts, counts)
    read, path = source.read, source.path
    several = sum(count > 1 for count in counts)
    parts, each = modality.parts
    note = f"files with several {parts}: {several}, each {each}" if several else f"no file has several {parts}"
    return replace(
        source,
        items=_names(source.items, files.tolist(), frames.tolist(), counts),
        labels=None if source.labels is None else source.labels[files],
        notes=(*source.notes, note),
        mixed=_with_frames(source.mixed, starts, len(files)),
        problems={int(starts[i]): problem for i, problem in source.problems.items()},
        read=lambda i: read(int(files[i])),
        path=None if path is None else lambda i: path(int(files[i])),
        frames=frames,
    )


def _names(items: Sequence[str], files: list[int], frames: list[int], counts: list[int]) -> list[str]:
    return [items[i] if counts[i] == 1 else f"{items[i]}[{frame}]" for i, frame in zip(files, frames, strict=True)]


def _with_frames(mixed: Sequence[tuple[int, bool]], starts: np.ndarray, num: int) -> tuple[tuple[int, bool], ...]:
    """Return `mixed` in frames, of which there are `num`; `starts` int64 `[files]` is the first of each file."""
    ends = np.append(starts, num)[np.cumsum([0, *(count for count, _ in mixed)])]
    return tuple((int(count), one) for count, (_, one) in zip(np.diff(ends), mixed, strict=True))


def _counts(source: Source, workers: Workers, question: str) -> list[int]:
    counts: list[int] = []
    for first in range(0, len(source.items), _CHUNK):
        asked = tasks(source, range(first, min(first + _CHUNK, len(source.items))))
        counts += [count or 1 for count in workers.answers(question, asked)]
    return counts
