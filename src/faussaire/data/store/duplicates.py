"""Copies among images: exact ones by the SHA-256 of their pixels, near ones by a perceptual hash and by the pixels.

Near copies (another compression, another size of the original) are sought among images whose 64-bit hashes differ in
few bits: sorted by the hash, rotated so that each quarter of it comes first once, every image is compared with its
next neighbours. That takes n log n and finds most pairs, not all. A pair counts when its pixels agree as well.
"""

from __future__ import annotations

import numpy as np

from faussaire.data.store.rows import Rows
from faussaire.modalities import Modality

NEAR_UP_TO = 2**20
"""Near copies are not sought in sets of more images than this."""

_BITS = 3  # of 64 in which the hashes of near copies may differ
_NEIGHBOURS = 4
_AT_A_TIME = 512


def exact_copies(digests: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return the places of kept images that an earlier kept one equals, rising.

    Args:
        digests: a word of the SHA-256 of each image, uint64 `[N]`.
        kept: bool `[N]`.
    """
    order = np.argsort(digests, kind="stable")
    if not kept.all():
        order = order[kept[order]]
    digests = digests[order]
    return np.sort(order[1:][digests[1:] == digests[:-1]])


def near_copies(hashes: np.ndarray, digests: np.ndarray, rows: Rows, modality: Modality) -> np.ndarray:
    """Return the places of images that nearly equal an earlier one, exact copies left out; rising.

    Args:
        hashes: perceptual ones, uint64 `[N]`.
        digests: a word of the SHA-256 of each image, uint64 `[N]`.
        rows: the samples.
        modality: theirs, which says whether two are alike.
    """
    first, second = _candidates(hashes)
    other = digests[first] != digests[second]
    first, second = first[other], second[other]
    near = np.zeros(len(hashes), bool)
    for start in range(0, len(first), _AT_A_TIME):
        a, b = (rows[part[start : start + _AT_A_TIME]] for part in (first, second))
        near[second[start : start + _AT_A_TIME][modality.alike(a, b)]] = True
    return np.flatnonzero(near)


def _candidates(hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of places in uint64 `[N]` of hashes that differ in few bits, each pair once and in order."""
    firsts, seconds = [], []
    for turn in range(4):
        rotated = (hashes << np.uint64(16 * turn)) | (hashes >> np.uint64(64 - 16 * turn)) if turn else hashes
        order = np.argsort(rotated, kind="stable")
        for step in range(1, _NEIGHBOURS + 1):
            a, b = order[:-step], order[step:]
            close = np.bitwise_count(hashes[a] ^ hashes[b]) <= _BITS
            firsts.append(np.minimum(a, b)[close])
            seconds.append(np.maximum(a, b)[close])
    pairs = np.unique(np.concatenate(firsts) * NEAR_UP_TO + np.concatenate(seconds))  # as numbers, not as columns
    return np.divmod(pairs, NEAR_UP_TO)
