"""From a path or a name to a `Dataset`: find it, and open its store; or choose, decode and store it first.

Everything here depends on the content alone: the same images in the same classes give the same order, the same part
held out and the same fingerprint, whatever their names, whatever the number of processes, and however often it was
interrupted. (Another version of libjpeg may decode a picture to pixels that differ by one; the fingerprint then says
so.)
"""

from __future__ import annotations

import gc
import json
import math
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from faussaire.core.config import flag
from faussaire.core.errors import ConfigError, DataError
from faussaire.core.suggestions import check_choice
from faussaire.data.dataset import Dataset, Origin, Source
from faussaire.data.labels.labels import is_about_labels
from faussaire.data.pool.chunks import Chunk
from faussaire.data.pool.frames import with_all_frames
from faussaire.data.pool.outcomes import KEPT
from faussaire.data.pool.scan import SourceItems, scan
from faussaire.data.pool.workers import Workers
from faussaire.data.sources.locate import locate
from faussaire.data.store.build import Build, begun_plan
from faussaire.data.store.earlier import Earlier
from faussaire.data.store.finishing import COUNTED_BELOW, DUPLICATES, KEEP, finish
from faussaire.data.store.folder import StoreFolder, check_room, load, store_folder
from faussaire.data.store.rows import PixelFile
from faussaire.data.store.selection import Selection, choose
from faussaire.modalities import Modality, modalities, of_files
from faussaire.modalities.spec import Rule

IN_PLACE_BYTES = 2**30
"""An array file of this size or more that needs no change is not copied, but mapped where it lies."""

_NAMES = 1000  # of files, to know their modality
_TRIED = 64  # items in one go, to see whether they can be read now

Progress = Callable[[int, int], None]

Acceptance = Callable[[str, tuple[str, ...]], None]
"""Raises an error where samples of a modality, by its name, with classes of these names, are of no use."""


@dataclass(frozen=True, kw_only=True)
class PrepareOptions:
    """How the data shall be prepared."""

    classes: tuple[str, ...]
    duplicates: str

    of_modality: Mapping[str, Any]
    """The options of every modality, by name: what is None is found from the data."""

    def __post_init__(self) -> None:
        """Raise ConfigError for one that is out of its range, TypeError for one that no modality has."""
        check_choice("--duplicates", self.duplicates, DUPLICATES)
        if unknown := set(self.of_modality) - set(_defaults()):
            raise TypeError(f"prepare() got an unexpected option {min(unknown)!r}")
        for modality in modalities().values():
            modality.check({**modality.options, **self.of_modality})

    def as_dict(self) -> dict[str, Any]:
        """Return as JSON types what decides the content; what has its default says nothing."""
        defaults = _defaults()
        chosen = {name: value for name, value in self.of_modality.items() if value != defaults[name]}
        return {"classes": list(self.classes), "duplicates": self.duplicates, **chosen}


def _defaults() -> dict[str, Any]:
    """Return the options of all modalities, with their defaults."""
    return {name: value for modality in modalities().values() for name, value in modality.options.items()}


def check_preparation(*, classes: Sequence[str], duplicates: str, cache: str | None, **options: Any) -> None:
    """Check settings that `prepare` takes, before any data are looked at.

    Raises:
        ConfigError: one is out of its range.
    """
    PrepareOptions(classes=tuple(classes), duplicates=duplicates, of_modality=options)


