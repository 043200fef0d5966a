"""Copies among images: exact ones by the SHA-256 of their pixels, near ones by a look and then by the pixels.

Near copies (another compression, another size of the original) are sought among images whose 64-bit looks differ in
few bits: sorted by the look, rotated so that each quarter of it comes first once, every image is compared with its
next neighbours. That takes n log n and finds most pairs, not all. A pair counts when its pixels agree as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from faussaire.data.records import BLANK, KEPT
from faussaire.data.rows import Rows

NEAR_UP_TO = 2**20
"""Near copies are not sought in sets of more images than this."""

_BUCKET = 2**20  # images whose hashes are sorted at a time
_BITS = 6  # of 64 in which the looks of near copies may differ
_LEVELS = 8.0  # root mean square of the difference of their pixels, of 255
_NEIGHBOURS = 4
_AT_A_TIME = 512

Blocks = Callable[[], Iterator[tuple[int, np.ndarray]]]
"""Gives FACTS, a block at a time, each with the place of its first."""


def exact_copies(facts: Blocks, count: int) -> Iterator[np.ndarray]:
    """Give the places of kept images that an earlier kept image equals, in parts; `count` images in all."""
    num_buckets = -(-count // _BUCKET)
    for bucket in range(num_buckets):
        keys, places = [], []
        for start, block in facts():
            digests = np.ascontiguousarray(block["digest"]).view("<u8").reshape(-1, 4)
            here = np.flatnonzero((block["flags"] & KEPT > 0) & (digests[:, 1] % num_buckets == bucket))
            keys.append(digests[here, 0])
            places.append(here + start)
        key, place = np.concatenate(keys), np.concatenate(places)
        order = np.argsort(key, kind="stable")
        again = order[1:][key[order][1:] == key[order][:-1]]
        yield np.sort(place[again])


def near_copies(facts: Blocks, rows: Rows) -> np.ndarray:
    """Return the places of kept images that nearly equal an earlier one, exact copies left out; rising."""
    looks, places, digests = [], [], []
    for start, block in facts():
        here = np.flatnonzero((block["flags"] & (KEPT | BLANK)) == KEPT)
        looks.append(block["look"][here])
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
