"""The last part of a preparation: what is known of all items decides channels, copies, classes and both parts.

Everything here goes through the facts block by block, so it needs no more memory for more images. It may be killed at
any time and is then done again: `index.json`, which makes a store of it, is written last.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from faussaire.core.errors import DataError
from faussaire.core.marks import OWN_NOTE
from faussaire.data.dataset import Source
from faussaire.data.decode.chunks import BLANK_BELOW
from faussaire.data.decode.decode import decoders
from faussaire.data.decode.outcomes import BLANK, DROPPED, GREY, KEPT, OUTCOME, OWN
from faussaire.data.names import shortened
from faussaire.data.store.build import BLOCK, MAX_SHARDS, Build, blocks
from faussaire.data.store.duplicates import NEAR_UP_TO, exact_copies, near_copies
from faussaire.data.store.folder import INDEX, discard, write_text, writing
from faussaire.data.store.parts import HELD_OUT, TRAIN, Part, hash_as_formerly, write_parts
from faussaire.data.store.records import Lines, Numbered, Record, Records
from faussaire.data.store.rows import Rows, Shard
from faussaire.data.store.selection import HELD_OUT_FROM, Selection, without_empty_classes

KEEP, DROP, DROP_NEAR = "keep", "drop", "drop-near"
DUPLICATES = (KEEP, DROP, DROP_NEAR)

_UNEVEN = 3  # times as many images in the largest class as in the smallest


@dataclass
class Finish:
    """What is found out about a whole set."""

    build: Build
    source: Source
    chosen: Selection
    notes: list[str]
    shards: list[Shard]
    shape: tuple[int, ...]

    @property
    def records_file(self) -> Path:
        """The facts as they are in the end."""
        return self.build.folder / "records.bin"

    def facts(self) -> Iterator[tuple[int, np.ndarray]]:
        """Read them, a block at a time, each with the place of its first."""
        return blocks(self.records_file, self.build.done)

    def labels(self, start: int, count: int) -> np.ndarray | None:
        """Return the labels int64 of some items."""
        return None if self.chosen.labels is None else self.chosen.labels[start : start + count]


def finish(
    build: Build, source: Source, chosen: Selection, notes: Sequence[str], *, channels: int | None, duplicates: str
) -> None:
    """Write the index of a build that has all its items.

    `channels` None chooses 1 where every image is grey; `duplicates` is one of DUPLICATES.

    Raises:
        DataError: fewer than two images can be used, or the folder cannot be written.
    """
    with writing(build.folder):
        work = Finish(build, source, chosen, list(notes), build.shards(), build.shape)
        _settle_channels(work, channels)
        _note_blanks(work)
        _settle_duplicates(work, duplicates)
        counts = _count_classes(work)
        work.chosen = without_empty_classes(work.chosen, counts)
        work.notes.extend(work.chosen.notes)
        counts = counts[counts > 0] if work.chosen.labels is not None else counts
        _note_imbalance(work, counts)
        _write_index(work, counts)


def _settle_channels(work: Finish, channels: int | None) -> None:
    """Copy the facts; where every image is grey and nobody asked for more, keep one channel of the pixels."""
    build = work.build
    num_kept, all_grey = 0, True
    own = _own_samples(work)
    for _, block in _without(work, own):
        kept = block["flags"] & KEPT > 0
        num_kept += int(kept.sum())
        all_grey &= bool((block["flags"][kept] & GREY > 0).all())
    if num_kept < 2:
        message = _too_few(work, num_kept)
        discard(build.folder)  # nothing there is worth keeping
        raise DataError(message)
    shrink = channels is None and all_grey and build.shape[0] > 1
    if channels is None:
        work.notes.append("1 channel: every image is grey" if all_grey else "3 channels: there is colour")
    if shrink:
        work.shape = (1, *build.shape[1:])
        work.shards = []
    rows = Rows(build.shards(), build.shape) if shrink else None
    with work.records_file.open("wb") as file:
        for start, block in _without(work, own):
            if rows is not None:
                _shrink(work, rows, start, block)
            block.tofile(file)


def _own_samples(work: Finish) -> np.ndarray:
    """Return bool `[parts]`: the parts of the source whose samples made by faussaire are left out.

    They are where there is anything else beside them; a folder of nothing but samples was meant.
    """
    if not any(one for _, one in work.source.mixed):
        return np.zeros(max(1, len(work.source.mixed)), bool)
    num_parts = len(work.source.mixed)
    counts = np.zeros((2, num_parts), np.int64)
    for start, block in work.build.facts():
        kept, own = block["flags"] & KEPT > 0, block["flags"] & OWN > 0
        part = _part(work, start, len(block))
        for row, mask in enumerate((kept & own, kept & ~own)):
            counts[row] += np.bincount(part[mask], minlength=num_parts)
    left_out: np.ndarray = (counts > 0).all(axis=0) & np.array([one for _, one in work.source.mixed])
    num = int(counts[0, left_out].sum())
    if num:
        work.notes.append(f"samples made by faussaire, left out: {num}; to learn from them name a folder of them alone")
    return left_out


def _part(work: Finish, start: int, count: int) -> np.ndarray:
    """Return the part int64 `[count]` of the source that each of some items lies in."""
    ends = np.cumsum([num for num, _ in work.source.mixed])[:-1]
    return np.searchsorted(ends, np.asarray(work.chosen.indices[start : start + count]), side="right")


def _without(work: Finish, left_out: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Give the facts of the build, block by block; the samples of some parts are kept no longer."""
    for start, block in work.build.facts():
        own = block["flags"] & (KEPT | OWN) == (KEPT | OWN)
        if left_out.any() and own.any():
            own &= left_out[_part(work, start, len(block))]
            block["note"][own] = _word(work, OWN_NOTE)
            block["flags"][own] = block["flags"][own] & ~np.uint16(KEPT) | np.uint16(DROPPED)
        yield start, block


