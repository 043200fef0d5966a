"""What images are brought to: found by a look at some of them, where the user has not said it.

The resolution by the median of the shorter sides, crop or pad by their proportions, the meaning of more than 8 bits by
the values of some (depths.py). Headers are read by the processes that decode; of 256 images, or 16 far away.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from PIL import ImageColor

from faussaire.core.errors import ConfigError
from faussaire.core.marks import SAMPLE
from faussaire.core.suggestions import check_choice
from faussaire.modalities import spec
from faussaire.modalities.image.depths import EIGHT, HEAD_BYTES, Ends, Measured, are_missed_by, may_be_deep, notes_of
from faussaire.modalities.image.fitting import CROP, FITS, PAD, WHITE
from faussaire.modalities.spec import Items

SIZES, DEPTHS, LEVELS = "sizes", "depths", "levels"
"""What files are asked: width, height and the mark of what faussaire made; extents of more than 8 bits, and of 8."""

FIRST, ALL = "first", "all"
"""Which frames of an animation are images."""

OPTIONS = {"resolution": None, "channels": None, "fit": None, "background": "white", "frames": FIRST}

MIN_RESOLUTION = 4
MAX_RESOLUTION = 1024

_LOOKED_AT = 256  # headers read to choose a resolution; their median moves little with more
_LOOKED_AT_REMOTE = 16
_DEPTHS_LOOKED_AT = 64  # of those, images of more than 8 bits that are decoded to find their range
_LEVELS_FIRST = 4  # images of 8 bits that are decoded to see whether they might be masks
_CHUNK = 64  # files measured in one go
_FOUND_MIN, _FOUND_MAX, _FOUND_STEP = 8, 64, 4
_CROP_UP_TO = 1.5  # times as long as wide: a third is cut off


@dataclass(frozen=True, kw_only=True)
class Rule(spec.Rule):
    """What images are brought to."""

    resolution: int
    """R: side of the square, in pixels."""

    channels: int
    """C: 1 grey, 3 RGB, 4 RGB and alpha."""

    fit: str = CROP
    """How an oblong image becomes a square: `fitting.FITS`."""

    background: tuple[int, int, int] = WHITE
    """RGB under what is transparent and around what is padded."""

    may_be_grey: bool = False
    """Whether one channel is kept where every image turns out to be grey."""

    depths: tuple[Ends, ...] = ()
    """What the numbers of images of more than 8 bits mean; each of a kind that is not named decides for itself."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(C, R, R)."""
        return (self.channels, self.resolution, self.resolution)

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Self:
        """Return what `as_dict` was made of."""
        red, green, blue = facts["background"]
        depths = tuple((str(kind), float(low), float(high)) for kind, low, high in facts["depths"])
        return cls(**{**facts, "background": (red, green, blue), "depths": depths})

    def beforehand(self) -> Self:
        """Return it without the depths."""
        return replace(self, depths=())

    def narrowed(self, *, all_grey: bool) -> tuple[Self, list[str]]:
        """Return it with one channel where every image is grey and nobody asked for more, and say so."""
        if not self.may_be_grey:
            return self, []
        note = "1 channel: every image is grey" if all_grey else "3 channels: there is colour"
        return replace(self, channels=1) if all_grey else self, [note]

    def is_missed_by(self, words: Iterable[str]) -> bool:
        """Whether an image has values beyond the depths."""
        return are_missed_by(self.depths, words)

    def notes(self) -> list[str]:
        """Say what the numbers of images of more than 8 bits are taken for."""
        return notes_of(self.depths)


