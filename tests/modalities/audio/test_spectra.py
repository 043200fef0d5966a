"""Spectra as pictures, and the sound that they are of."""

from __future__ import annotations

import numpy as np
import pytest

from faussaire.modalities.audio.phase import hann, istft, pghi, stft
from faussaire.modalities.audio.spectra import Spectra
from sounds import RATE, tone

WINDOW, HOP = hann(256), 64


def chirp() -> np.ndarray:
    time = np.arange(4096) / RATE
    return np.sin(2 * np.pi * (300 * time + 800 * time**2)).astype(np.float32) * np.hanning(4096).astype(np.float32)


def distance(wave: np.ndarray, magnitudes: np.ndarray) -> float:
    """Return the spectral convergence: the distance of the magnitudes, as a share of theirs."""
    found = np.abs(stft(wave, WINDOW, HOP))
    return float(np.linalg.norm(found - magnitudes) / np.linalg.norm(magnitudes))


def test_a_spectrum_gives_its_wave_back() -> None:
    wave = chirp()
    np.testing.assert_allclose(istft(stft(wave, WINDOW, HOP), WINDOW, HOP)[128:-128], wave[128:-128], atol=1e-3)


def test_the_slopes_of_the_magnitudes_tell_the_phase() -> None:
    magnitudes = np.abs(stft(chirp(), WINDOW, HOP))
    with_phase = istft(magnitudes * np.exp(1j * pghi(magnitudes, HOP)), WINDOW, HOP)
    assert distance(with_phase, magnitudes) < 0.1
    assert distance(istft(magnitudes.astype(np.complex64), WINDOW, HOP), magnitudes) > 0.5


@pytest.mark.parametrize("hertz", [200.0, 900.0])
def test_a_tone_keeps_its_pitch_there_and_back(hertz: float) -> None:
    spectra = Spectra(0.6, RATE)
    wave = spectra.wave(spectra.picture(tone(hertz, 0.5)))
    assert wave.shape == (4800,)
    peak = np.abs(np.fft.rfft(wave[:4000])).argmax() * RATE / 4000
    assert peak == pytest.approx(hertz, rel=0.06)


def test_a_picture_is_upright_and_its_loudest_point_white() -> None:
    low, high = (Spectra(0.6, RATE).picture(tone(hertz, 0.3)) for hertz in (300.0, 1500.0))
    assert low.max() == high.max() == 255
    assert low.argmax() // 64 > high.argmax() // 64
    assert low[:, -16:].max() == 0


def test_silence_is_silence() -> None:
    spectra = Spectra(0.6, RATE)
    assert not spectra.wave(np.zeros((64, 64), np.uint8)).any()
    assert not np.isnan(spectra.picture(np.zeros(4800, np.float32))).any()


@pytest.mark.parametrize(("seconds", "rate", "side"), [(0.1, 4_000, 64), (1.0, 16_000, 64), (2.56, 48_000, 128)])
def test_any_length_and_rate_has_a_square(seconds: float, rate: int, side: int) -> None:
    spectra = Spectra(seconds, rate)
    picture = spectra.picture(tone(440, seconds, rate))
    assert picture.shape == (side, side)
    assert spectra.wave(picture).shape == (round(seconds * rate),)
