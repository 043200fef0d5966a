"""The last part of a preparation: what is known of all items decides channels, copies, classes and both parts.

It works on a copy of the outcomes, so it may be killed at any time and is then done again: `index.json`, which makes a
store of it, is written last. What is kept in memory takes some 30 bytes an item.

The SHA-256 of an image's pixels says on which side it falls, and another word of it where it lies there. So copies of
one image fall on one side together, an image falls on the same side in every set that it is in, and both parts are in
random order, however the source was sorted. What is drawn from a part stands for the whole of it. Samples that are cut
out of one file stay together where their modality says so (`Modality.whole`): see groups.py.
"""

from __future__ import annotations

import json
import shutil
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

import numpy as np

from faussaire.core.errors import DataError
from faussaire.core.files import let_go
from faussaire.core.marks import OWN_NOTE
from faussaire.core.names import Numbered, shortened
from faussaire.data.pool.chunks import digests_of
from faussaire.data.pool.outcomes import DROPPED, KEPT, OUTCOME
from faussaire.data.store.build import PLAN, Build
from faussaire.data.store.duplicates import NEAR_UP_TO, exact_copies, near_copies
from faussaire.data.store.folder import HELD_OUT, INDEX, ITEMS, NAMES, TRAIN, discard, write_text, writing
from faussaire.data.store.groups import held_out_groups
from faussaire.data.store.records import ORDERED_BY, Lines, by_pixels, fingerprint_head, part_digest, words_of
from faussaire.data.store.rows import PixelFile, Rows
from faussaire.modalities import Modality, modalities
from faussaire.modalities.spec import BLANK, GREY, OWN

KEEP, DROP, DROP_NEAR = "keep", "drop", "drop-near"
DUPLICATES = (KEEP, DROP, DROP_NEAR)

HELD_OUT_FROM = 50
"""Smaller sets are trained on whole: of a tenth of them even a copier could not be told."""

COUNTED_BELOW = 200
"""In smaller sets a tenth is counted off, where chance might leave next to nothing."""

HELD_OUT_ONE_IN = 10
"""One image in so many is set aside."""

_UNEVEN = 3  # times as many images in the largest class as in the smallest
_BLOCK = 2**15  # rows read at a time


def finish(build: Build, notes: Sequence[str], *, modality: Modality, duplicates: str) -> None:
    """Write the index of a build that has all its items; `duplicates` is one of DUPLICATES.

    Raises:
        DataError: fewer than two images can be used, or the folder cannot be written.
    """
    with writing(build.folder):
        work = Finish(build, notes, modality)
        work.drop_own_samples()
        if (num_kept := int(work.kept.sum())) < 2:
            message = _too_few(work, num_kept)
            discard(build.folder)  # nothing there is worth keeping
            raise DataError(message)
        work.settle_rule()
        work.note_blanks()
        work.settle_duplicates(duplicates)
        index = work.index()
        write_text(build.folder / INDEX, json.dumps(index, ensure_ascii=False, indent=1))
        if build.in_place is None and work.pixels != build.pixels(build.done):
            build.pixels(0).path.unlink()
        for path in (build.outcomes_file, build.folder / PLAN):
            path.unlink()


