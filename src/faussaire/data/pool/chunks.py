"""A few items at a time, decoded and measured: the unit of work, in this process or in another.

What is measured of each sample costs little beside its decoding (10 µs for an image of 32×32) and is worth keeping: the
SHA-256 of its row, by which copies are found and the held-out part is chosen; and what its modality knows of it.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from faussaire.core.disk import why_unread
from faussaire.data.pool.outcomes import KEPT, OUTCOME
from faussaire.modalities import Modality
from faussaire.modalities.spec import FOR_NOW, UNREAD, Decoded, Rule


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
        """How many samples it gives."""
        return 1 if self.frames is None else len(self.frames)


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """What came of some items."""

    rows: np.ndarray
    """`[n, *shape]` of a rule; zero where an item was rejected."""

    outcomes: np.ndarray
    """OUTCOME `[n]`."""

    words: list[str] = field(default_factory=list)
    """What the notes and modes are numbers of."""


def decode_chunk(
    tasks: Sequence[Task], modality: Modality, rule: Rule, *, before: Callable[[Task], None] | None = None
) -> Chunk:
    """Read and decode some files; whatever is wrong with one is in its note. `before` is called with each."""
    found: list[Decoded] = []
    for task in tasks:
        if before is not None:
            before(task)
        data, reason, flags = task.data, task.problem, task.flags
        if data is None and task.read is not None:
            data, reason, flags = content(task.read)
        if data is None:
            found += [Decoded(row=None, note=reason, flags=flags)] * task.num
        else:
            found += modality.decode(data, rule, task.frames)
    return gathered(found, modality, rule)


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


def gathered(samples: Sequence[Decoded], modality: Modality, rule: Rule) -> Chunk:
    """Lay decoded samples into one array, and measure them."""
    rows = np.zeros((len(samples), *rule.shape), rule.dtype)
    words = {"": 0}
    outcomes = np.zeros(len(samples), OUTCOME)
    outcomes["width"] = [sample.width for sample in samples]
    outcomes["height"] = [sample.height for sample in samples]
    outcomes["note"] = [words.setdefault(sample.note, len(words)) for sample in samples]
    outcomes["mode"] = [words.setdefault(sample.mode, len(words)) for sample in samples]
    outcomes["flags"] = [sample.flags if sample.row is None else sample.flags | KEPT for sample in samples]
    for position, sample in enumerate(samples):
        if sample.row is not None:
            rows[position] = sample.row
    measure(rows, outcomes, modality)
    return Chunk(rows=rows, outcomes=outcomes, words=list(words))


def measure(rows: np.ndarray, outcomes: np.ndarray, modality: Modality) -> None:
    """Fill in what OUTCOME `[n]` say of rows `[n, *shape]`; 0 for those that are not kept."""
    kept = outcomes["flags"] & KEPT > 0
    outcomes["digest"] = digests_of(rows)
    outcomes["digest"][~kept] = b""
    hashes, flags = modality.measure(rows)
    outcomes["perceptual_hash"] = np.where(kept, hashes, 0)
    outcomes["flags"] |= np.where(kept, flags, 0).astype(np.uint16)


def digests_of(rows: np.ndarray) -> np.ndarray:
    """Return the SHA-256 of each of rows `[n, *shape]`, V32 `[n]`."""
    digests = [hashlib.sha256(row).digest() for row in rows.reshape(len(rows), -1)]  # type: ignore[arg-type]
    return np.frombuffer(b"".join(digests), "V32")
