"""From the bytes of a file to a piece: standard MIDI, and pieces as JSON, a list of what sounds at each sixteenth.

MIDI is read by symusic, which is maintained, and 300 times as fast as mido on a file of 10 MB (0.09 s and 27 s).
It comes with `pip install 'faussaire[music]'`; JSON, and with it the embedded chorales, needs nothing.
"""

from __future__ import annotations

import itertools
import json
from functools import lru_cache
from typing import Any

import numpy as np

from faussaire.modalities.music.pieces import BAR, SILENT, STEPS_PER_QUARTER, Piece, UnreadableError, piece_of

MIDI_BEGINS = b"MThd"
MISSING = "MIDI files are read by symusic: pip install 'faussaire[music]'"
MOST_VOICES = 6
"""More notes than that at a step are chords, and no voices."""

_LAST_STEP = 2**24
"""A year of music: what is beyond is damage."""

_PITCHES = 128


def symusic_version() -> str:
    """Return the version that is installed, or nothing."""
    try:
        import symusic
    except ImportError:
        return ""
    return str(symusic.__version__)


@lru_cache(maxsize=2)  # window after window is asked for
def read_piece(data: bytes) -> Piece:
    """Read a piece of music.

    Raises:
        UnreadableError: it is none, or cannot be read; the text says why.
        ImportError: it is MIDI, and symusic is not installed.
    """
    if data.startswith(MIDI_BEGINS):
        return _of_midi(data)
    try:
        steps = json.loads(data)
    except (ValueError, RecursionError):
        raise UnreadableError("neither MIDI nor JSON" if data else "an empty file") from None
    return _of_steps(steps)


def _of_midi(data: bytes) -> Piece:
    """Read standard MIDI of type 0, 1 or 2; of the last, the patterns are heard together, as a sequencer loads them."""
    import symusic

    try:
        score: Any = symusic.Score.from_midi(data)
    except Exception as error:
        raise UnreadableError(f"damaged MIDI ({str(error).removeprefix('MiniMidi: ').strip()[:80]})") from None
    if score.ticks_per_quarter <= 0:
        raise UnreadableError("damaged MIDI (no ticks in a quarter)")
    tracks = [track.notes.numpy() for track in score.tracks if len(track.notes) and not track.is_drum]
    if not tracks:
        raise UnreadableError(f"{SILENT} but of drums" if score.tracks else SILENT)
    step = score.ticks_per_quarter / STEPS_PER_QUARTER
    notes = np.concatenate([_on_grid(track, voice, step) for voice, track in enumerate(tracks)])
    if notes.min() < 0 or notes[:, 2].max() > _LAST_STEP:
        raise UnreadableError("damaged MIDI (its times are beyond any music)")
    metres = [(round(one.time / step), _steps_of(one.numerator, one.denominator)) for one in score.time_signatures]
    return piece_of(notes, num_voices=len(tracks), metres=sorted(metres))


def _on_grid(track: dict[str, np.ndarray], voice: int, step: float) -> np.ndarray:
    """Return the notes of a track int64 `[n, 4]`, begin and end moved to the nearest step, one step at least."""
    begin = track["time"].astype(np.int64)
    first = np.rint(begin / step).astype(np.int64)
    end = np.maximum(np.rint((begin + track["duration"]) / step).astype(np.int64), first + 1)
    return np.stack([np.full_like(first, voice), first, end, track["pitch"].astype(np.int64)], axis=1)


def _steps_of(numerator: int, denominator: int) -> int:
    """Return the steps of a bar: 12 of 3/4 and of 6/8; at least a quarter note, so that odd ones stay few."""
    return max(round(BAR * numerator / denominator) if denominator > 0 else BAR, STEPS_PER_QUARTER)


def _of_steps(steps: Any) -> Piece:
    """Read a list with the pitches of each sixteenth; -1 and null are rests. Up to MOST_VOICES make as many voices."""
    if not isinstance(steps, list) or not all(isinstance(step, list) for step in steps):
        raise UnreadableError("JSON, but no list of the pitches of each sixteenth")
    sounding = [[_pitch(number) for number in step] for step in steps[:_LAST_STEP]]
    most = max(map(len, sounding), default=0)
    if 0 < most <= MOST_VOICES:
        notes = _of_voices(_as_voices(sounding, most))
        return piece_of(notes, num_voices=most)
    present = sorted({pitch for step in sounding for pitch in step if pitch >= 0})
    if not present:
        raise UnreadableError(SILENT)
    planes = np.full((len(sounding), len(present)), -1)
    for place, step in enumerate(sounding):
        for pitch in step:
            if pitch >= 0:
                planes[place, present.index(pitch)] = pitch
    notes = _of_voices(planes)
    notes[:, 0] = 0
    return piece_of(notes, num_voices=1)


def _pitch(number: Any) -> int:
    """Return the pitch that a number of JSON means, -1 for a rest."""
    if number is None or number != number:  # NaN
        return -1
    if isinstance(number, bool) or not isinstance(number, int | float) or not -1 <= number < _PITCHES:
        raise UnreadableError(f"JSON, but {str(number)[:20]!r} is no pitch of MIDI")
    return int(number) if number > 0 else -1


def _as_voices(sounding: list[list[int]], num: int) -> np.ndarray:
    """Return int64 `[steps, num]`, the pitch of each voice; where fewer sound, those that were nearest before."""
    if all(len(step) == num for step in sounding):
        return np.array(sounding)
    voices = np.full((len(sounding), num), -1)
    last = np.full(num, -1)
    for place, step in enumerate(sounding):
        if len(step) < num:
            chosen = min(
                itertools.combinations(range(num), len(step)),
                key=lambda some: sum(abs(int(last[v]) - p) for v, p in zip(some, step, strict=True)),
            )
        else:
            chosen = tuple(range(num))
        voices[place, list(chosen)] = step
        last = np.where(voices[place] >= 0, voices[place], last)
    return voices


def _of_voices(voices: np.ndarray) -> np.ndarray:
    """Return the notes int64 `[n, 4]` of pitches `[steps, voices]`: a pitch that stays is one long note."""
    found = []
    for voice, pitches in enumerate(voices.T):
        first = np.flatnonzero(np.diff(pitches, prepend=-2))
        end = np.append(first[1:], len(pitches))
        sounds = pitches[first] >= 0
        first, end = first[sounds], end[sounds]
        found.append(np.stack([np.full_like(first, voice), first, end, pitches[first]], axis=1))
    return np.concatenate(found).astype(np.int64)
