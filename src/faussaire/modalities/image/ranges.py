"""What numbers mean: which value of a set is black and which is white.

Files of numbers do not say it: 1 is white in a set of zeros and ones, and black in one of bytes. So the least and the
greatest value over all images decide, never those of one image or of the first few. Ranges that are in use ([0, 1],
[-1, 1], 8 to 16 bits …) are known by being filled; any other set is stretched from its least value to its greatest.
What was assumed is said.

An image of which a value is not finite is left out. So are a few (one in a hundred at most) that go far beyond all
others, where these fill a range that is in use: one spoilt row must not make the rest black.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

NOT_FINITE = "some of its values are not numbers"

_FEW = 100  # one image in so many may go beyond the range of the others
_NEVER_FEW = 4  # of fewer images none is called odd
_LEVELS = 16  # whole numbers up to this: the greatest that occurs is the end of the range
_TOPS = (255.0, 1023.0, 4095.0, 16383.0, 65535.0)  # of 8, 10, 12, 14 and 16 bits
_FRACTIONS = ((0.0, 1.0), (-0.5, 0.5), (-1.0, 1.0), *((0.0, top) for top in _TOPS))
_PERCENT = 99.9  # as high must values come to be percentages, not dark ones of a byte
_SLACK = 1 / 8  # of a range: how far resizing carries values beyond its ends
_FILLED = 7 / 8  # of a range: an image that goes so far up fills it
_FAR = 2  # powers of 4 that set odd images apart where the others fill no range in use
_SIGNS = ("to 8 bits", "bits scaled to 8", "those of 8 bits", "one value everywhere", "left so", "white and black")
_NONE = np.iinfo(np.int16).max  # the power of an image whose values are not finite


@dataclass(frozen=True, kw_only=True)
class Range:
    """The values that become 0 and 255."""

    low: float
    high: float
    words: str = ""
    """What was assumed, as a note says it; empty for bytes that are bytes."""

    @property
    def as_it_is(self) -> bool:
        """Whether bytes need no change."""
        return (self.low, self.high) == (0, 255)

    def to_bytes(self, values: np.ndarray) -> np.ndarray:
        """Scale values of any shape to uint8; what lies beyond the range is cut."""
        if values.dtype == np.uint8 and self.as_it_is:
            return values
        # Divided last: of whole numbers the product is exact, and halves are halves.
        with np.errstate(invalid="ignore", over="ignore"):  # not a number, in an image that is left out
            scaled = (values.astype(np.float64) - self.low) * 255.0 / (self.high - self.low)
            eight: np.ndarray = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
        return eight


BYTES = Range(low=0, high=255)


@dataclass(frozen=True, kw_only=True)
class _Bin:
    """Images whose greatest absolute value lies between two powers of 4."""

    num: int
    low: float
    high: float
    num_near_top: int

    def with_more(self, other: _Bin) -> _Bin:
        return _Bin(
            num=self.num + other.num,
            low=min(self.low, other.low),
            high=max(self.high, other.high),
            num_near_top=self.num_near_top + other.num_near_top,
        )


class Extents:
    """The least and greatest values of images, gathered block by block in two bytes an image.

    Args:
        dtype: number type of the images as they lie in their file; None for text, which has none.
    """

    def __init__(self, dtype: np.dtype | None = None) -> None:
        self._dtype = dtype
        self._whole = self._flat = True
        self._bins: dict[int, _Bin] = {}
        self._powers: list[np.ndarray] = []

    @property
    def certain(self) -> bool:
        """Whether no image to come can change anything: bytes that are plainly of 8 bits."""
        return self._dtype == np.uint8 and any(found.high > 127 for found in self._bins.values())

    def add(self, block: np.ndarray) -> None:
        """Look at images `[n, ...]` of a real number type."""
        axes = tuple(range(1, block.ndim))
        with np.errstate(invalid="ignore"):
            low, high = (np.asarray(end(axis=axes), np.float64) for end in (block.min, block.max))
        whole = self._whole
        if whole and block.dtype.kind == "f":
            finite = np.isfinite(low) & np.isfinite(high)
            part = block if finite.all() else block[finite]
            whole = bool((part == np.rint(part)).all())
        self.add_ends(low, high, whole=whole)

    def add_ends(self, low: np.ndarray, high: np.ndarray, *, whole: bool) -> None:
        """Count images by their least and greatest values `[n]`; `whole` says whether all are whole numbers."""
        finite = np.isfinite(low) & np.isfinite(high)
        with np.errstate(invalid="ignore", divide="ignore"):
            power = np.ceil(np.log2(np.maximum(np.abs(low), np.abs(high))) / 2)
        powers = np.where(finite, np.clip(np.nan_to_num(power), -600, 600), _NONE).astype(np.int16)
        self._powers.append(powers)
        self._whole = self._whole and (whole or not finite.any())
        self._flat = self._flat and bool((low == high)[finite].all())
        for one in np.unique(powers[finite]).tolist():
            here = powers == one
            near = int((high[here] >= _FILLED * 4.0**one).sum())
            found = _Bin(num=int(here.sum()), low=low[here].min(), high=high[here].max(), num_near_top=near)
            self._bins[one] = self._bins[one].with_more(found) if one in self._bins else found

    @property
    def any(self) -> bool:
        """Whether one image at least is finite."""
        return bool(self._bins)

    def settle(self) -> tuple[Range, dict[int, str]]:
        """Return the range of all images but odd ones, and what is wrong with those, by their places."""
        powers = np.concatenate([np.empty(0, np.int16), *self._powers])
        problems = dict.fromkeys(np.flatnonzero(powers == _NONE).tolist(), NOT_FINITE)
        if not self._bins:
            return BYTES, problems
        most = self._most_power()
        found = self._up_to(most)
        taken = (_of_flat if self._flat else assumed)(found.low, found.high, whole=self._whole, dtype=self._dtype)
        text = f"values far beyond those of the others, which are in [{taken.low:g}, {taken.high:g}]"
        return taken, problems | dict.fromkeys(np.flatnonzero((powers > most) & (powers < _NONE)).tolist(), text)

    def _most_power(self) -> int:
        """Return the greatest power of the images that are not odd."""
        powers = sorted(self._bins)
        total = sum(found.num for found in self._bins.values())
        few = max(1, total // _FEW) if total >= _NEVER_FEW else 0
        for k in range(len(powers) - 2, -1, -1):
            most, rest = powers[k], self._up_to(powers[k])
            if total - rest.num > few or rest.low == rest.high:
                break
            ends = known(rest.low, rest.high, whole=self._whole)
            filled = 2 * self._bins[most].num_near_top >= rest.num
            if powers[k + 1] - most > _FAR or (filled and ends is not None and self._is_sure(rest.high, ends[1])):
                return most
        return powers[-1]

    def _is_sure(self, high: float, top: float) -> bool:
        """Whether values reach the end of a range that was known beforehand, rather than taken from them."""
        return high >= _FILLED * top and (top in _TOPS or (top in (0.5, 1.0) and not self._whole))

    def _up_to(self, most: int) -> _Bin:
        parts = [found for power, found in self._bins.items() if power <= most]
        return reduce(_Bin.with_more, parts)


def assumed(low: float, high: float, *, whole: bool, dtype: np.dtype | None) -> Range:
    """Return the range that values from `low` to `high` are taken for; `whole` says whether all are whole numbers."""
    kind = f"values of {dtype.name}" if dtype is not None else "values"
    if dtype == np.bool_:
        return Range(low=0, high=1, words="yes and no: white and black")
    if dtype == np.uint8 and high > _LEVELS:
        words = f"no value is greater than {high:g} of 255: dark, and left so" if high < 128 else ""
        return replace(BYTES, words=words)
    found = known(low, high, whole=whole)
    if found is None:
        top = high if high > low else low + max(1.0, abs(low))
        return Range(low=low, high=top, words=f"{kind} from {low:g} to {high:g} stretched to 8 bits")
    bits = f", {int(found[1]).bit_length()} bits," if whole and found[0] == 0 and found[1] in _TOPS[1:] else ""
    text = f"{kind} from {low:g} to {high:g} taken to be in [{found[0]:g}, {found[1]:g}]{bits} scaled to 8 bits"
    return Range(low=found[0], high=found[1], words=text)


def _of_flat(low: float, high: float, *, whole: bool, dtype: np.dtype | None) -> Range:
    """Return the range of images each of which has one value everywhere: that says nothing of where white is."""
    fractions = dtype is not None and dtype.kind in "bf" and high <= 1
    ends = (0.0, 1.0) if fractions and low >= 0 else (0.0, 255.0) if whole and low >= 0 and high <= 255 else (low, high)
    if ends == (low, high):
        return assumed(low, high, whole=whole, dtype=dtype)
    words = f"each image has one value everywhere, from {low:g} to {high:g}: taken to be in [0, {ends[1]:g}]"
    return Range(low=ends[0], high=ends[1], words=words)


def is_about_range(note: str) -> bool:
    """Whether a note says what values were taken for."""
    return any(sign in note for sign in _SIGNS)


def known(low: float, high: float, *, whole: bool) -> tuple[float, float] | None:
    """Return the range in use that values from `low` to `high`, which differ, fill; None where there is none."""
    return _known_whole(low, high) if whole else _known_fractions(low, high)


def _known_whole(low: float, high: float) -> tuple[float, float] | None:
    if low < 0:
        return next((ends for ends in ((-1, 1), (-128, 127)) if ends[0] <= low < ends[0] / 2 and high <= ends[1]), None)
    if 0 < high <= _LEVELS or (_is_round(int(high)) and high <= _TOPS[-1] + 1):
        return 0, high
    return next(((0, top) for top in _TOPS if high <= top), None)


def _known_fractions(low: float, high: float) -> tuple[float, float] | None:
    if low >= 0 and _PERCENT <= high <= 100:
        return 0, 100
    for bottom, top in _FRACTIONS:
        slack = _SLACK * (top - bottom)
        within = bottom - slack <= low and high <= top + slack
        filled = high > top / 4 if bottom == 0 else max(-low, high) > top / 2 and low < -slack / 2
        if within and filled:
            # Resizing goes beyond both ends: what goes beyond white alone may as well be brighter, and is not cut.
            return bottom, high if bottom == 0 <= low and high > top else top
    return None


def _is_round(number: int) -> bool:
    """Whether a number is a power of 2, one less than such, or a power of 10: where scales end."""
    return number & (number - 1) == 0 or number & (number + 1) == 0 or str(number).strip("0") == "1"