def check(options: Mapping[str, Any]) -> None:
    """Raise ConfigError for an option that is out of its range."""
    resolution, channels = options["resolution"], options["channels"]
    if resolution is not None and not MIN_RESOLUTION <= resolution <= MAX_RESOLUTION:
        raise ConfigError(
            f"resolution {resolution} is not from {MIN_RESOLUTION} to {MAX_RESOLUTION}: try --resolution 28"
        )
    if channels not in (None, 1, 3, 4):
        raise ConfigError(f"channels {channels} is not 1 (grey), 3 (RGB) or 4 (RGB and alpha): try --channels 3")
    background = options["background"]
    if options["fit"] is not None:
        check_choice("--fit", options["fit"], FITS)
    check_choice("--frames", options["frames"], (FIRST, ALL))
    try:
        ImageColor.getrgb(background)
    except ValueError:
        raise ConfigError(f"--background {background!r} is no colour: try white, black or '#ff8800'") from None


def rule_for(items: Items, options: Mapping[str, Any]) -> tuple[Rule, list[str]]:
    """Decide what images are brought to, and say why."""
    resolution, fit, channels = options["resolution"], options["fit"], options["channels"]
    depths: tuple[Ends, ...] = ()
    notes = []
    if resolution is None or fit is None or not items.remote:
        sizes = look(items)
        depths = sizes.depths
        if resolution is None:
            resolution, note = sizes.resolution()
            notes.append(note)
        if fit is None:
            fit, note = sizes.fit()
            notes += [note] if note else []
    red, green, blue = ImageColor.getrgb(options["background"])[:3]
    grey = items.array_shape is not None and items.array_shape[1] == 1 and red == green == blue
    rule = Rule(
        resolution=resolution,
        channels=channels or (1 if grey else 3),
        fit=fit,
        background=(red, green, blue),
        may_be_grey=channels is None,
        depths=depths,
    )
    return rule, notes


def with_all_depths(rule: Rule, items: Items) -> Rule:
    """Measure every image of more than 8 bits."""
    places = range(len(items))
    measured = _measured(items, places)
    if any(kind == EIGHT for kind, _, _ in rule.depths):
        _add_levels(measured, items, places)
    return replace(rule, depths=measured.ends())


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What the headers of up to 256 items say."""

    sides: tuple[tuple[int, int], ...]
    """Shorter and longer side in pixels of each that could be measured."""

    depths: tuple[Ends, ...] = ()
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


def look(items: Items) -> Sizes:
    """Read the headers of up to 256 images, drawn at random (always the same)."""
    if items.array_shape is not None:
        height, width = items.array_shape[2:]
        return Sizes(sides=((min(height, width), max(height, width)),))
    drawn = items.drawn(_LOOKED_AT_REMOTE if items.remote else _LOOKED_AT, "sizes")
    sizes: dict[str, list[tuple[int, int]]] = {"": [], SAMPLE: []}
    for size, mark in filter(None, items.answers(SIZES, drawn)):
        if size is not None and mark in sizes:
            sizes[mark].append((min(size), max(size)))
    # Samples are left out only amid other images.
    wanted = [*sizes[""], *(sizes[SAMPLE] if not items.mixed else [])] or sizes[SAMPLE]
    measured = _measured(items, drawn[:_DEPTHS_LOOKED_AT])
    few = Measured()
    _add_levels(few, items, drawn[:_LEVELS_FIRST])
    if few.ends():
        _add_levels(measured, items, drawn[:_DEPTHS_LOOKED_AT])
    return Sizes(
        sides=tuple(wanted or sizes[SAMPLE]), depths=measured.ends()
    )  # samples are left out only amid other images


def _measured(items: Items, places: Sequence[int]) -> Measured:
    """Measure those of more than 8 bits; of other files, read the beginning at most, where they are files."""
    measured = Measured()
    for first in range(0, len(places), _CHUNK):
        here = [k for k in places[first : first + _CHUNK] if items.may_begin(k, HEAD_BYTES, may_be_deep)]
        measured.add([one for of_file in items.answers(DEPTHS, here) for one in of_file or ()])
    return measured


def _add_levels(measured: Measured, items: Items, places: Sequence[int]) -> None:
    """Measure those of 8 bits."""
    for first in range(0, len(places), _CHUNK):
        here = places[first : first + _CHUNK]
        measured.add([one for of_file in items.answers(LEVELS, here) for one in of_file or ()])