def prepare(
    data: str | Path | Sequence[str | Path],
    *,
    classes: Sequence[str] = (),
    duplicates: str = KEEP,
    cache: str | Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    fingerprint: str | None = None,
    accept: Acceptance | None = None,
    **options: Any,
) -> Dataset:
    """Read samples of any kind and bring them to one size; what cannot be used is reported and left out.

    Args:
        data: what docs/guide/data.md names: a folder, archive, array, table, list, or the name of an embedded set
            (`mnist` is always that, `./mnist` always the path); or several of them as a sequence.
        classes: keep only these, by name, wildcard or number.
        duplicates: `keep`, `drop` (exact copies), or `drop-near` (near ones too).
        cache: folder that the prepared images are kept in; that of the user if not given.
        workers: processes that decode, at most; one a core if not given. With 0, a decoder's crash is the program's.
        progress: `progress(done, total)` counts items.
        fingerprint: of the images that a run began with, which are wanted, and no others, where they are there.
        accept: called before anything is decoded, if that has not been done: what it raises ends the preparation.
        options: of the modality that the data is of. For images: `resolution`, side of the squares, 4 to 1024 (None:
            the median of the shorter sides, at most 64); `channels`, 1, 3 or 4 (RGB and alpha) (None: 1 if all are
            grey, else 3); `fit`, `background` and `frames` as in `Config`.

    Nothing is decoded again but what was left out for reasons that may be gone (`_doubtful`). From 50 images on one in
    ten is held out, by the hash of its pixels: copies stay together.

    Raises:
        ConfigError: a setting is out of range. DataError: the data cannot be found, read or written, has no such class,
        or fewer than two usable images.
    """
    wanted = PrepareOptions(classes=tuple(classes), duplicates=duplicates, of_modality=options)
    origin = locate(data)
    store = store_folder(origin, wanted.as_dict(), cache)
    if not store.ready() or _doubtful(origin, store, fingerprint):
        with store.lock():  # another process may have prepared it meanwhile
            earlier = _doubtful(origin, store, fingerprint)
            if earlier or not store.ready():
                _build(origin, store, wanted, earlier, workers=workers, progress=progress, accept=accept)
                store.remove_others()
    return _as_begun(load(store.current, origin.path), fingerprint)


def _as_begun(dataset: Dataset, fingerprint: str | None) -> Dataset:
    """Return a set as a run of this fingerprint began with it: whole, if that was before so small a set was divided."""
    is_small = len(dataset.images) + len(dataset.held_out) < COUNTED_BELOW
    if fingerprint is None or not is_small or dataset.fits(fingerprint):
        return dataset
    whole = dataset.undivided()
    return whole if whole.fits(fingerprint) else dataset


def _doubtful(origin: Origin, store: StoreFolder, fingerprint: str | None) -> Earlier | None:
    """Return what was prepared of the data as it is, if more of it may be had now; not of what a run began with.

    What could be read is not decoded again; what was left out for reasons that may be gone is tried: no network, no
    permission, no memory, a missing extra.
    """
    with suppress(OSError, ValueError, KeyError, TypeError, DataError):  # none, or a damaged one: `load` tells
        earlier = Earlier(store.current, origin.path)
        if earlier.doubtful() and not (fingerprint and earlier.fits(fingerprint)):
            return earlier
    return None


def _build(
    origin: Origin,
    store: StoreFolder,
    wanted: PrepareOptions,
    earlier: Earlier | None,
    *,
    workers: int | None,
    progress: Progress | None,
    accept: Acceptance | None,
) -> None:
    """Prepare the data, from where an earlier start was interrupted; anew only if more of it can be had."""
    with _open(origin, store.folder) as opened, ExitStack() as stack:
        modality = _modality_of(opened)
        _refuse_foreign(wanted, modality, opened.name)
        options = {name: wanted.of_modality.get(name, default) for name, default in modality.options.items()}
        workers_here = stack.enter_context(Workers(modality, workers))
        source = with_all_frames(opened, workers_here, modality, options) if modality.splits(options) else opened
        chosen = choose(source, wanted.classes)
        if accept is not None:
            accept(modality.name, chosen.classes if chosen.labels is not None else ())
        folder = store.current if earlier is None else store.following
        if earlier is not None:
            earlier = earlier if earlier.is_of([source.items[int(i)] for i in chosen.indices]) else None
            if earlier is not None and not _any_readable(source, chosen, earlier, workers_here):
                earlier.settle()
                return
        rule, found = modality.rule(SourceItems(source, chosen.indices, workers_here), options)
        notes = [*source.notes, *found]
        if chosen.labels is None and not any(map(is_about_labels, notes)):
            notes.append("no labels: there are none in the data")
        in_place = _in_place(source, chosen, rule)
        plan = {"modality": modality.name, "count": len(chosen.indices), "in_place": in_place is not None}
        rule = _begun_rule(folder, plan, modality, rule) or rule
        widened = False
        while True:
            begun = {**plan, "rule": rule.as_dict()}
            build = Build(folder, begun, source, chosen, rule=rule, in_place=in_place)
            with closing(_decoded(source, chosen, rule, earlier, workers_here, start=build.done)) as chunks:
                if _fill(build, chunks, None if widened else rule, progress):
                    break
            # Some were not enough: begin again with all. The processes were stopped amid their work.
            workers_here = stack.enter_context(Workers(modality, workers))
            rule, widened = modality.wider(rule, SourceItems(source, chosen.indices, workers_here)), True
        finish(build, notes + rule.notes(), modality=modality, duplicates=wanted.duplicates)


