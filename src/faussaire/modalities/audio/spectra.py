"""A sound as a square picture of what is heard: log magnitudes on the mel scale over time, and back to sound.

As TiFGAN has it (Marafioti et al. 2019, arXiv 1902.04072, section 4): magnitudes of a short-time spectrum, the loudest
1, as natural logarithms, clipped below, to [-1, 1]. Before, frequencies are gathered into bands of equal width on the
mel scale (O'Shaughnessy 1987), fine where the pitch of a voice is and coarse above, and frames into as many columns:
64 x 64 numbers for a window of a second and less, which few CPU minutes can learn; the whole spectrum of a second at
8 kHz would be 128 x 128. A recogniser hears no difference (docs/LAB.md). Kept are bytes: a step is 0.24 dB.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from faussaire.modalities.audio.phase import GAMMA, HEARD, hann, istft, pghi, stft

FLOOR = -7.0
"""Natural logarithm of the quietest magnitude kept, of the loudest: 61 dB below, as noise in recordings is."""

WINDOW_SECONDS, HOPS = 0.032, 4  # TiFGAN: the hop is a quarter of the window
PEAK = 0.9  # of a wave, of the largest number of a file
SIDE, LARGE_SIDE = 64, 128
LARGE_FROM = 1.28  # seconds: beyond, a column of 64 would be longer than 20 ms, and consonants are lost


@dataclass(frozen=True)
class Spectra:
    """Turns waves of one length and rate into pictures of them, and back."""

    seconds: float
    rate: int

    @property
    def side(self) -> int:
        """Bands, and columns."""
        return SIDE if self.seconds <= LARGE_FROM else LARGE_SIDE

    @property
    def length(self) -> int:
        """Samples of a wave."""
        return round(self.seconds * self.rate)

    @cached_property
    def window(self) -> np.ndarray:
        """The window of a frame."""
        return hann(max(16, HOPS * 2 * round(WINDOW_SECONDS * self.rate / (HOPS * 2))))

    @property
    def hop(self) -> int:
        """Samples from frame to frame."""
        return len(self.window) // HOPS

    @cached_property
    def bands(self) -> np.ndarray:
        """The share of each bin in each band, float32 `[side, bins]`; a row adds up to 1."""
        bins = len(self.window) // 2 + 1
        edges = _hertz(np.linspace(0, _mel(self.rate / 2), self.side + 2)) / self.rate * len(self.window)
        return _triangles(edges, bins)

    @cached_property
    def columns(self) -> np.ndarray:
        """The share of each frame in each column, float32 `[side, frames]`; a row adds up to 1."""
        frames = -(-self.length // self.hop)
        width = frames / self.side
        edges = (np.arange(self.side + 2) - 0.5) * width - 0.5
        return _triangles(edges, frames)

    @cached_property
    def back(self) -> tuple[np.ndarray, np.ndarray]:
        """What makes `[bins]` of bands and `[frames]` of columns: between two the value goes over straight."""
        return _between(self.bands), _between(self.columns)

    @property
    def facts(self) -> dict[str, Any]:
        """What a page makes sound by; arrays as float32, little-endian, in base64."""
        bins, frames = (base64.b64encode(one.astype("<f4").tobytes()).decode() for one in self.back)
        numbers = {"hop": self.hop, "length": self.length, "floor": FLOOR, "peak": PEAK, "gamma": GAMMA, "heard": HEARD}
        return {"bins": bins, "frames": frames, **numbers}

    def picture(self, wave: np.ndarray) -> np.ndarray:
        """Return a wave float32 `[T]` as uint8 `[side, side]`: the highest band first, the earliest column left."""
        fitted = np.zeros(len(self.columns[0]) * self.hop, np.float32)
        fitted[: min(len(wave), self.length)] = wave[: self.length]
        magnitudes = np.abs(stft(fitted, self.window, self.hop))
        gathered = np.sqrt(self.columns @ (magnitudes**2) @ self.bands.T)
        logs = np.log(np.maximum(gathered / max(float(gathered.max()), 1e-30), np.exp(FLOOR)))
        levels: np.ndarray = np.rint(255 * (1 - logs.T[::-1] / FLOOR)).astype(np.uint8)
        return levels

    def wave(self, picture: np.ndarray) -> np.ndarray:
        """Return a wave float32 `[T]`, its peak PEAK, of a picture uint8 `[side, side]`."""
        bins, frames = self.back
        logs = frames @ ((1 - picture[::-1].T.astype(np.float32) / 255) * FLOOR) @ bins.T
        magnitudes = np.where(logs > FLOOR + 0.05, np.exp(logs), 0)
        spectrum = magnitudes * np.exp(1j * pghi(magnitudes, self.hop))
        found = istft(spectrum, self.window, self.hop)[: self.length]
        return np.asarray(found * (PEAK / max(float(np.abs(found).max()), 1e-9)), np.float32)


def _mel(hertz: float) -> float:
    return float(2595 * np.log10(1 + hertz / 700))


def _hertz(mel: np.ndarray) -> np.ndarray:
    return 700 * (10 ** (mel / 2595) - 1)


def _triangles(edges: np.ndarray, num: int) -> np.ndarray:
    """Return float32 `[len(edges) - 2, num]`: triangles over 0 … num - 1 about each inner edge."""
    places, centre = np.arange(num), edges[1:-1, None]
    left = np.maximum(centre - edges[:-2, None], 1)
    right = np.maximum(edges[2:, None] - centre, 1)
    shares = np.clip(np.minimum((places - centre) / left + 1, (centre - places) / right + 1), 0, None)
    return np.asarray(shares / np.maximum(shares.sum(1, keepdims=True), 1e-9), np.float32)


def _between(shares: np.ndarray) -> np.ndarray:
    """Return float32 `[num, rows]` that interpolates values of rows, at their centres, at 0 … num - 1."""
    centres = shares @ np.arange(shares.shape[1])
    eye = np.eye(len(centres))
    return np.stack([np.interp(np.arange(shares.shape[1]), centres, one) for one in eye], axis=1).astype(np.float32)
