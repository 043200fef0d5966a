"""Copies among images: exact ones by the SHA-256 of their pixels, near ones by a look and then by the pixels.

Near copies (another compression, another size of the original) are sought among images whose 64-bit looks differ in
few bits: sorted by the look, rotated so that each quarter of it comes first once, every image is compared with its
next neighbours. That takes n log n and finds most pairs, not all. A pair counts when its pixels agree as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from faussaire.data.decode.outcomes import BLANK, KEPT
from faussaire.data.store.rows import Rows

NEAR_UP_TO = 2**20
"""Near copies are not sought in sets of more images than this."""

_BUCKET = 2**20  # images whose hashes are sorted at a time
_BITS = 3  # of 64 in which the looks of near copies may differ
_LEVELS = 8.0  # root mean square of the difference of their pixels, of 255
_NEIGHBOURS = 4
_AT_A_TIME = 512

Blocks = Callable[[], Iterator[tuple[int, np.ndarray]]]
"""Gives OUTCOME, a block at a time, each with the place of its first."""


def exact_copies(facts: Blocks, count: int) -> Iterator[np.ndarray]:
    """Give the places of kept images that an earlier kept image equals, in parts; `count` images in all."""
    num_buckets = -(-count // _BUCKET)
    for bucket in range(num_buckets):
        keys, places = np.empty(0, np.uint64), np.empty(0, np.int64)
        more: list[tuple[np.ndarray, np.ndarray]] = []
        for start, block in facts():
            digests = np.ascontiguousarray(block["digest"]).view("<u8").reshape(-1, 4)
            here = np.flatnonzero((block["flags"] & KEPT > 0) & (digests[:, 1] % num_buckets == bucket))
            more.append((digests[here, 0], here + start))
            if len(keys) + sum(len(key) for key, _ in more) > 2 * _BUCKET:  # so many only where there are copies
                keys, places, again = _firsts(keys, places, more)
                more = []
                yield again
        yield _firsts(keys, places, more)[2]


def _firsts(
    keys: np.ndarray, places: np.ndarray, more: list[tuple[np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the keys that differ, the first place of each, and the other places."""
    key = np.concatenate([keys, *(key for key, _ in more)])
    place = np.concatenate([places, *(place for _, place in more)])
    order = np.argsort(key, kind="stable")
    key, place = key[order], place[order]
    first = np.append(np.ones(min(1, len(key)), bool), key[1:] != key[:-1])
    return key[first], place[first], np.sort(place[~first])


def near_copies(facts: Blocks, rows: Rows) -> np.ndarray:
    """Return the places of kept images that nearly equal an earlier one, exact copies left out; rising."""
    looks, places, digests = [], [], []
    for start, block in facts():
        here = np.flatnonzero((block["flags"] & (KEPT | BLANK)) == KEPT)
        looks.append(block["perceptual_hash"][here])
        digests.append(np.ascontiguousarray(block["digest"]).view("<u8").reshape(-1, 4)[here, 0])
        places.append(here + start)
    look, digest, place = np.concatenate(looks), np.concatenate(digests), np.concatenate(places)
    first, second = _candidates(look)
    other = digest[first] != digest[second]
    first, second = first[other], second[other]
    near = np.zeros(len(place), bool)
    for start in range(0, len(first), _AT_A_TIME):
        a, b = (rows[place[part[start : start + _AT_A_TIME]]] for part in (first, second))
        difference = a.astype(np.float32) - b
        close = np.sqrt((difference**2).mean(axis=(1, 2, 3))) < _LEVELS
        near[second[start : start + _AT_A_TIME][close]] = True
    return place[near]


def _candidates(look: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of places in uint64 `[N]` of looks that differ in few bits, each pair once and in order."""
    firsts, seconds = [], []
    for turn in range(4):
        rotated = (look << np.uint64(16 * turn)) | (look >> np.uint64(64 - 16 * turn)) if turn else look
        order = np.argsort(rotated, kind="stable")
        for step in range(1, _NEIGHBOURS + 1):
            a, b = order[:-step], order[step:]
            close = np.bitwise_count(look[a] ^ look[b]) <= _BITS
            firsts.append(np.minimum(a, b)[close])
            seconds.append(np.maximum(a, b)[close])
    pairs = np.unique(np.stack([np.concatenate(firsts), np.concatenate(seconds)]), axis=1)
    return pairs[0], pairs[1]
