"""Sounds of the tests: tones that tell their class by their pitch."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import soundfile

RATE = 8000


def tone(hertz: float = 440.0, seconds: float = 0.4, rate: int = RATE, level: float = 0.5) -> np.ndarray:
    """Return float32 `[T]`: a tone with one overtone that fades out."""
    time = np.arange(round(seconds * rate)) / rate
    wave = np.sin(2 * np.pi * hertz * time) + 0.5 * np.sin(4 * np.pi * hertz * time)
    return (level / 1.5 * wave * np.exp(-3 * time)).astype(np.float32)


def as_file(wave: np.ndarray, rate: int = RATE, format: str = "WAV", subtype: str | None = None) -> bytes:
    """Return a wave `[T]` or `[T, channels]` as the content of a file."""
    content = io.BytesIO()
    soundfile.write(content, wave, rate, format=format, subtype=subtype)
    return content.getvalue()


def write_tones(folder: Path, per_class: int = 20) -> Path:
    """Write tones of two pitches, `low_0.wav` and `high_0.wav` onward."""
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(per_class):
        for name, hertz in (("low", 300), ("high", 1200)):
            wave = tone(hertz * (1 + 0.02 * i), 0.3 + 0.005 * i)
            (folder / f"{name}_{i}.wav").write_bytes(as_file(wave))
    return folder
