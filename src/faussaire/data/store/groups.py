"""Which samples are held out where those of one file must stay together, as windows of one piece of music.

Two windows of a piece share its key and its tunes: were one trained on and the other held out, a generator that knows
the piece by heart would look as if it had learnt music. So files stay whole; and files that share a window, to the last
note, are one group, as the same piece may lie there twice. Groups are set aside in an order that only their content
decides, until they are a tenth.
"""

from __future__ import annotations

import numpy as np

_AT_MOST = 1.5  # times the part that is wanted: a group that would make more of it is passed over


def held_out_groups(files: np.ndarray, digests: np.ndarray, kept: np.ndarray, *, one_in: int) -> np.ndarray:
    """Return bool `[N]`: which samples are set aside, whole groups, of those kept about one in so many.

    None where every group is too large for that: of three files of equal length none is a tenth.

    Args:
        files: whole numbers `[N]`, the file of each sample.
        digests: a word of the SHA-256 of each sample, uint64 `[N]`.
        kept: bool `[N]`, the samples that count.
        one_in: the part that is wanted.
    """
    held_out = np.zeros(len(kept), bool)
    keys, members, counts = np.unique(_groups(files[kept], digests[kept]), return_inverse=True, return_counts=True)
    wanted, chosen, total = len(members) / one_in, np.zeros(len(keys), bool), 0
    # By their last byte first: the least digest of a long piece is less than that of a short one.
    for group in np.argsort(keys.byteswap(), kind="stable").tolist():
        if total >= wanted:
            break
        if total + counts[group] <= _AT_MOST * wanted:
            chosen[group] = True
            total += int(counts[group])
    held_out[kept] = chosen[members]
    return held_out


def _groups(files: np.ndarray, digests: np.ndarray) -> np.ndarray:
    """Return uint64 `[N]`, for each sample the least digest of its group.

    It wanders from file to file by what they share until nothing changes; a turn takes a pass over the N numbers.
    """
    links = [np.unique(numbers, return_inverse=True)[1] for numbers in (files, digests)]
    least = digests
    while len(least):
        before = least
        for numbers in links:
            lowest = np.full(int(numbers.max()) + 1, np.iinfo(np.uint64).max, np.uint64)
            np.minimum.at(lowest, numbers, least)
            least = lowest[numbers]
        if np.array_equal(least, before):
            break
    return least
