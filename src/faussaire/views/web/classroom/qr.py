"""The link for pupils as a QR code, so that a telephone has only to look at the wall.

ISO/IEC 18004, model 2: bytes, error correction level L, versions 1 to 5, in which the codewords are one block. The mask
is the one of the eight with the lowest penalty (section 7.8.3).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

import numpy as np

CODEWORDS = {1: (19, 7), 2: (34, 10), 3: (55, 15), 4: (80, 20), 5: (108, 26)}
"""Of data and of error correction at level L, by version (table 9)."""

MASKS: tuple[Callable[[np.ndarray, np.ndarray], np.ndarray], ...] = (
    lambda i, j: (i + j) % 2, lambda i, j: i % 2, lambda i, j: j % 3, lambda i, j: (i + j) % 3,
    lambda i, j: (i // 2 + j // 3) % 2, lambda i, j: i * j % 2 + i * j % 3, lambda i, j: (i * j % 2 + i * j % 3) % 2,
    lambda i, j: ((i + j) % 2 + i * j % 3) % 2,
)  # fmt: skip
"""Of row and column: modules where it is 0 are turned (table 10)."""

FREE = -1


def qr_code(text: str) -> np.ndarray | None:
    """Return the modules of the code of a text, bool `[n, n]`, dark is True; None where the text is too long.

    Without the quiet zone around it, which is 4 modules wide.
    """
    content = text.encode()
    version = next((v for v, (data, _) in CODEWORDS.items() if len(content) + 2 <= data), None)
    if version is None:
        return None
    frame = _frame(version)
    filled = _filled(frame, _codewords(content, version))
    masked = [_masked(frame, filled, mask) for mask in range(8)]
    return np.asarray(min(masked, key=_penalty) == 1)


def drawn(code: np.ndarray) -> str:
    """Return the dark modules of a code `[n, n]` as the path of an SVG, a module one unit wide."""
    return "".join(f"M{j} {i}h1v1h-1z" for i, j in zip(*np.nonzero(code), strict=True))


def _codewords(content: bytes, version: int) -> list[int]:
    """Return mode, length, content and padding, with error correction behind them (sections 7.4 and 7.5)."""
    room, num_errors = CODEWORDS[version]
    number = int.from_bytes(bytes([len(content)]) + content) << 4 | 0b0100 << 8 * len(content) + 12
    data = list(number.to_bytes(len(content) + 2))
    data += [0xEC, 0x11] * room
    data = data[:room]
    generator = [1]
    for power in range(num_errors):
        root = _power(power)
        shifted = [*generator, 0]
        generator = [a ^ _times(root, b) for a, b in zip(shifted, [0, *generator], strict=True)]
    rest = [*data, *[0] * num_errors]
    for i in range(room):
        factor = rest[i]
        for k, coefficient in enumerate(generator):
            rest[i + k] ^= _times(factor, coefficient)
    return data + rest[room:]


def _times(a: int, b: int) -> int:
    """Multiply in the field of 256 elements by x^8 + x^4 + x^3 + x^2 + 1."""
    product = 0
    while b:
        product ^= a * (b & 1)
        a = a << 1 ^ 0x11D * (a >> 7)
        b >>= 1
    return product


def _power(exponent: int) -> int:
    found = 1
    for _ in range(exponent):
        found = _times(found, 2)
    return found


def _frame(version: int) -> np.ndarray:
    """Return what is the same in every code of a version, int8 `[n, n]`; FREE where the content goes."""
    n = 4 * version + 17
    frame = np.full((n, n), FREE, np.int8)
    frame[6, :] = frame[:, 6] = 1 - np.arange(n) % 2  # timing
    for top, left in ((0, 0), (0, n - 7), (n - 7, 0)):
        rows, columns = np.ogrid[top - 1 : top + 8, left - 1 : left + 8]
        ring = np.maximum(abs(rows - top - 3), abs(columns - left - 3))
        inside = (rows >= 0) & (rows < n) & (columns >= 0) & (columns < n)
        at = np.nonzero(inside)
        frame[at[0] + top - 1, at[1] + left - 1] = ((ring != 2) & (ring != 4))[at]
    if version > 1:
        rows, columns = np.ogrid[-2:3, -2:3]
        frame[n - 9 : n - 4, n - 9 : n - 4] = np.maximum(abs(rows), abs(columns)) != 1
    for place in _format_places(n):
        frame[place] = 0
    frame[n - 8, 8] = 1
    return frame


def _format_places(n: int) -> list[tuple[int, int]]:
    """Return where the 15 bits of the format go, the most significant first, twice (figure 25)."""
    around = [(8, j) for j in (0, 1, 2, 3, 4, 5, 7, 8)] + [(i, 8) for i in (7, 5, 4, 3, 2, 1, 0)]
    apart = [(n - 1 - i, 8) for i in range(7)] + [(8, n - 8 + j) for j in range(8)]
    return around + apart


def _filled(frame: np.ndarray, codewords: list[int]) -> np.ndarray:
    """Fill the free modules in pairs of columns from the right, up and down in turn (section 7.7.3)."""
    n = len(frame)
    bits = [word >> shift & 1 for word in codewords for shift in range(7, -1, -1)]
    filled, upward = frame.copy(), True
    for right in [*range(n - 1, 6, -2), *range(5, 0, -2)]:
        for i in range(n - 1, -1, -1) if upward else range(n):
            for j in (right, right - 1):
                if frame[i, j] == FREE:
                    filled[i, j] = bits.pop(0) if bits else 0
        upward = not upward
    return filled


def _masked(frame: np.ndarray, filled: np.ndarray, mask: int) -> np.ndarray:
    """Turn the content where a mask says so, and write into the format which mask it is."""
    n = len(frame)
    i, j = np.ogrid[:n, :n]
    made = np.where((frame == FREE) & (np.broadcast_to(MASKS[mask](i, j), (n, n)) == 0), 1 - filled, filled)
    format_bits = (0b01000 | mask) << 10
    rest = format_bits
    for shift in range(4, -1, -1):
        rest ^= (0x537 << shift) * (rest >> shift + 10 & 1)
    word = (format_bits | rest) ^ 0x5412
    for k, place in enumerate(_format_places(n)):
        made[place] = word >> 14 - k % 15 & 1
    return np.asarray(made)


def _penalty(made: np.ndarray) -> float:
    """Return how hard a code is to read (table 11): runs, blocks, false finders, and too much of one colour."""
    total = 10 * (abs(20 * made.mean() - 10) // 1)
    same = (made[1:, 1:] == made[1:, :-1]) & (made[1:, 1:] == made[:-1, 1:]) & (made[1:, 1:] == made[:-1, :-1])
    total += 3 * same.sum()
    for line in (*made, *made.T):
        runs = [len(list(run)) for _, run in groupby(line)]
        total += sum(run - 2 for run in runs if run >= 5)
        text = "".join(map(str, line))
        total += 40 * sum(text[k:].startswith(("10111010000", "00001011101")) for k in range(len(text)))
    return float(total)
