"""From the bytes of a sound file to a picture of its spectrum, whatever lies in them.

libsndfile reads WAV, FLAC, OGG, MP3 and their relatives, at any rate and depth; `soundfile` brings it, in the extra
`sound`. Where it is missing, files are left out with a word, and tried again once it is there.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from faussaire.core.marks import OWN_NOTE, SAMPLE, SHEET, mark_in
from faussaire.modalities.audio.rule import UNTOLD_WINDOW, WINDOWS_FROM, Rule
from faussaire.modalities.samples import FOR_NOW, OWN, UNREAD, Decoded

try:
    import soundfile
except (ImportError, OSError):  # OSError: the library that it wraps is not for this machine
    soundfile = None

SOUND_SUFFIXES = frozenset({".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au", ".w64"})
"""A file with one of these, in any case, is an item; others are one if they begin as a sound does."""

MAX_WINDOWS = 100_000
"""Windows beyond this are passed over: a header can claim any length."""

QUIETER = 10 ** (-40 / 20)
"""Of the loudest 10 ms, below which an end is silence."""

SILENT = 1e-4
"""A peak below this is silence: -80 dB."""

LEAST_SECONDS = 0.05
"""Shorter sounds are clicks."""

MARGIN_SECONDS = 0.02

_MISSING = "soundfile is missing: pip install 'faussaire[sound]'"
_FRAME_SECONDS = 0.01
_IMAGES = (b"\x89PNG", b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xe1", b"GIF8", b"BM")


@dataclass(frozen=True)
class Recording:
    """What was read of a file."""

    wave: np.ndarray
    """float32 `[T]`, its channels averaged."""

    rate: int
    kind: str
    """How the file stores it: `WAV, 16 bits, 2 channels`."""

    note: str


def decoders() -> str:
    """Return what decides which files can be read: which library is installed here, in which version."""
    if soundfile is None:
        return "no soundfile"
    return f"soundfile {soundfile.__version__}, libsndfile {soundfile.__libsndfile_version__}"


def is_sound(head: bytes) -> bool:
    """Whether a file that begins with these 16 bytes looks like a sound of a kind that is read."""
    if head[:4] in (b"RIFF", b"RF64"):
        return head[8:12] == b"WAVE"
    return head.startswith((b"fLaC", b"OggS", b"ID3", b"FORM\0", b".snd"))


def num_windows(data: bytes, seconds: float) -> int:
    """Return how many sounds a file holds: 1, or its windows where they are WINDOWS_FROM or more."""
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            windows = int(file.frames / file.samplerate / seconds)
    except Exception:  # libsndfile has many errors, and `decode` says which
        return 1
    return min(windows, MAX_WINDOWS) if windows >= WINDOWS_FROM else 1


def length_of(data: bytes) -> tuple[int, float] | None:
    """Return the rate of a file, and the seconds of its sound without the silence about it; None for one unread."""
    try:
        found = _read(data, 0.0, (WINDOWS_FROM + 1) * UNTOLD_WINDOW)
        if num_windows(data, UNTOLD_WINDOW) > 1:
            return found.rate, UNTOLD_WINDOW
        return found.rate, len(trimmed(found.wave, found.rate)) / found.rate
    except Exception:  # as above
        return None


def decode_windows(data: bytes, rule: Rule, parts: Sequence[int] | None) -> list[Decoded]:
    """Decode some windows of a long recording, or a short one as one sound; never raise because of its content."""
    cut = num_windows(data, rule.window) > 1
    return [_decode_window(data, rule, part, cut=cut) for part in parts or (0,)]


def _decode_window(data: bytes, rule: Rule, part: int, *, cut: bool) -> Decoded:
    mark = mark_in(data)
    if mark == SHEET:
        return Decoded(row=None, note=OWN_NOTE)
    try:
        begin, length = (part * rule.window, rule.seconds) if cut else (0.0, (WINDOWS_FROM + 1) * rule.window)
        found = _read(data, begin, length)
        return _decoded(found, rule, cut=cut, own=OWN if mark == SAMPLE else 0)
    except Exception as error:  # whatever lies in the file, the others are read
        return _rejected(error, data)


def _decoded(found: Recording, rule: Rule, *, cut: bool, own: int) -> Decoded:
    wave, notes = found.wave, [found.note] if found.note else []
    seconds = len(wave) / found.rate
    if not len(wave):
        raise ValueError("there is no sound in it")
    if not np.isfinite(wave).all():
        raise ValueError("holds values that are not finite")
    wave = wave - wave.mean()
    if np.abs(wave).max() < SILENT:
        raise ValueError("silence")
    wave = wave if cut else trimmed(wave, found.rate)
    if len(wave) < LEAST_SECONDS * found.rate:
        raise ValueError(f"too short: less than {LEAST_SECONDS:g} s of sound")
    if found.rate != rule.rate:
        notes.append(f"{found.rate:,} to {rule.rate:,} samples a second")
        wave = resampled(wave, found.rate, rule.rate)
    if len(wave) > rule.spectra.length + MARGIN_SECONDS * rule.rate:
        notes.append(f"cut to {rule.seconds:g} s")
    return Decoded(
        row=rule.spectra.picture(wave)[None],
        width=round(1000 * seconds),
        height=found.rate,
        mode=found.kind,
        note=", ".join(notes),
        flags=own,
    )


def trimmed(wave: np.ndarray, rate: int) -> np.ndarray:
    """Return a wave float32 `[T]` without the silence at its ends, but for 20 ms."""
    step = max(1, round(_FRAME_SECONDS * rate))
    whole = np.pad(wave, (0, -len(wave) % step)).reshape(-1, step)
    levels = np.sqrt(np.square(whole, dtype=np.float64).mean(1))
    loud = np.flatnonzero(levels > QUIETER * levels.max(initial=0))
    if not len(loud):
        return wave[:0]
    margin = round(MARGIN_SECONDS * rate)
    return wave[max(0, int(loud[0]) * step - margin) : (int(loud[-1]) + 1) * step + margin]


def resampled(wave: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """Return a wave float32 `[T]` at another rate: all frequencies that both rates hold, and no others."""
    length = max(1, round(len(wave) * wanted / rate))
    spectrum = np.fft.rfft(wave)
    kept = np.zeros(length // 2 + 1, spectrum.dtype)
    num = min(len(kept), len(spectrum))
    kept[:num] = spectrum[:num]
    return np.asarray(np.fft.irfft(kept, length) * (length / len(wave)), np.float32)


def _read(data: bytes, begin: float, seconds: float) -> Recording:
    """Read so many seconds of a file, from second `begin` on.

    Raises:
        ImportError: soundfile is missing.
        ValueError, RuntimeError: it cannot be read.
    """
    if soundfile is None:
        raise ImportError(_MISSING)
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        first, wanted = round(begin * file.samplerate), round(seconds * file.samplerate)
        if first:
            file.seek(first)
        wave = file.read(wanted, dtype="float32", always_2d=True)
        claimed = min(wanted, file.frames - first)
        channels = f"{file.channels} channel{'s' if file.channels > 1 else ''}"
        kind = f"{file.format}, {file.subtype.lower().replace('_', ' ')}, {channels}"
        note = "ends early: what is there is used" if 0 < len(wave) < claimed else ""
        return Recording(wave.mean(1), file.samplerate, kind, note)


def _rejected(error: Exception, data: bytes) -> Decoded:
    flag = FOR_NOW if isinstance(error, MemoryError) else UNREAD
    return Decoded(row=None, note=_reason(error, data), flags=flag)


def _reason(error: Exception, data: bytes) -> str:
    """Say in words why a sound was rejected."""
    text = " ".join(str(error).split())[:120]
    if not data:
        return "an empty file"
    if isinstance(error, ImportError):
        return text
    if isinstance(error, MemoryError):
        return "too large for the memory of this machine"
    if isinstance(error, ValueError):
        return text
    if data.startswith(_IMAGES):
        return "an image, whatever its name says"
    if not is_sound(data[:16]) and not data.startswith(b"\xff"):
        return "not a sound that can be read (WAV, FLAC, OGG, MP3, AIFF, AU)"
    return f"damaged, or truncated within its header ({text.split(': ', 1)[-1]})"
