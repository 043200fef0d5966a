"""Every item of a source, decoded to one size, chunk by chunk and in order.

Files are decoded by another process, and by one for each core where that would take a while. The result does not depend
on how many there are. Only a few chunks are under way at once, so memory stays flat. Arrays that have the right
size already take a path without Pillow: 50,000 MNIST images in 0.5 s, against 8 s.
"""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from faussaire.core.marks import SAMPLE
from faussaire.core.rng import draw_places
from faussaire.data.dataset import Source
from faussaire.data.decode.chunks import Chunk, Task, content, gathered, measure
from faussaire.data.decode.decode import Decoded, Rule, fit_array, quiet_pillow
from faussaire.data.decode.depths import HEAD_BYTES, Depths, Measured, may_be_deep
from faussaire.data.decode.fitting import CROP, PAD
from faussaire.data.decode.outcomes import KEPT, OUTCOME
from faussaire.data.decode.workers import Workers
from faussaire.data.disk import read_file

_CHUNK = 64  # files in one go
_CHUNK_FIRST = 8  # …while it is not known how long one takes
_CHUNK_MOST = 512
_CHUNK_SECONDS = 0.1  # long enough for the bookkeeping not to matter
_CHUNK_ARRAY = 4096
_CHUNK_BYTES = 2**25  # of pixels in one chunk
_SECONDS_TO_TELL = 0.02  # of decoding by the first process, to know how long the rest would take
_SECONDS_ALONE = 0.4  # less than that is left to it
_LOOKED_AT = 256  # headers read to choose a resolution; their median moves little with more
_LOOKED_AT_REMOTE = 16
_DEPTHS_LOOKED_AT = 64  # of those, images of more than 8 bits that are decoded to find their range
_WAITING = 16  # downloads at a time
_FOUND_MIN, _FOUND_MAX, _FOUND_STEP = 8, 64, 4
_CROP_UP_TO = 1.5  # times as long as wide: a third is cut off

