"""What is trained on, what is held out, and in which order: drawn once, from the pixels and from nothing else.

The SHA-256 of an image's pixels says on which side it falls, and another word of it where it lies there. So both parts
are in random order, however the source was sorted: a folder for each class gives the same order as the same files under
other names. What is drawn from a part stands for the whole of it.

Images are sorted a bucket at a time, so it needs no more memory for more of them: ten million are ten passes over their
facts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from faussaire.data.decode.outcomes import KEPT
from faussaire.data.store.duplicates import Blocks
from faussaire.data.store.selection import HELD_OUT_FROM, held_out

TRAIN, HELD_OUT, REJECTED = "train", "held-out", "rejected"

_BUCKET = 2**20  # images sorted at a time


@dataclass
class Part:
    """One side as it is written: its files, how many images it has, and the SHA-256 of what is in it."""

    folder: Path
    name: str
    num: int = 0
    digests: hashlib._Hash = field(default_factory=hashlib.sha256)
    labels: hashlib._Hash = field(default_factory=hashlib.sha256)

    def __post_init__(self) -> None:
        for suffix in ("i64", "labels"):
            (self.folder / f"{self.name}.{suffix}").write_bytes(b"")

    def add(self, places: np.ndarray, labels: np.ndarray | None, digests: np.ndarray) -> None:
        """Append images: their places int64 `[n]`, labels `[n]`, and the SHA-256 of their pixels V32 `[n]`."""
        self.num += len(places)
        self.digests.update(digests.tobytes())
        _append(self.folder / f"{self.name}.i64", places.astype("<i8"))
        if labels is not None:
            self.labels.update(labels.astype("<i8").tobytes())
            _append(self.folder / f"{self.name}.labels", labels.astype("<i8"))


def write_parts(
    folder: Path, facts: Blocks, count: int, labels: np.ndarray | None, class_counts: np.ndarray
) -> dict[str, Part]:
    """Write which of `count` images are trained on and which are held out, in order, and which are rejected.

    Args:
        folder: of the store.
        facts: what is known of the images.
        count: how many there are.
        labels: int64 `[count]`; None without labels.
        class_counts: int64 `[classes]`, or `[1]` without labels: the kept images of each.
    """
    parts = {name: Part(folder, name) for name in (TRAIN, HELD_OUT, REJECTED)}
    (folder / "labels.i32").write_bytes(b"" if labels is None else labels.astype("<i4").tobytes())
    sides = _Sides(facts, labels, class_counts)
    num_buckets = max(1, -(-count // _BUCKET))
    for bucket in range(num_buckets):
        for name, (places, digests) in sides.gather(bucket, num_buckets).items():
            here = None if labels is None else labels[places]
            order = _order(digests, here) if name != REJECTED else np.arange(len(places))
            parts[name].add(places[order], None if here is None else here[order], digests[order])
    return parts


def hash_as_formerly(hasher: hashlib._Hash, facts: Blocks, labels: np.ndarray | None, class_counts: np.ndarray) -> None:
    """Feed a hash with both parts in the order of the source, as version 0.1 did: its runs are known by that."""
    sides = _Sides(facts, labels, class_counts)
    for part in (0, 1):
        for _, block, *masks in sides.masks():
            hasher.update(block["digest"][masks[part]].tobytes())
        for start, block, *masks in sides.masks() if labels is not None else ():
            hasher.update(sides.groups(start, block)[masks[part]].astype("<i8").tobytes())


class _Sides:
    """Which side each image falls on.

    Args: as of `write_parts`.
    """

    def __init__(self, facts: Blocks, labels: np.ndarray | None, class_counts: np.ndarray) -> None:
        self._facts, self._labels = facts, labels
        self._measured = int(class_counts.sum()) >= HELD_OUT_FROM
        self._emptied = np.zeros(len(class_counts), bool)
        aside_of_class = np.zeros(len(class_counts), np.int64)
        for start, block in facts() if self._measured else ():
            aside = self._aside(start, block)
            aside_of_class += np.bincount(self.groups(start, block)[aside], minlength=len(class_counts))
        self._emptied = aside_of_class == class_counts  # a class that would lose all its images keeps them

    def gather(self, bucket: int, num_buckets: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Return the places and the digests of the images of each side that belong to one bucket of the order."""
        found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {TRAIN: [], HELD_OUT: [], REJECTED: []}
        for start, block, train, aside in self.masks():
            here = (_keys(block["digest"]) >> np.uint64(40)) * np.uint64(num_buckets) >> np.uint64(24) == bucket
            rejected = ~(train | aside) & (bucket == 0)  # in the order of the source
            for name, mask in ((TRAIN, train & here), (HELD_OUT, aside & here), (REJECTED, rejected)):
                found[name].append((np.flatnonzero(mask) + start, block["digest"][mask]))
        return {
            name: (np.concatenate([place for place, _ in pieces]), np.concatenate([digest for _, digest in pieces]))
            for name, pieces in found.items()
        }

    def masks(self) -> Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
        """Give each block with the place of its first, and bool `[n]`: what is trained on, and what is held out."""
        for start, block in self._facts():
            aside = self._aside(start, block)
            yield start, block, (block["flags"] & KEPT > 0) & ~aside, aside

    def _aside(self, start: int, block: np.ndarray) -> np.ndarray:
        """Return bool `[n]`: what is held out."""
        if not self._measured:
            return np.zeros(len(block), bool)
        aside: np.ndarray = (block["flags"] & KEPT > 0) & held_out(block["digest"])
        aside &= ~self._emptied[self.groups(start, block)]
        return aside

    def groups(self, start: int, block: np.ndarray) -> np.ndarray:
        """Return the label int64 `[n]` of each image; 0 without labels."""
        return np.zeros(len(block), np.int64) if self._labels is None else self._labels[start : start + len(block)]


def _keys(digests: np.ndarray) -> np.ndarray:
    """Return uint64 `[n]`: the third word of SHA-256 V32 `[n]`; the first says which side an image falls on."""
    keys: np.ndarray = np.ascontiguousarray(digests).view("<u8")[2::4]
    return keys


def _order(digests: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    """Return the order int64 `[n]` of images: by their pixels; of equal ones, by the label."""
    keys = _keys(digests)
    order: np.ndarray = np.lexsort((keys,) if labels is None else (labels, keys))
    return order


def _append(path: Path, numbers: np.ndarray) -> None:
    with path.open("ab") as file:
        numbers.tofile(file)
