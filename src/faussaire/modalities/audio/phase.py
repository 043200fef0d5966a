"""From the magnitudes of a short-time spectrum to sound: the phase that they do not hold, without iterations.

PGHI: the derivative of the phase in time follows from how the log magnitude changes over frequency, that over frequency
from how it changes in time; both are integrated from the loudest point outward, so that errors stay where nothing is
heard (Průša, Balazs & Søndergaard 2017, arXiv 1609.00291, eqs. 17-19 and algorithm 1). On what the networks make a
recogniser prefers it to 32 iterations of Griffin-Lim, alone or after it: these follow magnitudes to the letter that are
no sound's (docs/LAB.md: measured on recordings that went through the map).
"""

from __future__ import annotations

import heapq

import numpy as np

GAMMA = 0.25645  # time-frequency ratio of a Hann window, in squares of its length: Průša et al. 2017, table 1
HEARD = 1e-3  # below this share of the loudest the phase is 0: Průša et al. 2017, section 4, has it at random


def hann(length: int) -> np.ndarray:
    """Return the periodic Hann window float32 `[length]`."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(np.float32)


def stft(wave: np.ndarray, window: np.ndarray, hop: int) -> np.ndarray:
    """Return the spectrum complex64 `[T / hop, length / 2 + 1]` of a wave `[T]`, a frame about each hop-th sample."""
    length = len(window)
    padded = np.pad(wave, (length // 2, length))
    frames = np.lib.stride_tricks.sliding_window_view(padded, length)[: len(wave) : hop]
    return np.fft.rfft(frames * window).astype(np.complex64)


def istft(spectrum: np.ndarray, window: np.ndarray, hop: int) -> np.ndarray:
    """Return the wave float32 `[frames · hop]` whose spectrum is nearest (Griffin & Lim 1984, eq. 6)."""
    length, num = len(window), len(spectrum)
    frames = np.fft.irfft(spectrum, n=length).astype(np.float32) * window
    total = np.zeros(num * hop + length, np.float32)
    weight = np.full_like(total, 1e-4)
    for i in range(num):
        total[i * hop : i * hop + length] += frames[i]
        weight[i * hop : i * hop + length] += window**2
    return (total / weight)[length // 2 : length // 2 + num * hop]


def pghi(magnitudes: np.ndarray, hop: int) -> np.ndarray:
    """Return the phase in radians `[frames, bins]` that magnitudes `[frames, bins]` by a Hann window as long tell."""
    bins = magnitudes.shape[1]
    length = 2 * (bins - 1)
    loudest = max(float(magnitudes.max()), 1e-30)
    in_time, in_frequency = np.gradient(np.log(np.maximum(magnitudes / loudest, HEARD / 10)))
    # Eqs. 17 and 18 in steps of the grid. Frames are counted from their beginning: half a window adds pi for each bin.
    step_time = hop / (GAMMA * length) * in_frequency + 2 * np.pi * hop / length * np.arange(bins)
    step_frequency = -GAMMA * length / hop * in_time - np.pi
    return _integrated(magnitudes, step_time, step_frequency, HEARD * loudest)


def _integrated(magnitudes: np.ndarray, step_time: np.ndarray, step_frequency: np.ndarray, least: float) -> np.ndarray:
    """Add steps `[frames, bins]` up from the loudest point outward, always at the loudest neighbour (algorithm 1)."""
    num, bins = magnitudes.shape
    loud, right, up = magnitudes.ravel().tolist(), step_time.ravel().tolist(), step_frequency.ravel().tolist()
    phase = [0.0] * len(loud)
    todo = (magnitudes.ravel() > least).tolist()
    for start in np.argsort(-magnitudes, axis=None, kind="stable").tolist():
        if loud[start] <= least:
            break
        heap = [(-loud[start], start)] if todo[start] else []
        todo[start] = False
        while heap:
            here = heapq.heappop(heap)[1]
            place = here % bins
            for there, steps, sign, inside in (
                (here + bins, right, 0.5, here + bins < num * bins),
                (here - bins, right, -0.5, here >= bins),
                (here + 1, up, 0.5, place + 1 < bins),
                (here - 1, up, -0.5, place > 0),
            ):
                if inside and todo[there]:
                    phase[there] = phase[here] + sign * (steps[here] + steps[there])
                    todo[there] = False
                    heapq.heappush(heap, (-loud[there], there))
    return np.array(phase).reshape(num, bins)
