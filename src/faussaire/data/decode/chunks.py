"""A few items at a time, decoded and measured: the unit of work, in this process or in another.

What is measured of each image costs little beside its decoding (10 µs at 32×32) and is worth keeping: the SHA-256 of
its pixels, by which copies are found and the held-out part is chosen; a look, by which near copies are; whether it is
grey, and whether it is nearly blank.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from faussaire.data.decode.decode import Decoded, Rule, decode_frames
from faussaire.data.decode.outcomes import BLANK, FOR_NOW, GREY, KEPT, OUTCOME, UNREAD
from faussaire.data.disk import why_unread

BLANK_BELOW = 4.0
"""An image whose values (0 to 255) have a smaller standard deviation than this is called nearly blank."""

_CELLS = 8  # the look is that of 8×8 cells


class Task(NamedTuple):
    """One file to decode, one frame of it or several."""

    data: bytes | None = None
    """Its content, where it is at hand."""

    read: Callable[[], bytes] | None = None
    """Return its content, where it is not."""

    path: str | None = None
    """Where its content lies as a file of its own, so that another process can read it."""

    problem: str = ""
    """Why it cannot be used, where that is known already."""

    flags: int = 0
    """Of `records`, whether that may be gone next time."""

    frames: tuple[int, ...] | None = None
    """The frames that are wanted; None for the first, with a word about the others."""

    @property
    def num(self) -> int:
        """How many images it gives."""
        return 1 if self.frames is None else len(self.frames)


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """What came of some items."""

    pixels: np.ndarray
    """uint8 `[n, C, R, R]`; zero where an item was rejected."""

    outcomes: np.ndarray
    """OUTCOME `[n]`."""

    words: list[str] = field(default_factory=list)
    """What the notes and modes are numbers of."""


def decode_chunk(tasks: Sequence[Task], rule: Rule, *, before: Callable[[Task], None] | None = None) -> Chunk:
    """Read and decode some files; whatever is wrong with one is in its note. `before` is called with each."""
    outcomes: list[Decoded] = []
    for task in tasks:
        if before is not None:
            before(task)
        data, reason, flags = task.data, task.problem, task.flags
        if data is None and task.read is not None:
            data, reason, flags = content(task.read)
        if data is None:
            outcomes += [Decoded(pixels=None, note=reason, flags=flags)] * task.num
        else:
            outcomes += decode_frames(data, rule, task.frames)
    return gathered(outcomes, rule)


def content(read: Callable[[], bytes]) -> tuple[bytes | None, str, int]:
    """Return the bytes of a file; or None, why not, and by the flags of `records` whether that may pass."""
    try:
        return read(), "", 0
    except OSError as error:
        return None, why_unread(error), FOR_NOW
    except MemoryError:
        return None, "too large for the memory of this machine", FOR_NOW
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        return None, f"damaged in the zip ({error})", 0
    except NotImplementedError as error:  # a method of compression that is unknown here
        return None, f"cannot be unpacked ({error})", UNREAD
    except (RuntimeError, ValueError) as error:
        return None, f"cannot be unpacked ({error})", 0


def gathered(images: Sequence[Decoded], rule: Rule) -> Chunk:
    """Lay decoded images into one array, and measure them."""
    pixels = np.zeros((len(images), rule.channels, rule.resolution, rule.resolution), np.uint8)
    words = {"": 0}
    outcomes = np.zeros(len(images), OUTCOME)
    for row, image in enumerate(images):
        note, mode = (words.setdefault(word, len(words)) for word in (image.note, image.mode))
        outcomes[row] = (b"", 0, image.width, image.height, note, mode, image.flags)
        if image.pixels is not None:
            pixels[row] = image.pixels
            outcomes["flags"][row] |= KEPT
    measure(pixels, outcomes)
    return Chunk(pixels=pixels, outcomes=outcomes, words=list(words))


def measure(pixels: np.ndarray, outcomes: np.ndarray) -> None:
    """Fill in what OUTCOME `[n]` say of the pixels uint8 `[n, C, R, R]`; 0 for those that are not kept."""
    flags = outcomes["flags"]
    kept = flags & KEPT > 0
    flat = pixels.reshape(len(pixels), -1)
    digests = [hashlib.sha256(row).digest() for row in flat]  # type: ignore[arg-type]
    outcomes["digest"] = np.frombuffer(b"".join(digests), "V32")
    outcomes["digest"][~kept] = b""
    outcomes["perceptual_hash"] = np.where(kept, looks(pixels), 0)
    values = flat.astype(np.float32)
    spread = np.sqrt(np.maximum(0, np.einsum("ij,ij->i", values, values) / flat.shape[1] - values.mean(1) ** 2))
    outcomes["flags"] |= np.where(kept & is_grey(pixels), GREY, 0).astype(np.uint16)
    outcomes["flags"] |= np.where(kept & (spread < BLANK_BELOW), BLANK, 0).astype(np.uint16)


def is_grey(pixels: np.ndarray) -> np.ndarray:
    """Return bool `[n]`: whether the channels of an image of uint8 `[n, C, H, W]` are one and the same."""
    grey: np.ndarray = (pixels == pixels[:, :1]).all(axis=(1, 2, 3))
    return grey


def looks(pixels: np.ndarray) -> np.ndarray:
    """Return uint64 `[n]`: a bit for each of 8×8 cells of uint8 `[n, C, H, W]`, set where it is above the mean."""
    num, _, height, width = pixels.shape
    grey = pixels.sum(axis=1, dtype=np.float32)
    sums = _cells(height) @ grey @ _cells(width).T  # exact: whole numbers below 2**24
    areas = np.outer(_cells(height).sum(1), _cells(width).sum(1))
    means = (sums / areas).reshape(num, -1)
    bits = np.packbits(means > means.mean(axis=1, keepdims=True), axis=1)
    found: np.ndarray = bits.view(np.uint64)[:, 0]
    return found


def _cells(side: int) -> np.ndarray:
    """Return float32 `[8, side]`: 1 where a pixel is in a cell; in images of fewer than 8 pixels cells share them."""
    first = np.arange(_CELLS) * side // _CELLS
    last = np.maximum(np.append(first[1:], side), first + 1)
    place = np.arange(side)
    inside: np.ndarray = (place >= first[:, None]) & (place < last[:, None])
    return inside.astype(np.float32)
