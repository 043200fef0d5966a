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
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from PIL import ImageColor

from faussaire.core.errors import ConfigError, DataError
from faussaire.data.dataset import Dataset, Origin, Source
from faussaire.data.decode.chunks import Chunk
from faussaire.data.decode.decode import Rule
from faussaire.data.decode.depths import BEYOND, Depths
from faussaire.data.decode.fitting import FITS
from faussaire.data.decode.frames import ALL, FIRST, with_all_frames
from faussaire.data.decode.outcomes import KEPT
from faussaire.data.decode.workers import Workers
from faussaire.data.labels.labels import is_about_labels
from faussaire.data.scan import all_depths, fits_as_it_is, look, scan
from faussaire.data.sources.locate import locate
from faussaire.data.store.build import Build, begun_plan
from faussaire.data.store.earlier import Earlier
from faussaire.data.store.finishing import DUPLICATES, KEEP, finish
from faussaire.data.store.folder import StoreFolder, check_room, load, store_folder
from faussaire.data.store.rows import PixelFile
from faussaire.data.store.selection import Selection, choose

MIN_RESOLUTION = 4
MAX_RESOLUTION = 1024

IN_PLACE_BYTES = 2**30
"""An array file of this size or more that needs no change is not copied, but mapped where it lies."""

_TRIED = 64  # items in one go, to see whether they can be read now

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class PrepareOptions:
    """How the data shall be prepared; what is None or empty is found from the data. See `prepare`.

    Raises:
        ConfigError: one is out of range.
    """

    resolution: int | None
    channels: int | None
    classes: tuple[str, ...]
    fit: str | None
    background: str
    frames: str
    duplicates: str

    def __post_init__(self) -> None:
        if self.resolution is not None and not MIN_RESOLUTION <= self.resolution <= MAX_RESOLUTION:
            raise ConfigError(
                f"resolution {self.resolution} is not from {MIN_RESOLUTION} to {MAX_RESOLUTION}: try --resolution 28"
            )
        if self.channels not in (None, 1, 3, 4):
            raise ConfigError(
                f"channels {self.channels} is not 1 (grey), 3 (RGB) or 4 (RGB and alpha): try --channels 3"
            )
        known = {"fit": (None, *FITS), "frames": (FIRST, ALL), "duplicates": DUPLICATES}
        for name, values in known.items():
            if getattr(self, name) not in values:
                raise ConfigError(
                    f"--{name} {getattr(self, name)!r} is unknown: one of {', '.join(filter(None, values))}"
                )
        try:
            ImageColor.getrgb(self.background)
        except ValueError:
            raise ConfigError(f"--background {self.background!r} is no colour: try white, black or '#ff8800'") from None