class Finish:
    """What is found out about a whole set.

    Args:
        build: which has all its items.
        notes: what there is to say so far.
        modality: of the samples.
    """

    def __init__(self, build: Build, notes: Sequence[str], modality: Modality) -> None:
        self.build, self.notes, self.modality = build, [*notes], modality
        self.pixels, self.rule = build.pixels(build.done), build.rule
        self.outcomes: np.ndarray = np.empty(0, OUTCOME)
        if build.done:  # an empty file cannot be mapped
            shutil.copyfile(build.outcomes_file, build.folder / ITEMS)
            self.outcomes = np.memmap(build.folder / ITEMS, OUTCOME, "r+")
        self.flags = self._column("flags")

    @property
    def kept(self) -> np.ndarray:
        """Bool `[N]`: what can be used."""
        kept: np.ndarray = self.flags & KEPT > 0
        return kept

    def _column(self, name: str, word: int | None = None) -> np.ndarray:
        """Return a column `[N]`, or one of the four words of 8 bytes of the digests."""
        found = np.empty(len(self.outcomes), OUTCOME[name] if word is None else np.uint64)
        for start in range(0, len(found), _BLOCK):
            block = self.outcomes[start : start + _BLOCK][name]
            found[start : start + _BLOCK] = block if word is None else words_of(block)[:, word]
            let_go(self.outcomes)
        return found

    def _name(self, position: int) -> str:
        return self.build.source.items[self.build.chosen.indices[position]]

    def _drop(self, positions: np.ndarray, note: str) -> None:
        """Let images be kept no longer."""
        self.flags[positions] = self.flags[positions] & ~np.uint16(KEPT) | np.uint16(DROPPED)
        self.outcomes["flags"][positions] = self.flags[positions]
        self.outcomes["note"][positions] = self.build.number(note)

    def drop_own_samples(self) -> None:
        """Leave out samples made by faussaire where there is anything else beside them in their part of the source.

        A folder of nothing but samples was meant.
        """
        left_out, first, end = 0, 0, 0
        for num, mixed in self.build.source.mixed:
            end += num
            stop = bisect_left(self.build.chosen.indices, end)
            here = self.flags[first:stop] & (KEPT | OWN)
            own = np.flatnonzero(here == KEPT | OWN) + first
            if mixed and len(own) and (here == KEPT).any():
                self._drop(own, OWN_NOTE)
                left_out += len(own)
            first = stop
        if left_out:
            self.notes.append(
                f"samples made by faussaire, left out: {left_out:,}; to learn from them name a folder of them alone"
            )

    def settle_rule(self) -> None:
        """Keep less of the rows where that suffices for every sample: one channel of images that are all grey."""
        rows, num = self._rows(), self.build.done
        self.rule, notes = self.rule.narrowed(all_grey=bool((self.flags[self.kept] & GREY).all()))
        self.notes.extend(notes)
        if self.rule.shape == self.build.rule.shape:
            return
        self.pixels = PixelFile(path=self.build.folder / "grey.u8", count=num)
        with self.pixels.path.open("wb") as file:
            for first in range(0, num, 256):
                narrow = self.modality.narrow(rows[first : first + 256], self.rule)
                narrow.tofile(file)
                kept = np.flatnonzero(self.flags[first : first + len(narrow)] & KEPT)
                self.outcomes["digest"][first + kept] = digests_of(narrow[kept])
                let_go(self.outcomes)

    def _rows(self) -> Rows:
        """Open the samples as they are stored now."""
        return Rows(self.pixels, self.rule.shape, dtype=self.rule.dtype)

    def note_blanks(self) -> None:
        """Say which images have next to nothing on them."""
        blank = np.flatnonzero(self.flags & (KEPT | BLANK) == KEPT | BLANK)
        if len(blank):
            self.notes.append(f"{self.modality.blank}: {len(blank)} (first: {self._name(blank[0])})")

    def settle_duplicates(self, duplicates: str) -> None:
        """Count copies, and drop them where that was asked for."""
        num_kept = int(np.count_nonzero(self.kept))
        exact = exact_copies(self._column("digest", 0), self.kept)
        if duplicates != KEEP:
            self._drop(exact, "an exact copy of an earlier image")
        if len(exact):
            dropped = ", dropped" if duplicates != KEEP else ""
            self.notes.append(f"exact copies of other images: {len(exact)}{dropped}")
        if len(exact) + 1 == num_kept > 1:
            self.notes.append("all images are the same: there is nothing to learn from them")
        if self.build.done > NEAR_UP_TO:
            self.notes.append(f"near copies were not sought: there are more than {NEAR_UP_TO:,} images")
            return
        positions = np.flatnonzero(self.flags & (KEPT | BLANK) == KEPT)
        hashes, digests = self._column("perceptual_hash")[positions], self._column("digest", 0)[positions]
        near = positions[near_copies(hashes, digests, self._rows().at(positions), self.modality)]
        if duplicates == DROP_NEAR:
            self._drop(near, "nearly a copy of an earlier image")
        if len(near):
            dropped = ", dropped" if duplicates == DROP_NEAR else ""
            self.notes.append(f"near copies of other images: {len(near)}{dropped} (first: {self._name(near[0])})")

    def _settle_classes(self) -> tuple[np.ndarray | None, dict[str, int]]:
        """Return the labels, and the number of kept images by class.

        Classes that have none are dropped: nothing could be learnt of them.
        """
        chosen = self.build.chosen
        self.notes.extend(chosen.notes)
        if chosen.labels is None:
            return None, {}
        nums = np.bincount(chosen.labels[self.kept], minlength=len(chosen.classes))
        renumbered = np.append(np.where(nums, np.cumsum(nums > 0) - 1, -1), -1)  # the last: of label -1
        counts = {name: num for name, num in zip(chosen.classes, nums.tolist(), strict=True) if num}
        dropped = [name for name in chosen.classes if name not in counts]
        if dropped:
            self.notes.append(f"classes without a usable image dropped: {', '.join(dropped)}")
        least, most = (pick(counts, key=lambda name: counts[name]) for pick in (min, max))
        if counts[most] >= _UNEVEN * counts[least] and len(counts) > 1:
            self.notes.append(f"uneven classes: from {counts[least]:,} images ({least}) to {counts[most]:,} ({most})")
        return renumbered[chosen.labels], counts

    def _held_out(self, labels: np.ndarray | None) -> np.ndarray:
        """Return bool `[N]`: what is set aside; nothing of a small set, and never all images of a class."""
        kept = self.kept
        digests, files = self._column("digest", 0), self._files()
        held_out: np.ndarray
        if files is not None:
            held_out = held_out_groups(files, digests, kept, one_in=HELD_OUT_ONE_IN)
        elif kept.sum() < COUNTED_BELOW:
            held_out = kept & np.isin(digests, _a_tenth(digests[kept]))
        else:
            held_out = kept & (digests % np.uint64(HELD_OUT_ONE_IN) == 0)
        if kept.sum() < HELD_OUT_FROM:
            held_out[:] = False
        elif labels is not None:
            trained_on = np.bincount(labels[kept & ~held_out], minlength=labels.max() + 1) > 0
            held_out &= trained_on[labels]
        elif held_out.sum() == kept.sum():
            held_out[:] = False
        return held_out

    def _files(self) -> np.ndarray | None:
        """Return int64 `[N]`, the file of each sample, where those of one file belong together; else None."""
        frames = self.build.source.frames
        if not self.modality.whole or frames is None:
            return None
        files: np.ndarray = np.cumsum(frames == 0)[np.asarray(self.build.chosen.indices)]
        return files

    def index(self) -> dict[str, Any]:
        """Write everything that makes a store but its index, and return that."""
        build, folder = self.build, self.build.folder
        labels, counts = self._settle_classes()
        held_out, kept = self._held_out(labels), self.kept
        if labels is not None:
            np.save(folder / "labels.npy", labels)
        np.save(folder / "rejected.npy", np.flatnonzero(~kept))
        num_held_out = int(held_out.sum())
        order = by_pixels(self._column("digest", ORDERED_BY), labels)
        hasher = fingerprint_head(self.rule.sample_shape, list(counts), num_held_out, self.rule.facts())
        for part, mask in ((TRAIN, kept & ~held_out), (HELD_OUT, held_out)):
            hasher.update(self._write_part(part, order[mask[order]], labels))
        items, indices = build.source.items, build.chosen.indices
        numbered = items.file if isinstance(items, Numbered) and isinstance(indices, range) else None
        if numbered is None:
            Lines.write((items[i] for i in indices), folder / NAMES, build.done)
        return {
            "name": build.source.name,
            "modality": self.modality.name,
            "shape": self.rule.sample_shape,
            "row_shape": self.rule.shape,
            "facts": self.rule.facts(),
            "dtype": self.rule.dtype.str,
            "classes": list(counts),
            "class_counts": counts,
            "notes": [*self.notes, _held_out_note(num_held_out, int(kept.sum()))],
            "rule": build.rule.as_dict(),
            "decoders": self.modality.decoders(),
            "numbered": numbered,
            "pixels": {**vars(self.pixels), "path": None if build.in_place else self.pixels.path.name},
            "fingerprint": hasher.hexdigest(),
        }

    def _write_part(self, name: str, positions: np.ndarray, labels: np.ndarray | None) -> bytes:
        """Write where the images of a part lie, in their order, and their labels; return the hash of both."""
        np.save(self.build.folder / f"{name}.npy", positions)
        ordered = None if labels is None else labels[positions].astype("<i8")
        if ordered is not None:
            np.save(self.build.folder / f"{name}-labels.npy", ordered)
        return part_digest(self.outcomes, positions, ordered)


