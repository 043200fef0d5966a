"""Piano rolls as pictures: time runs to the right, pitch upwards, a colour for each voice, lines where bars begin."""

from __future__ import annotations

import math

import numpy as np

from faussaire.modalities.music.pieces import BAR, STEPS
from faussaire.modalities.pictures import MIN_TILE, cut

_PAPER, _BAR_LINE, _OCTAVE = 255, 205, 232
_VOICES = np.array([(0, 90, 140), (214, 96, 20), (0, 140, 90), (150, 60, 140), (90, 90, 90), (190, 150, 0)], np.uint8)
"""Darkened after Okabe and Ito 2008, so that who does not tell red from green tells them apart on white paper."""

FACTS = {"bar": BAR, "paper": _PAPER, "bar_line": _BAR_LINE, "octave": _OCTAVE, "colours": _VOICES.tolist()}
"""What a page draws by."""

_LARGER = 2  # times as wide as is asked for: a line of one pixel is hard to see


def tiles(rolls: np.ndarray, lowest: int, at_least: int) -> np.ndarray:
    """Draw rolls `[n, V, 64, P]` as uint8 `[n, H, W, 3]`, whole multiples of 64 and P, at least so wide.

    Where two voices have one note, the lower half of it has the colour of the lower voice.
    """
    num, voices, steps, pitches = rolls.shape
    factor = _factor(at_least)
    cells = np.full((num, pitches, steps, 3), _PAPER, np.uint8)
    cells[:, (-lowest) % 12 :: 12] = _OCTAVE  # every C
    large = cells.repeat(factor, axis=1).repeat(factor, axis=2)
    taken = np.zeros((num, pitches, steps), bool)
    for voice in range(voices):
        on = rolls[:, voice].transpose(0, 2, 1) > 0
        for row in range(factor):  # from the bottom of a note up
            here = on if 2 * row < factor else on & ~taken
            for column in range(factor):
                large[:, row::factor, column::factor][here] = _VOICES[voice % len(_VOICES)]
        taken |= on
    drawn = taken.repeat(factor, axis=1).repeat(factor, axis=2)
    lines = np.zeros(steps * factor, bool)
    lines[:: BAR * factor] = True
    large[~drawn & lines] = _BAR_LINE
    return np.ascontiguousarray(large[:, ::-1])


def reread(sheet: np.ndarray, count: int, shape: tuple[int, ...]) -> np.ndarray:
    """Return the rolls `[count, V, 64, P]` that a sheet of tiles was drawn of, uint8 `[H, W, 3]`.

    Of three voices or more on one note, the highest and the lowest are told.
    """
    voices, steps, pitches = shape
    factor = _factor(MIN_TILE)
    found = cut(sheet, count, height=factor * pitches, width=factor * steps)[:, ::-1]
    rolls = np.zeros((count, *shape), np.uint8)
    for voice in range(voices):
        of_voice = (found == _VOICES[voice % len(_VOICES)]).all(-1)
        on = of_voice[:, ::factor, ::factor] | of_voice[:, factor - 1 :: factor, ::factor]
        rolls[:, voice] = on.transpose(0, 2, 1)
    return rolls


def _factor(at_least: int) -> int:
    """Return how many pixels a sixteenth is wide, and a semitone high."""
    return max(1, math.ceil(_LARGER * at_least / STEPS))