def _modality_of(source: Source) -> Modality:
    """Return the modality of what lies in a source."""
    return of_files(islice(source.items, _NAMES)) if source.array is None else source.array.modality


def _refuse_foreign(wanted: PrepareOptions, modality: Modality, name: str) -> None:
    """Raise ConfigError for an option that is asked for, and is one of other modalities."""
    given = [option for option in wanted.as_dict() if option in wanted.of_modality and option not in modality.options]
    if given:
        takes = ", ".join(map(flag, modality.options)) or "none of this sort"
        raise ConfigError(
            f"{flag(given[0])} is for another kind of data: {name} is {modality.name}, which takes {takes}"
        )


def _begun_rule(folder: Path, plan: Mapping[str, Any], modality: Modality, rule: Rule) -> Rule | None:
    """Return the rule that an interrupted preparation of the same plan went by, with what it had found out."""
    begun = begun_plan(folder)
    facts = begun.pop("rule", None)
    if facts is None or begun != json.loads(json.dumps(plan)):
        return None
    found = modality.rule_from(facts)
    return found if found.beforehand() == rule.beforehand() else None


def _fill(build: Build, chunks: Iterator[Chunk], rule: Rule | None, progress: Progress | None) -> bool:
    """Add what is not there yet; return False as soon as a rule, if given, does not hold a sample."""
    if build.in_place is None:
        check_room(build.folder, (build.count - build.done) * build.rule.row_bytes)
    for chunk in chunks:
        if rule is not None and rule.is_missed_by(chunk.words):
            return False
        build.add(chunk)
        if progress is not None:
            progress(build.done, build.count)
    return True


def _any_readable(source: Source, chosen: Selection, earlier: Earlier, workers: Workers) -> bool:
    """Whether an item that was left out earlier can be had now."""
    doubtful = [chosen.indices[position] for position in earlier.doubtful()]
    for first in range(0, len(doubtful), _TRIED):
        for chunk in list(scan(source, doubtful[first : first + _TRIED], earlier.rule, workers)):  # to its end
            if (chunk.outcomes["flags"] & KEPT).any() or earlier.rule.is_missed_by(chunk.words):
                return True
    return False


def _decoded(
    source: Source, chosen: Selection, rule: Rule, earlier: Earlier | None, workers: Workers, *, start: int
) -> Generator[Chunk, None, None]:
    """Decode all items from position `start` on, but for those that can be taken over."""
    if earlier is None or earlier.rule != rule:
        yield from scan(source, chosen.indices, rule, workers, start=start)
        return
    positions = [position for position in earlier.to_decode() if position >= start]
    fresh = scan(source, [chosen.indices[position] for position in positions], rule, workers)
    yield from earlier.with_fresh(fresh, positions, start=start)


def _open(origin: Origin, scratch: Path) -> Source:
    """Open the source; no garbage is looked for meanwhile: a long list being made has none, and that takes a third."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        return origin.open(scratch)
    finally:
        if enabled:
            gc.enable()


def _in_place(source: Source, chosen: Selection, rule: Rule) -> PixelFile | None:
    """Return the file of the source itself where it can serve as the store's rows."""
    if source.array is None or not isinstance(chosen.indices, range) or source.array.shape[1:] != rule.shape:
        return None
    file = source.array.file
    return None if file is None or math.prod(source.array.shape) * rule.dtype.itemsize < IN_PLACE_BYTES else file
