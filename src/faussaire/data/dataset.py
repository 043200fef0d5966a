"""The nouns of the data side: where data comes from, what was found there, and what training sees of it.

An `Origin` is data that was found but not opened: its name, and a signature that changes when the data does. Opened, it
is a `Source`, anything that holds images in a fixed order: files in a folder, entries of a zip, rows of an array. It
says what its items are called and how to read the i-th, and decodes nothing. `prepare` turns it into a `Dataset`, whose
pixels lie in mapped files, and whose `Inventory` has a `Record` for every item, the rejected ones included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np

from faussaire.data.labels.labels import Labels
from faussaire.data.pool.outcomes import KEPT
from faussaire.data.sources.rows import SourceRows
from faussaire.data.store.records import (
    ORDERED_BY,
    Records,
    by_pixels,
    fingerprint_head,
    in_order,
    part_digest,
    words_of,
)
from faussaire.data.store.rows import Rows
from faussaire.modalities import SampleSpec


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """Everything that was found in a source, and what became of it."""

    name: str
    """Short name of the source, fit for a folder's name: `mnist`, `my-photos`."""

    records: Records
    """One `Record` for each item, in the order of the source (files: sorted by path)."""

    rejected: Records
    """Records of the items that are not used; the `note` of each says why."""

    classes: tuple[str, ...]
    """Names of the classes by label; empty when the data has no labels."""

    class_counts: dict[str, int]
    """Number of kept images by name of class, in the order of the labels; empty without labels."""

    notes: tuple[str, ...]
    """What there is to say about the whole: how labels and sizes were found, what was passed over."""

    @cached_property
    def kept(self) -> Records:
        """Records of the images that are used, the held-out ones among them."""
        return self.records.at(np.flatnonzero(self.records.outcomes["flags"] & KEPT))


FEW_IMAGES = 100
"""Fewer images than this are mostly recombined or copied, whatever the settings."""


def is_few(num_images: int | None, num_held_out: int | None) -> bool:
    """Say whether a set, of which so many images are held out, is so small; not where its size is not known."""
    return num_images is not None and num_images + (num_held_out or 0) < FEW_IMAGES


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """What training sees: bytes of one size, by position; in either part in an order that only the pixels decide."""

    name: str
    """Short name of the source, fit for a folder's name: `mnist`, `my-photos`."""

    spec: SampleSpec
    """Shape (C, H, W) of one image, and the names of the classes."""

    images: Rows
    """uint8 `[N, C, H, W]`, indexed like an array; it lies in mapped files, not in memory."""

    labels: np.ndarray | None
    """int64 `[N]` in [0, number of classes), mapped too; None without labels."""

    held_out: Rows
    """uint8 `[M, C, H, W]`: never trained on; M is 0 in a small set."""

    held_out_labels: np.ndarray | None
    """int64 `[M]`; None without labels."""

    inventory: Inventory
    """What was found, kept and rejected."""

    fingerprint: str
    """SHA-256, in hex, of pixels, labels and names of classes: the same images give the same, whatever their names."""

    @property
    def few(self) -> str | None:
        """Say what becomes of a set so small that a generator mostly recombines its images; None of a larger one."""
        if not is_few(len(self.images), len(self.held_out)):
            return None
        num, held_out = len(self.images), len(self.held_out)
        if held_out:
            return (
                f"few images: of {num + held_out}, {num} are learnt from, which a generator will mostly recombine or "
                f"copy; {held_out} are held out, which show only a generator that copies nearly always"
            )
        return (
            f"few images: all {num} are learnt from, which a generator will mostly recombine or copy; none is held out "
            "to see whether it does"
        )

    @cached_property
    def all_alike(self) -> bool:
        """Whether every sample is the same, number by number: there is nothing to learn then."""
        first = self.images[:1]
        parts = ((part, start) for part in (self.images, self.held_out) for start in range(0, len(part), 64))
        return all(bool((part[start : start + 64] == first).all()) for part, start in parts)

    @cached_property
    def formerly(self) -> str:
        """The fingerprint of the same images in the order of their source, which version 0.1 trained in."""
        records = self.inventory.records
        hasher = fingerprint_head(self.spec.shape, self.spec.classes, len(self.held_out), self.spec.facts)
        for part in (self.images, self.held_out):
            assert part.index is not None
            positions = np.sort(part.index)
            for digests in in_order(records.outcomes, positions):
                hasher.update(digests)
            if records.labels is not None:
                hasher.update(records.labels[positions].astype("<i8").tobytes())
        return hasher.hexdigest()

    def undivided(self) -> Dataset:
        """Return the same with nothing held out, as a set of fewer than 200 was before."""
        records, (own, others) = self.inventory.records, (self.images.index, self.held_out.index)
        assert own is not None
        assert others is not None
        positions = np.sort(np.concatenate([own, others]))
        labels = None if records.labels is None else records.labels[positions]
        order = by_pixels(words_of(records.outcomes["digest"][positions])[:, ORDERED_BY], labels)
        positions, labels = positions[order], None if labels is None else labels[order]
        hasher = fingerprint_head(self.spec.shape, self.spec.classes, 0, self.spec.facts)
        hasher.update(part_digest(records.outcomes, positions, labels))
        nothing = positions[:0]
        hasher.update(part_digest(records.outcomes, nothing, None if labels is None else labels[:0]))
        return replace(
            self,
            images=self.images.at(positions),
            labels=labels,
            held_out=self.images.at(nothing),
            held_out_labels=None if labels is None else labels[:0],
            fingerprint=hasher.hexdigest(),
        )

    def fits(self, fingerprint: str) -> bool:
        """Say whether a run that recorded `fingerprint` was trained on these images, in whichever order."""
        return fingerprint == self.fingerprint or fingerprint == self.formerly