def _shrink(work: Finish, rows: Rows, start: int, block: np.ndarray) -> None:
    """Write the first channel of the images of a block as a file of its own, and hash them anew."""
    blocks_per_shard = -(-work.build.done // (MAX_SHARDS * BLOCK))
    number, turn = divmod(start // BLOCK, blocks_per_shard)
    path = work.build.folder / f"grey-{number:03}.u8"
    with path.open("ab" if turn else "wb") as file:
        for first in range(0, len(block), 256):
            part = block[first : first + 256]
            pixels = np.ascontiguousarray(rows[start + first : start + first + len(part)][:, :1])
            pixels.tofile(file)
            for fact, image in zip(part, pixels, strict=True):
                if fact["flags"] & KEPT:
                    fact["digest"] = hashlib.sha256(image.data).digest()
    before = work.shards.pop().count if turn else 0
    work.shards.append(Shard(path=path, count=before + len(block)))


def _note_blanks(work: Finish) -> None:
    num, first = 0, None
    for start, block in work.facts():
        here = np.flatnonzero((block["flags"] & (KEPT | BLANK)) == (KEPT | BLANK))
        num += len(here)
        first = int(here[0]) + start if first is None and len(here) else first
    if first is not None:
        name = work.source.items[int(work.chosen.indices[first])]
        work.notes.append(
            f"nearly blank images (values vary by less than {BLANK_BELOW:g} of 255): {num} (first: {name})"
        )


def _settle_duplicates(work: Finish, duplicates: str) -> None:
    """Count copies, and drop them where that was asked for."""
    num = 0
    for places in exact_copies(work.facts, work.build.done):
        num += len(places)
        if duplicates != KEEP:
            _drop(work, places, "an exact copy of an earlier image")
    if num:
        work.notes.append(f"exact copies of other images: {num}{', dropped' if duplicates != KEEP else ''}")
    if work.build.done > NEAR_UP_TO:
        work.notes.append(f"near copies were not sought: there are more than {NEAR_UP_TO:,} images")
        return
    near = near_copies(work.facts, Rows(work.shards, work.shape))
    if duplicates == DROP_NEAR:
        _drop(work, near, "nearly a copy of an earlier image")
    if len(near):
        name = work.source.items[int(work.chosen.indices[near[0]])]
        dropped = ", dropped" if duplicates == DROP_NEAR else ""
        work.notes.append(f"near copies of other images: {len(near)}{dropped} (first: {name})")


def _drop(work: Finish, places: np.ndarray, note: str) -> None:
    """Let images be kept no longer."""
    if not len(places):
        return
    word = _word(work, note)
    facts = np.memmap(work.records_file, OUTCOME, "r+")
    facts["note"][places] = word
    facts["flags"][places] = facts["flags"][places] & ~np.uint16(KEPT) | np.uint16(DROPPED)
    facts.flush()


def _word(work: Finish, note: str) -> int:
    """Return the number of a note among the words of the build, to which it is added if need be."""
    if note not in work.build.words:
        work.build.words[note] = len(work.build.words)
        with (work.build.folder / "words.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(note) + "\n")
    return work.build.words[note]


def _count_classes(work: Finish) -> np.ndarray:
    """Return int64 `[number of classes]`, or `[1]` without labels: the kept images of each."""
    counts = np.zeros(max(1, len(work.chosen.classes)), np.int64)
    for start, block in work.facts():
        kept = block["flags"] & KEPT > 0
        labels = work.labels(start, len(block))
        groups = np.zeros(int(kept.sum()), np.int64) if labels is None else labels[kept]
        counts += np.bincount(groups, minlength=len(counts))
    return counts


def _note_imbalance(work: Finish, counts: np.ndarray) -> None:
    if len(counts) > 1 and counts.max() >= _UNEVEN * counts.min():
        least, most = (work.chosen.classes[int(place)] for place in (counts.argmin(), counts.argmax()))
        work.notes.append(f"uneven classes: from {counts.min():,} images ({least}) to {counts.max():,} ({most})")


def _write_index(work: Finish, counts: np.ndarray) -> None:
    """Set a part aside, fingerprint both parts, and write everything that makes a store."""
    folder, chosen = work.build.folder, work.chosen
    parts = write_parts(folder, work.facts, work.build.done, chosen.labels, counts)
    items = work.source.items
    numbered = items.file if isinstance(items, Numbered) and isinstance(chosen.indices, range) else None
    if numbered is None:
        names = [items[int(i)] for i in chosen.indices]
        Lines.write(names, folder / "names.txt", folder / "names.i64")
    index: dict[str, Any] = {
        "name": work.source.name,
        "shape": work.shape,
        "classes": chosen.classes,
        "class_counts": dict(zip(chosen.classes, counts.tolist(), strict=False)),
        "notes": [*work.notes, _held_out_note(parts[HELD_OUT].num, int(counts.sum()))],
        "rule": {**work.build.plan["rule"], "depths": work.build.plan["depths"]["ends"]},
        "decoders": decoders(),
        "left_out_for": _reasons(work),
        "num_items": work.build.done,
        "numbered": numbered,
        "shards": [
            {"path": s.path.name if s.path.parent == folder else None, "count": s.count, "offset": s.offset}
            for s in work.shards
        ],
        "fingerprint": _fingerprint(work, parts),
        "formerly": _former_fingerprint(work, parts, counts),
    }
    write_text(folder / INDEX, json.dumps(index, ensure_ascii=False, indent=1))
    used = {shard.path for shard in work.shards}
    for path in [*folder.glob("pixels-*.u8"), work.build.facts_file, folder / "plan.json"]:
        if path not in used:
            path.unlink(missing_ok=True)


def _reasons(work: Finish) -> int:
    """Return the flags of what was left out, together."""
    found = 0
    for _, block in work.facts():
        found |= int(np.bitwise_or.reduce(block["flags"][block["flags"] & KEPT == 0], initial=0))
    return found


def _held_out_note(num: int, num_kept: int) -> str:
    if num:
        return f"held out: {num} images, never trained on, kept to measure with"
    if num_kept < HELD_OUT_FROM:
        return f"held out: none, as that begins at {HELD_OUT_FROM} images, and {num_kept} are used"
    return (
        f"held out: none, as too few of the {num_kept} images differ: copies of an image stay together, and no class "
        "may lose all of its images"
    )


def _fingerprint(work: Finish, parts: Mapping[str, Part]) -> str:
    """Return the SHA-256 of all that training and evaluation see: shape, classes, hashed pixels, labels, in order."""
    hasher = _head(work, parts)
    for name in (TRAIN, HELD_OUT):
        hasher.update(parts[name].digests.digest() + parts[name].labels.digest())
    return hasher.hexdigest()


def _former_fingerprint(work: Finish, parts: Mapping[str, Part], counts: np.ndarray) -> str:
    """Return the fingerprint that version 0.1 gave."""
    hasher = _head(work, parts)
    hash_as_formerly(hasher, work.facts, work.chosen.labels, counts)
    return hasher.hexdigest()


def _head(work: Finish, parts: Mapping[str, Part]) -> hashlib._Hash:
    head = {"shape": work.shape, "classes": work.chosen.classes, "held_out": parts[HELD_OUT].num}
    return hashlib.sha256(json.dumps(head).encode())


def _too_few(work: Finish, num_kept: int) -> str:
    """Return the message for a source with fewer than two images that can be used."""
    source, build = work.source, work.build
    facts = np.fromfile(build.facts_file, OUTCOME) if build.done else np.empty(0, OUTCOME)
    names = [source.items[int(i)] for i in work.chosen.indices]
    records = Records(facts, list(build.words), names, None)
    rejected: list[Record] = [record for record in records if not record.kept]
    first = f" (first: {shortened(rejected[0].name)}, {rejected[0].note})" if rejected else ""
    notes = "".join(f"; {note}" for note in source.notes)
    return (
        f"{source.where}: {num_kept} usable images found, {len(rejected)} rejected{first}{notes}: "
        "at least 2 are needed; give a folder or zip of PNG, JPEG, WebP, BMP, GIF, TIFF or AVIF images"
    )