def prepare(
    data: str | Path | Sequence[str | Path],
    *,
    resolution: int | None = None,
    channels: int | None = None,
    classes: Sequence[str] = (),
    fit: str | None = None,
    background: str = "white",
    frames: str = FIRST,
    duplicates: str = KEEP,
    cache: str | Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    fingerprint: str | None = None,
) -> Dataset:
    """Read images of any kind and bring them to one size; what cannot be used is reported and left out.

    Args:
        data: a folder (read with all that lies below it), an archive, an array, a table or a list of images, or the
            name of an embedded set: `mnist` is always the embedded one, `./mnist` always the path; several of them
            together as a sequence. `docs/guide/data.md` names the kinds, and says what is kept between two calls.
        resolution: side of the square images, 4 to 1024; None: the median of the shorter sides, at most 64.
        channels: 1 (grey), 3 (RGB) or 4 (RGB and alpha); None: 1 if every image is grey, else 3.
        classes: keep only these, by name, wildcard or number.
        fit: how oblong images become squares: `crop`, `pad`, `stretch` or `smart`; None: by their proportions.
        background: name or #rrggbb of the colour under transparency and around padded images.
        frames: of an animation, `first` or `all`.
        duplicates: `keep`, `drop` (exact copies), or `drop-near` (near ones too).
        cache: folder that the prepared images are kept in; the user's cache folder if not given.
        workers: processes that decode, at most (default: the cores); with 0, a file that crashes its decoder ends all.
        progress: `progress(done, total)` counts items.
        fingerprint: of the images that a run began with: where these are there, they are wanted, and no others.

    Raises: ConfigError: a setting is out of range. DataError: the data cannot be found or read, has no such class or
        fewer than two images that can be used; or the prepared images cannot be written.
    """
    options = PrepareOptions(resolution, channels, tuple(classes), fit, background, frames, duplicates)
    origin = locate(data)
    store = store_folder(origin, asdict(options), cache)
    if not store.ready() or _doubtful(origin, store, fingerprint):
        with store.lock():  # another process may have prepared it meanwhile
            earlier = _doubtful(origin, store, fingerprint)
            if earlier or not store.ready():
                _build(origin, store, options, earlier, workers=workers, progress=progress)
                store.remove_others()
    return load(store.current, origin.path)


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
    options: PrepareOptions,
    earlier: Earlier | None,
    *,
    workers: int | None,
    progress: Progress | None,
) -> None:
    """Prepare the data, from where an earlier start was interrupted; anew only if more of it can be had."""
    with _open(origin, store.folder) as opened, ExitStack() as stack:
        processes = stack.enter_context(Workers(workers))
        source = with_all_frames(opened, processes) if options.frames == ALL else opened
        chosen = choose(source, options.classes)
        folder = store.current if earlier is None else store.following
        if earlier is not None:
            earlier = earlier if earlier.is_of([source.items[int(i)] for i in chosen.indices]) else None
            if earlier is not None and not _any_readable(source, chosen, earlier, processes):
                earlier.settle()
                return
        rule, depths, notes = _rule(source, chosen, options, processes)
        if chosen.labels is None and not any(map(is_about_labels, notes)):
            notes.append("no labels: there are none in the data")
        in_place = _in_place(source, chosen, rule)
        plan = {"rule": rule.__dict__, "count": len(chosen.indices), "in_place": in_place is not None}
        depths = _begun_depths(folder, plan) or depths
        shape = (rule.channels, rule.resolution, rule.resolution)
        while True:
            build = Build(folder, {**plan, "depths": depths.as_dict()}, source, chosen, shape=shape, in_place=in_place)
            by_depths = replace(rule, depths=depths.ends)
            with closing(_decoded(source, chosen, by_depths, earlier, processes, start=build.done)) as chunks:
                if _fill(build, chunks, depths, progress):
                    break
            # Some were not enough: begin again with all. The processes were stopped amid their work.
            processes = stack.enter_context(Workers(workers))
            depths = all_depths(source, chosen.indices, processes)
        finish(build, notes + depths.notes(), channels=options.channels, duplicates=options.duplicates)


def _begun_depths(folder: Path, plan: Mapping[str, Any]) -> Depths | None:
    """Return the depths that an interrupted preparation of the same plan went by."""
    begun = begun_plan(folder)
    told = begun.pop("depths", None)
    return Depths.from_dict(told) if told and begun == json.loads(json.dumps(plan)) else None


def _fill(build: Build, chunks: Iterator[Chunk], depths: Depths, progress: Progress | None) -> bool:
    """Add what is not there yet; return False as soon as an image does not fit the depths that were assumed."""
    if build.in_place is None:
        check_room(build.folder, (build.count - build.done) * build.row_bytes)
    for chunk in chunks:
        if depths.are_missed_by(chunk.words):
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
            if (chunk.outcomes["flags"] & KEPT).any() or any(word.startswith(BEYOND) for word in chunk.words):
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


def _rule(
    source: Source, chosen: Selection, options: PrepareOptions, workers: Workers
) -> tuple[Rule, Depths, list[str]]:
    """Decide what images are brought to, and say why."""
    notes = [*source.notes]
    resolution, fit = options.resolution, options.fit
    depths = Depths()
    if resolution is None or fit is None or not source.remote:
        sizes = look(source, chosen.indices, workers)
        depths = sizes.depths
        if resolution is None:
            resolution, note = sizes.resolution()
            notes.append(note)
        if fit is None:
            fit, note = sizes.fit()
            notes += [note] if note else []
    colour = ImageColor.getrgb(options.background)[:3]
    one = source.pixels is not None and source.pixels.shape[1] == 1 and len(set(colour)) == 1
    channels = options.channels or (1 if one else 3)
    return Rule(resolution=resolution, channels=channels, fit=fit, background=(*colour,)), depths, notes


def _in_place(source: Source, chosen: Selection, rule: Rule) -> PixelFile | None:
    """Return the file of the source itself where it can serve as the store's pixels."""
    file = None if source.pixels is None else source.pixels.file
    if source.pixels is None or file is None or not isinstance(chosen.indices, range):
        return None
    small = math.prod(source.pixels.shape) < IN_PLACE_BYTES
    if small or not fits_as_it_is(source, rule) or source.pixels.shape[1] != rule.channels:
        return None
    return file