def _a_tenth(digests: np.ndarray) -> np.ndarray:
    """Return one in ten of the digests that differ, first of those that are held out of a larger set too."""
    digests = np.unique(digests)
    order = np.lexsort((digests, digests % np.uint64(HELD_OUT_ONE_IN)))
    chosen: np.ndarray = digests[order[: len(digests) // HELD_OUT_ONE_IN]]
    return chosen


def _held_out_note(num: int, num_kept: int) -> str:
    if num:
        return f"held out: {num} images, never trained on, kept to measure with"
    if num_kept < HELD_OUT_FROM:
        return f"held out: none, as that begins at {HELD_OUT_FROM} images, and {num_kept} are used"
    return (
        f"held out: none, as too few of the {num_kept} images differ: copies of an image stay together, and no class "
        "may lose all of its images"
    )


def _too_few(work: Finish, num_kept: int) -> str:
    """Return the message for a source with fewer than two images that can be used."""
    build = work.build
    rejected = np.flatnonzero(~work.kept)
    first = ""
    if len(rejected):
        note = list(build.words)[work.outcomes["note"][rejected[0]]]
        first = f" (first: {shortened(build.source.items[build.chosen.indices[rejected[0]]])}, {note})"
    notes = "".join(f"; {note}" for note in build.source.notes)
    formats = ", or of ".join(modality.formats for modality in modalities().values() if modality.formats)
    return (
        f"{build.source.where}: {num_kept} usable images found, {len(rejected)} rejected{first}{notes}: "
        f"at least 2 are needed; give a folder or zip of {formats}"
    )
