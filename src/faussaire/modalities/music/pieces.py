"""A piece of music as notes on a grid of sixteenths, and the windows of four bars that are cut out of it.

A window begins with a bar line, of the metre that the file tells (else 4/4), one after every bar, so that windows
overlap; it is 64 sixteenths long whatever the metre is: 5 1/3 bars of 6/8. Nothing here is slower or larger because of
what a file claims: of a piece the first MOST_WINDOWS windows are used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

STEPS_PER_QUARTER = 4
BAR = 16
"""Sixteenths of a bar of 4/4."""

BARS = 4
STEPS = BARS * BAR
"""Sixteenths of a window."""

MOST_WINDOWS = 512
"""Of one piece: a file may claim to last for years."""

SHORT = "shorter than four bars"
SILENT = "no note in it"


class UnreadableError(Exception):
    """A file that is no piece of music, and why."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """What is known of a piece."""

    notes: np.ndarray
    """int64 `[n, 4]`: voice, first step, the step after its last, pitch (of MIDI: 60 is the middle C)."""

    num_voices: int

    bar_lines: np.ndarray
    """int64 `[b]`: the step that each bar begins with, of at most MOST_WINDOWS bars with notes, and the four after."""

    @property
    def starts(self) -> np.ndarray:
        """The first step of each window, int64 `[w]`: it holds a note, and ends no later than the last bar."""
        starts = self.bar_lines[self.bar_lines + STEPS <= self.bar_lines[-1]][:MOST_WINDOWS]
        first, last = self.notes[:, 1], self.notes[:, 2]
        sounding = [bool(((first < start + STEPS) & (last > start)).any()) for start in starts.tolist()]
        found: np.ndarray = starts[np.array(sounding, bool)]
        return found

    def roll(self, start: int, *, voices: int, lowest: int, pitches: int, single: bool) -> tuple[np.ndarray, int]:
        """Draw the window that begins with a step as uint8 `[voices, 64, pitches]`: 1 where a note sounds.

        A note that begins where the same one ended is told from a long one by a gap: the former ends a step earlier,
        if it has two. With `single`, the later note of a voice ends the one before, the highest of a chord stays.

        Returns it with the number of notes that were moved by octaves, as they lie beyond the pitches.
        """
        roll = np.zeros((voices, STEPS, pitches), np.uint8)
        notes = self.notes[(self.notes[:, 1] < start + STEPS) & (self.notes[:, 2] > start)]
        moved = 0
        for voice, first, end, pitch in notes[np.lexsort((notes[:, 3], notes[:, 1]))].tolist():
            row, first, end = pitch - lowest, max(first - start, 0), min(end - start, STEPS)
            moved += not 0 <= row < pitches
            row = row % 12 if row < 0 else pitches - 12 + (row - pitches) % 12 if row >= pitches else row
            here = roll[voice if voices > 1 else 0]
            if first >= 2 and here[first - 2 : first, row].all():
                here[first - 1, row] = 0
            if single:
                here[first:] = 0
            here[first:end, row] = 1
        return roll, moved


def bar_lines(end: int, metres: Sequence[tuple[int, int]], first_note: int) -> np.ndarray:
    """Return the steps of bar lines int64 `[b]`: from the bar of the first note to where the last one ends, or later.

    Args:
        end: the step after the last note.
        metres: from which step on a bar has how many steps, rising.
        first_note: the step of the first note.
    """
    lines, position, changes = [], 0, [*metres, (np.iinfo(np.int64).max, BAR)]
    length, turn = BAR, 0
    while True:
        while changes[turn][0] <= position:
            length, turn = changes[turn][1], turn + 1
        if first_note >= position + length:  # silent bars before the first note, which may be many
            skipped = (min(first_note, changes[turn][0]) - position) // length
            position += max(skipped, 1) * length
            continue
        lines.append(position)
        if position >= end or len(lines) > MOST_WINDOWS + STEPS:
            return np.array(lines)
        position += min(length, max(changes[turn][0] - position, 1))


def piece_of(notes: np.ndarray, *, num_voices: int, metres: Sequence[tuple[int, int]] = ()) -> Piece:
    """Make a piece of its notes int64 `[n, 4]`.

    Raises:
        UnreadableError: there are none.
    """
    if not len(notes):
        raise UnreadableError(SILENT)
    lines = bar_lines(int(notes[:, 2].max()), metres, int(notes[:, 1].min()))
    return Piece(notes=notes, num_voices=num_voices, bar_lines=lines)
