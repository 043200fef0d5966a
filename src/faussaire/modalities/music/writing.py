"""From rolls to what anybody can listen to: standard MIDI, and WAV by a small synthesiser.

The synthesiser adds five harmonics under an envelope (a plucked string that is also held): no samples, no sound font.
"""

from __future__ import annotations

import struct
from functools import cache

import numpy as np

from faussaire.core.marks import SAMPLE, text_of
from faussaire.modalities import waves
from faussaire.modalities.music.pieces import STEPS, STEPS_PER_QUARTER

QUARTERS_PER_MINUTE = 100
TICKS_PER_STEP = 120
VELOCITY = 80
RATE = 22_050
"""Samples a second of the WAV."""

_STEP_SECONDS = 60 / QUARTERS_PER_MINUTE / STEPS_PER_QUARTER
_HARMONICS = (1.0, 0.5, 0.28, 0.14, 0.07)
_ATTACK, _RELEASE, _DECAY = 0.008, 0.06, 1.6  # seconds; the last: to 1/e of the first
_A4, _A4_PITCH = 440.0, 69
_LOUDEST = 0.9
_MIDI_CHANNELS = (*range(9), *range(10, 16))  # the tenth is that of drums

FACTS = {
    "quarters_per_minute": QUARTERS_PER_MINUTE,
    "steps_per_quarter": STEPS_PER_QUARTER,
    "ticks_per_step": TICKS_PER_STEP,
    "velocity": VELOCITY,
    "channels": _MIDI_CHANNELS,
    "rate": RATE,
    "harmonics": _HARMONICS,
    "attack": _ATTACK,
    "release": _RELEASE,
    "decay": _DECAY,
    "loudest": _LOUDEST,
}
"""What a page writes and plays by."""


def notes_of(rolls: np.ndarray, lowest: int) -> np.ndarray:
    """Return the notes int64 `[n, 4]` of rolls `[w, V, 64, P]`, one after the other: voice, first step, end, pitch.

    A gap of one step before the same note is how a roll tells that it is struck anew (`Piece.roll`): it is closed.
    """
    found = []
    num, voices, steps, pitches = rolls.shape
    sounds = np.zeros((num, voices, pitches, steps + 2), np.int8)
    sounds[..., 1:-1] = rolls.transpose(0, 1, 3, 2) > 0
    change = np.diff(sounds, axis=-1)
    first, end = np.argwhere(change == 1), np.argwhere(change == -1)  # in the same order, note by note
    for here, last in ((first[k], end[k]) for k in range(len(first))):
        found.append([here[1], here[0] * steps + here[3], here[0] * steps + last[3], lowest + here[2], here[0]])
    notes = np.array(found, np.int64).reshape(-1, 5)
    same = (np.diff(notes[:, [0, 3, 4]], axis=0) == 0).all(1) & (notes[1:, 1] - notes[:-1, 2] == 1)
    notes[:-1, 2] += same
    return notes[:, :4]


def midi_of(rolls: np.ndarray, lowest: int) -> bytes:
    """Return standard MIDI of type 1 of rolls `[w, V, 64, P]`, one after the other: a track a voice."""
    notes = notes_of(rolls, lowest)
    tempo = struct.pack(">I", 60_000_000 // QUARTERS_PER_MINUTE)[1:]
    text = text_of(SAMPLE).encode()
    head = b"\0\xff\1" + bytes([len(text)]) + text  # by this mark it is not learnt from by mistake
    head += b"\0\xff\x51\3" + tempo + b"\0\xff\x58\4\4\2\x18\x08"  # the latter: 4/4
    length = len(rolls) * STEPS * TICKS_PER_STEP
    tracks = [_track([(0, head)], length)]
    for voice in range(rolls.shape[1]):
        channel = _MIDI_CHANNELS[voice % len(_MIDI_CHANNELS)]
        events = []
        for _, first, end, pitch in notes[notes[:, 0] == voice].tolist():
            events.append((first * TICKS_PER_STEP, bytes([0x90 | channel, pitch, VELOCITY])))
            events.append((end * TICKS_PER_STEP, bytes([0x80 | channel, pitch, 0])))
        tracks.append(_track(sorted(events), length))  # where one ends as the next begins, the end comes first
    division = TICKS_PER_STEP * STEPS_PER_QUARTER
    return struct.pack(">4sIHHH", b"MThd", 6, 1, len(tracks), division) + b"".join(tracks)


def _track(events: list[tuple[int, bytes]], length: int) -> bytes:
    """Return a track of events at their ticks, the first perhaps with its own time; it ends at `length`."""
    content, now = bytearray(), 0
    for tick, event in events:
        content += event if event[0] < 0x80 else _variable(tick - now) + event
        now = tick
    content += _variable(length - now) + b"\xff\x2f\0"
    return struct.pack(">4sI", b"MTrk", len(content)) + bytes(content)


def _variable(number: int) -> bytes:
    """Return a number as MIDI writes times: seven bits a byte, the eighth set in all but the last."""
    found = [number & 0x7F]
    while number := number >> 7:
        found.append(0x80 | number & 0x7F)
    return bytes(reversed(found))


def wav_of(rolls: np.ndarray, lowest: int) -> bytes:
    """Return WAV, 16 bits, mono, of rolls `[w, V, 64, P]`, one after the other; 9.6 s each."""
    notes = notes_of(rolls, lowest)
    sound = np.zeros(round((len(rolls) * STEPS * _STEP_SECONDS + _RELEASE) * RATE) + 1, np.float32)
    for _, first, end, pitch in notes.tolist():
        tone = _tone(pitch, end - first)
        begin = round(first * _STEP_SECONDS * RATE)
        sound[begin : begin + len(tone)] += tone[: len(sound) - begin]
    sound *= _LOUDEST / max(1.0, float(np.abs(sound).max()))
    return waves.wav(waves.pcm(sound), RATE)


@cache
def _tone(pitch: int, steps: int) -> np.ndarray:
    """Return one note of so many steps, float32 `[n]`."""
    held = steps * _STEP_SECONDS
    time = np.arange(round((held + _RELEASE) * RATE)) / RATE
    frequency = _A4 * 2 ** ((pitch - _A4_PITCH) / 12)
    tone = np.zeros(len(time))
    for number, strength in enumerate(_HARMONICS, 1):
        if number * frequency < RATE / 2:
            tone += strength * np.exp(-time * number / _DECAY) * np.sin(2 * np.pi * number * frequency * time)
    tone *= np.minimum(time / _ATTACK, 1) * np.clip((held + _RELEASE - time) / _RELEASE, 0, 1)
    found: np.ndarray = (0.25 * tone).astype(np.float32)
    return found
