"""From a path or a name to a `Dataset`: choose classes, decode, choose channels, set aside, fingerprint.

Everything here depends on the content alone: the same images under the same names give the same order, the
same part held out and the same fingerprint, whatever the number of threads. (Another version of libjpeg may
decode a picture to pixels that differ by one; the fingerprint then says so.)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from faussaire.data.dataset import Dataset, Inventory, Record, Source
from faussaire.data.scan import find_resolution, scan
from faussaire.data.selection import HELD_OUT_FROM, Selection, choose, held_out, without_empty_classes
from faussaire.data.sources import open_source
from faussaire.data.store import discard, take
from faussaire.errors import ConfigError, DataError

if TYPE_CHECKING:
    from faussaire.modalities import SampleSpec

MIN_RESOLUTION = 4
MAX_RESOLUTION = 1024

_BLOCK = 256  # images compared in one go


def prepare(
    data: str | Path,
    *,
    resolution: int | None = None,
    channels: int | None = None,
    classes: Sequence[str] = (),
    scratch: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Dataset:
    """Read images of any kind and bring them to one size; what cannot be used is reported and left out.

    `data` is a folder (read with all that lies below it), a `.zip`, an IDX file of images or its folder, a
    `.npy`, a `.npz`, or the name of an embedded set: `mnist` is always the embedded one, `./mnist` always the
    path. Images are cropped to their central square, then resized to `resolution` (4 to 1024; None: the
    median of the shorter sides, at most 64). `channels` is 1 (grey) or 3 (RGB); None: 1 if every image is
    grey. `classes` keeps only these, by name or number. Pixels beyond a gigabyte are mapped from files in
    `scratch`. `progress(done, total)` counts items.

    From 200 images on, one in ten is held out, by the hash of its pixels, so that copies of an image stay
    together.

    Raises:
        ConfigError: a setting is out of range. DataError: the data cannot be found or read, has no such
        class, or has fewer than two images that can be used.
    """
    _check(resolution, channels)
    with open_source(data) as source:
        chosen = choose(source, classes)
        notes = [*source.notes]
        if resolution is None:
            resolution, note = find_resolution(source, chosen.indices)
            notes.append(note)
        scanned = scan(
            source,
            chosen.indices,
            chosen.labels,
            resolution=resolution,
            channels=channels,
            scratch=scratch,
            progress=progress,
        )
    records = scanned.records
    if sum(record.kept for record in records) < 2:
        raise DataError(_too_few(source, records))
    chosen = without_empty_classes(chosen, records)
    notes.extend(chosen.notes)
    if channels is None:
        channels, note = _find_channels(scanned.pixels, records)
        notes.append(note)
    return _dataset(source.name, scanned.pixels, records, chosen, notes, channels=channels, scratch=scratch)


def _check(resolution: int | None, channels: int | None) -> None:
    if resolution is not None and not MIN_RESOLUTION <= resolution <= MAX_RESOLUTION:
        raise ConfigError(
            f"resolution {resolution} is not from {MIN_RESOLUTION} to {MAX_RESOLUTION}: try --resolution 28"
        )
    if channels not in (None, 1, 3):
        raise ConfigError(f"channels {channels} is neither 1 (grey) nor 3 (RGB): try --channels 3")


def _too_few(source: Source, records: Sequence[Record]) -> str:
    """Return the message for a source with fewer than two images that can be used."""
    kept = sum(record.kept for record in records)
    rejected = [record for record in records if not record.kept]
    first = f" (first: {rejected[0].name}, {rejected[0].note})" if rejected else ""
    notes = "".join(f"; {note}" for note in source.notes)
    return (
        f"{source.where}: {kept} usable images found, {len(rejected)} rejected{first}{notes}: "
        "at least 2 are needed; give a folder or zip of PNG, JPEG, WebP, BMP, GIF or TIFF images"
    )


def _find_channels(pixels: np.ndarray, records: Sequence[Record]) -> tuple[int, str]:
    """Return 1 when every kept image of uint8 `[N, C, R, R]` is grey, else 3, and how it was found."""
    if pixels.shape[1] == 1:
        return 1, "1 channel: every image is grey"
    kept = np.flatnonzero([record.kept for record in records])
    for start in range(0, len(kept), _BLOCK):
        block = pixels[kept[start : start + _BLOCK]]
        if (block != block[:, :1]).any():
            return 3, "3 channels: there is colour"
    return 1, "1 channel: every image is grey"


def _dataset(
    name: str,
    pixels: np.ndarray,
    records: Sequence[Record],
    chosen: Selection,
    notes: Sequence[str],
    *,
    channels: int,
    scratch: Path | None,
) -> Dataset:
    """Set a part of the kept images of uint8 `[N, C, R, R]` aside, and fingerprint both parts."""
    from faussaire.modalities import SampleSpec  # here: it takes torch along, which `faussaire list` must not

    kept = np.flatnonzero([record.kept for record in records])
    digests = np.array([hashlib.sha256(pixels[i, :channels].tobytes()).digest() for i in kept], "V32")
    labels = None if chosen.labels is None else chosen.labels[kept]
    aside = held_out(digests, labels)
    parts = {"images": ~aside, "held-out": aside}
    images, others = (
        take(pixels, kept[part], channels=channels, scratch=scratch, name=part_name)
        for part_name, part in parts.items()
    )
    if images is not pixels:
        discard(scratch, "decoded")
    spec = SampleSpec(modality="image", shape=images.shape[1:], classes=chosen.classes)
    return Dataset(
        name=name,
        spec=spec,
        images=images,
        labels=None if labels is None else labels[~aside],
        held_out=others,
        held_out_labels=None if labels is None else labels[aside],
        inventory=Inventory(
            name=name,
            records=tuple(_relabelled(records, chosen.labels)),
            classes=chosen.classes,
            notes=(*notes, *_copies(digests), _held_out_note(aside)),
        ),
        fingerprint=_fingerprint(digests, labels, aside, spec),
    )


def _relabelled(records: Sequence[Record], labels: np.ndarray | None) -> Sequence[Record]:
    """Return records under the labels int `[N]` that remain after empty classes are dropped."""
    if labels is None:
        return records
    return [
        record if record.label == label else replace(record, label=None if label < 0 else label)
        for record, label in zip(records, labels.tolist(), strict=True)
    ]


def _copies(digests: np.ndarray) -> list[str]:
    num = len(digests) - len(set(digests.tolist()))
    return [f"exact copies of other images: {num}"] if num else []


def _held_out_note(aside: np.ndarray) -> str:
    num = int(aside.sum())
    if num:
        return f"held out: {num} images, never trained on, kept to measure with"
    return f"held out: none, as that begins at {HELD_OUT_FROM} images"


def _fingerprint(digests: np.ndarray, labels: np.ndarray | None, aside: np.ndarray, spec: SampleSpec) -> str:
    """Return the SHA-256 of all that training and evaluation see: shape, classes, hashed pixels, labels."""
    head = {"shape": spec.shape, "classes": spec.classes, "held_out": int(aside.sum())}
    hasher = hashlib.sha256(json.dumps(head).encode())
    for part in (~aside, aside):
        hasher.update(digests[part].tobytes())
        if labels is not None:
            hasher.update(labels[part].astype("<i8").tobytes())
    return hasher.hexdigest()
