"""Sound as the bytes of a WAV file: 16 bits, one channel, with the mark of what faussaire makes."""

from __future__ import annotations

import struct

import numpy as np

from faussaire.core.marks import SAMPLE, text_of

LARGEST = 32767


def pcm(wave: np.ndarray) -> np.ndarray:
    """Turn a wave in [-1, 1] into int16, clipping what lies beyond."""
    return np.clip(np.rint(wave * np.float32(LARGEST)), -LARGEST, LARGEST).astype(np.int16)


def wav(wave: np.ndarray, rate: int) -> bytes:
    """Return a wave, int16 `[T]` at `rate` samples a second, as a WAV; the same wave gives the same bytes.

    The mark is the name of the software, in an INFO list before the sound (RIFF MCI, Microsoft 1991, chapter 2).
    """
    data = np.ascontiguousarray(wave, "<i2").tobytes()
    software = text_of(SAMPLE).encode() + b"\0"
    info = b"INFO" + _chunk(b"ISFT", software)
    form = struct.pack("<HHIIHH", 1, 1, rate, 2 * rate, 2, 16)
    content = b"WAVE" + _chunk(b"fmt ", form) + _chunk(b"LIST", info) + _chunk(b"data", data)
    return _chunk(b"RIFF", content)


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