@dataclass(frozen=True, kw_only=True)
class Source:
    """Items in a fixed order, and how to read each. Close it after use: `with open_source(...) as source`."""

    name: str
    """Short name, fit for a folder's name."""

    where: str
    """The path or name as a message should show it."""

    items: Sequence[str]
    """Name of each item."""

    labels: np.ndarray | None = None
    """int64 `[N]`, -1 for an item that cannot be used anyway; None without labels."""

    classes: tuple[str, ...] = ()
    """Names of the classes by label."""

    notes: tuple[str, ...] = ()
    """Things to say about the whole source."""

    problems: Mapping[int, str] = field(default_factory=dict)
    """Index of each item that is known to be unusable before it is read, and why."""

    read: Callable[[int], bytes] | None = None
    """Return the bytes of the i-th file, from any thread; raises what the system raises. None for arrays."""

    path: Callable[[int], str | None] | None = None
    """Return where the i-th item lies as a file of its own, if it does."""

    frames: np.ndarray | None = None
    """int64 `[N]`: which frame of its file an item is; None where each is a file, of which the first frame counts."""

    array: SourceRows | None = None
    """The samples themselves, where they lie in an array; None for files."""

    remote: bool = False
    """Whether reading waits for a network, so that it is worth to wait for many at a time."""

    mixed: tuple[tuple[int, bool], ...] = ()
    """Of each part of the items, in order, how many there are, and whether it may be a mixture that nobody looked at: a
    folder or archive, where samples that faussaire made are left out if there is anything else. Empty for none such."""

    close: Callable[[], None] | None = None
    """What must be done when the source is done with."""

    def labelled(self, found: Labels) -> Source:
        """Return it with these labels; what else is wrong with an item counts for more than that it has none."""
        return replace(
            self,
            labels=found.numbers,
            classes=found.classes,
            notes=(*self.notes, *found.notes),
            problems=found.problems() | dict(self.problems),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.close is not None:
            self.close()


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Data that was found, but not opened yet."""

    name: str
    """Short name, fit for a folder's name."""

    identity: str
    """Which data this is, wherever the command is given: kind and whole path, or name."""

    signature: str
    """Changes when the data does: a hash of names, sizes, numbers (inodes) and times of change."""

    path: Path | None = None
    """The file, where it is one; an array in it may be used in place."""

    open: Callable[[Path], Source]
    """Open it. The folder is one for files without a name, which vanish when the source is closed.

    Raises:
        DataError: it cannot be read, or is not what it seemed.
    """