MODES = {1: "L", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What the headers of up to 256 items say."""

    sides: tuple[tuple[int, int], ...]
    """Shorter and longer side in pixels of each that could be measured."""

    depths: Depths = field(default_factory=Depths)
    """What the numbers of those of more than 8 bits mean."""

    def resolution(self) -> tuple[int, str]:
        """Return the median of the shorter sides, rounded down to a multiple of 4 from 8 to 64, and why."""
        if not self.sides:
            return _FOUND_MAX, f"resolution {_FOUND_MAX}: no image could be measured"
        median = int(statistics.median(shorter for shorter, _ in self.sides))
        resolution = min(_FOUND_MAX, max(_FOUND_MIN, median // _FOUND_STEP * _FOUND_STEP))
        more = f"; {_FOUND_MAX} is the most unless --resolution asks for more" if median > _FOUND_MAX else ""
        return resolution, f"resolution {resolution}: the shorter sides have a median of {median} pixels{more}"

    def fit(self) -> tuple[str, str]:
        """Return how to make squares of oblong images, and why; the word about it is empty where all are square."""
        ratios = [longer / shorter for shorter, longer in self.sides]
        if not ratios or max(ratios) == 1:
            return CROP, ""
        median = statistics.median(ratios)
        how = CROP if median <= _CROP_UP_TO else PAD
        told = "cropped to their central square" if how == CROP else "padded to squares"
        other = PAD if how == CROP else CROP
        text = f"fit {how}: sides have a median ratio of {median:.2f}, oblong images are {told}"
        return how, f"{text} (--fit {other}, stretch or smart for another way)"


def look(source: Source, indices: Sequence[int], workers: Workers) -> Sizes:
    """Read the headers of up to 256 of the items `indices`, drawn at random (always the same)."""
    if source.pixels is not None:
        height, width = source.pixels.shape[2:]
        return Sizes(sides=((min(height, width), max(height, width)),))
    usable = (
        range(len(indices)) if not source.problems else [k for k, i in enumerate(indices) if i not in source.problems]
    )
    count = _LOOKED_AT_REMOTE if source.remote else _LOOKED_AT
    drawn = draw_places(len(usable), count, seed=0, stream="sizes")
    found = workers.sizes(tasks(replace(source, frames=None), [int(indices[usable[k]]) for k in drawn]))
    sizes = {mark: [size for size, of in found if size is not None and of == mark] for mark in ("", SAMPLE)}
    wanted = [*sizes[""], *(sizes[SAMPLE] if not any(one for _, one in source.mixed) else [])]
    measured = wanted or sizes[SAMPLE]  # samples are left out only amid other images
    some = [int(indices[usable[k]]) for k in drawn[:_DEPTHS_LOOKED_AT]]
    depths = _measured(replace(source, frames=None), some, workers).depths(exact=False)
    return Sizes(sides=tuple((min(size), max(size)) for size in measured), depths=depths)


def all_depths(source: Source, indices: Sequence[int], workers: Workers) -> Depths:
    """Measure every image of more than 8 bits among the items `indices`."""
    return _measured(source, indices, workers).depths(exact=True)


def _measured(source: Source, indices: Sequence[int], workers: Workers) -> Measured:
    """Measure those of more than 8 bits; of other files, read the beginning at most, where they are files."""
    measured = Measured()
    for first in range(0, len(indices), _CHUNK):
        here = [int(i) for i in indices[first : first + _CHUNK] if int(i) not in source.problems]
        found = workers.depths([task for task in tasks(source, here) if _may_be_deep(task)])
        measured.add([one for of_file in found for one in of_file])
    return measured


def _may_be_deep(task: Task) -> bool:
    if task.path is None:
        return True
    return may_be_deep(content(partial(read_file, task.path, HEAD_BYTES))[0] or b"")


def scan(
    source: Source, indices: Sequence[int], rule: Rule, workers: Workers, *, start: int = 0
) -> Generator[Chunk, None, None]:
    """Decode the items `indices` from place `start` on, in order."""
    if source.pixels is not None:
        with quiet_pillow():
            yield from _scan_array(source, indices, rule, start)
    elif source.remote:
        yield from _scan_by_all(source, indices, rule, start, workers, _CHUNK)
    else:
        yield from _scan_files(source, indices, rule, start, workers)


def _scan_files(source: Source, indices: Sequence[int], rule: Rule, start: int, workers: Workers) -> Iterator[Chunk]:
    """Decode by one process until it is known how long that takes, then by as many as are worth it."""
    seconds, num = 0.0, 0
    for place in range(start, len(indices), _CHUNK_FIRST):
        began = time.monotonic()
        chunk = workers.decode(tasks(source, indices[place : place + _CHUNK_FIRST]), rule)
        if place > start:  # the first waits for the process to start
            seconds, num = seconds + time.monotonic() - began, num + len(chunk.outcomes)
        yield chunk
        left = len(indices) - place - len(chunk.outcomes)
        if num and seconds >= _SECONDS_TO_TELL and left * seconds / num >= _SECONDS_ALONE:
            start, each = len(indices) - left, seconds / num
            step = min(max(round(_CHUNK_SECONDS / each), 2), _CHUNK_MOST)
            yield from _scan_by_all(source, indices, rule, start, workers, step)
            return


def _scan_by_all(
    source: Source, indices: Sequence[int], rule: Rule, start: int, workers: Workers, wanted: int
) -> Iterator[Chunk]:
    """Decode by all processes; a thread for each reads what it needs and waits for it."""
    step = max(1, min(wanted, _CHUNK_BYTES // (rule.channels * rule.resolution**2)))
    workers.grow()
    num_threads = max(workers.most + 1, _WAITING if source.remote else 0)
    under_way: deque[Future[Chunk]] = deque()
    with ThreadPoolExecutor(num_threads, thread_name_prefix="decode") as pool:
        try:
            for first in range(start, len(indices), step):
                here = indices[first : first + step]
                under_way.append(pool.submit(lambda here=here: workers.decode(tasks(source, here), rule)))  # type: ignore[misc]
                if len(under_way) > 2 * num_threads:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        except BaseException:  # interrupted: what is under way need not be waited for
            pool.shutdown(wait=False, cancel_futures=True)
            workers.stop()
            raise


def tasks(source: Source, indices: Sequence[int]) -> list[Task]:
    """Return what is to be done for some items of a source of files: frames of one file are one task."""
    if source.frames is None:
        return [_task(source, int(i), None) for i in indices]
    found: list[Task] = []
    frames = [int(source.frames[i]) for i in indices]
    place = 0
    while place < len(indices):
        run = [frames[place]]
        while place + len(run) < len(indices) and _goes_on(indices, frames, place + len(run)):
            run.append(run[-1] + 1)
        found.append(_task(source, int(indices[place]), tuple(run)))
        place += len(run)
    return found


def _goes_on(indices: Sequence[int], frames: Sequence[int], place: int) -> bool:
    """Whether the item at a place is the next frame of the same file as the one before it."""
    return frames[place] == frames[place - 1] + 1 and int(indices[place]) == int(indices[place - 1]) + 1


def _task(source: Source, i: int, frames: tuple[int, ...] | None) -> Task:
    if i in source.problems:
        return Task(problem=source.problems[i], frames=frames)
    assert source.read is not None
    path = None if source.path is None else source.path(i)
    return Task(read=partial(source.read, i), path=path, frames=frames)


def _scan_array(source: Source, indices: Sequence[int], rule: Rule, start: int) -> Iterator[Chunk]:
    """Take images out of an array: as they are where they fit, else by the rule for files."""
    assert source.pixels is not None
    row_bytes = rule.channels * rule.resolution**2
    fits = fits_as_it_is(source, rule)
    step = max(1, min(_CHUNK_ARRAY if fits else _CHUNK, _CHUNK_BYTES // row_bytes))
    for first in range(start, len(indices), step):
        here = np.asarray(indices[first : first + step])
        block = source.pixels[here]
        source.pixels.let_go()
        problems = [source.problems.get(int(i), "") for i in here] if source.problems else [""] * len(here)
        if fits and not any(problems):
            yield _copied(block, rule)
        else:
            pairs = zip(block, problems, strict=True)
            yield gathered([Decoded(pixels=None, note=p) if p else fit_array(image, rule) for image, p in pairs], rule)


def fits_as_it_is(source: Source, rule: Rule) -> bool:
    """Whether the source is an array that needs neither crop, resize nor colour conversion."""
    if source.pixels is None:
        return False
    _, depth, height, width = source.pixels.shape
    return (height, width) == (rule.resolution, rule.resolution) and (
        depth == rule.channels or (depth == 1 and rule.channels == 3)
    )


def _copied(block: np.ndarray, rule: Rule) -> Chunk:
    """Measure images of uint8 `[n, C, R, R]` that fit, grey repeated where three channels are asked for."""
    num, depth, height, width = block.shape
    pixels = np.ascontiguousarray(np.broadcast_to(block, (num, rule.channels, height, width)))
    outcomes = np.zeros(num, OUTCOME)
    outcomes["width"], outcomes["height"], outcomes["mode"], outcomes["flags"] = width, height, 1, KEPT
    measure(pixels, outcomes)
    return Chunk(pixels=pixels, outcomes=outcomes, words=["", MODES[depth]])
