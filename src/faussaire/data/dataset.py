"""The nouns of the data side: what became of one item, of a whole source, and what training sees of it.

A `Source` is anything that holds images in a fixed order: files in a folder, entries of a zip, rows of an
array. It says what its items are called and how to read the i-th, and decodes nothing. `prepare` turns it
into a `Dataset`, whose pixels are bytes in one array, and whose `Inventory` has a `Record` for every item,
the rejected ones included.
"""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:  # `faussaire list datasets` reads this module, and must not wait for torch
    from faussaire.modalities import SampleSpec


@dataclass(frozen=True, kw_only=True)
class Record:
    """What became of one item of the source."""

    name: str
    """Path within the folder or zip, or `file[i]` for a row of an array."""

    label: int | None
    """Index into `Inventory.classes`; None without labels."""

    kept: bool
    """Whether training may see it."""

    width: int = 0
    """Pixels, upright, before the crop; 0 when unknown."""

    height: int = 0
    """Pixels, upright, before the crop; 0 when unknown."""

    mode: str = ""
    """How the file stores colour, as Pillow names it: L, RGB, RGBA, P, CMYK, I;16 …; empty when unknown."""

    note: str = ""
    """Kept: what had to be done to it, in words. Rejected: why."""


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """Everything that was found in a source, and what became of it."""

    name: str
    """Short name of the source, fit for a folder's name: `mnist`, `my-photos`."""

    records: tuple[Record, ...]
    """One for each item, in the order of the source (files: sorted by path)."""

    classes: tuple[str, ...]
    """Names of the classes by label; empty when the data has no labels."""

    notes: tuple[str, ...]
    """What there is to say about the whole: how labels and sizes were found, what was passed over."""

    @cached_property
    def kept(self) -> tuple[Record, ...]:
        """Records of the images that can be used, the held-out ones among them."""
        return tuple(record for record in self.records if record.kept)

    @cached_property
    def rejected(self) -> tuple[Record, ...]:
        """Records of the items that cannot be used; the `note` of each says why."""
        return tuple(record for record in self.records if not record.kept)

    @cached_property
    def class_counts(self) -> dict[str, int]:
        """Number of kept images by name of class, in the order of the labels; empty without labels."""
        counts = Counter(record.label for record in self.kept)
        return {name: counts[label] for label, name in enumerate(self.classes)}


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """What training sees: bytes of one size, in one array."""

    name: str
    """Short name of the source, fit for a folder's name: `mnist`, `my-photos`."""

    spec: SampleSpec
    """Shape (C, H, W) of one image, and the names of the classes."""

    images: np.ndarray
    """uint8 `[N, C, H, W]`, C-contiguous; a memory-mapped file when larger than `store.IN_MEMORY_BYTES`."""

    labels: np.ndarray | None
    """int64 `[N]`, in [0, number of classes); None without labels."""

    held_out: np.ndarray
    """uint8 `[M, C, H, W]`: never trained on; M is 0 in a small set."""

    held_out_labels: np.ndarray | None
    """int64 `[M]`; None without labels."""

    inventory: Inventory
    """What was found, kept and rejected."""

    fingerprint: str
    """SHA-256, in hex, of pixels, labels and names of classes: the same data gives the same for ever."""


@dataclass(frozen=True, kw_only=True)
class Pixels:
    """Images that lie decoded in one array already, of any layout and number type."""

    raw: np.ndarray
    """`[N, C, H, W]` after a transposition if need be: uint8, or floating point. May be memory-mapped."""

    low: float = 0.0
    """Value that becomes 0 (floating point only)."""

    high: float = 1.0
    """Value that becomes 255 (floating point only)."""

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Return the images of `indices` (int `[n]`) as uint8 `[n, C, H, W]`."""
        block: np.ndarray = self.raw[indices]
        if block.dtype == np.uint8:
            return block
        scaled = (block.astype(np.float64) - self.low) * (255.0 / (self.high - self.low))
        rounded: np.ndarray = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
        return rounded


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

    pixels: Pixels | None = None
    """The images themselves, where they lie in an array; None for files."""

    archive: zipfile.ZipFile | None = None
    """What must be closed when the source is done with."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.archive is not None:
            self.archive.close()
