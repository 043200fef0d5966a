"""What the windows of a set are brought to: how many voices, which pitches, one note at a time or several.

All of it is found from the data. Where nearly all pieces have the same number of tracks, up to six, each is a voice;
else everything is one roll. The octaves are those that occur, each whole from C to B.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from faussaire.modalities import spec
from faussaire.modalities.music.pieces import STEPS, Piece
from faussaire.modalities.music.reading import MOST_VOICES
from faussaire.modalities.spec import Items

EXTENT = "extent"
"""The question that a file is asked: its number of voices, lowest and highest pitch, share of notes that overlap."""

OCTAVE = 12
_ASKED = 512  # windows, and so nearly as many pieces
_NEARLY_ALL = 0.9
_SINGLE_UP_TO = 0.02  # of the notes of a voice that overlap: a melody's legato
_OCTAVES = 10  # of MIDI that are whole
_WITHOUT = (36, 83)  # the pitches where no piece could be read


@dataclass(frozen=True, kw_only=True)
class Rule(spec.Rule):
    """Windows uint8 `[voices, 64, pitches]`, 1 where a note sounds."""

    voices: int
    lowest: int
    """The pitch of the first row, a C."""

    pitches: int
    """Rows: whole octaves."""

    single: bool
    """Whether a voice has one note at a time."""

    @property
    def shape(self) -> tuple[int, ...]:
        """`(voices, 64, pitches)`."""
        return (self.voices, STEPS, self.pitches)

    def facts(self) -> dict[str, Any]:
        """Return what a roll means."""
        return {"lowest": self.lowest, "single": self.single}

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Self:
        """Return what `as_dict` was made of."""
        return cls(**facts)


def extent_of(piece: Piece) -> list[float]:
    """Return what EXTENT asks: voices, lowest and highest pitch, share of notes that begin before another ended."""
    notes = piece.notes[np.lexsort((piece.notes[:, 1], piece.notes[:, 0]))]
    overlaps = (notes[1:, 0] == notes[:-1, 0]) & (notes[1:, 1] < notes[:-1, 2])
    share = float(overlaps.mean()) if len(overlaps) else 0.0
    return [piece.num_voices, int(notes[:, 3].min()), int(notes[:, 3].max()), share]


def rule_for(items: Items) -> tuple[Rule, list[str]]:
    """Decide by up to 512 windows of the items, and say why."""
    told = items.answers(EXTENT, items.drawn(_ASKED, "music extents"))
    found = [answer for answer in told if answer is not None]
    if not found:
        lowest, highest = _WITHOUT
        return _rule(1, lowest, highest, single=False), []
    counts = Counter(int(answer[0]) for answer in found)
    num, how_many = counts.most_common(1)[0]
    agree = how_many >= _NEARLY_ALL * len(found) and num <= MOST_VOICES
    voices = num if agree else 1
    of_these = [answer for answer in found if voices == 1 or answer[0] == voices]
    lowest, highest = (int(pick(answer[k] for answer in of_these)) for pick, k in ((min, 1), (max, 2)))
    overlapping = float(np.mean([answer[3] for answer in of_these]))
    single = agree and overlapping <= _SINGLE_UP_TO
    rule = _rule(voices, lowest, highest, single=single)
    return rule, _notes(rule, counts, lowest, highest)


def _rule(voices: int, lowest: int, highest: int, *, single: bool) -> Rule:
    """Return a rule whose whole octaves, from C to B, hold the pitches."""
    first = min(lowest // OCTAVE, _OCTAVES - 1)
    octaves = min(highest // OCTAVE, _OCTAVES - 1) - first + 1
    return Rule(voices=voices, lowest=first * OCTAVE, pitches=octaves * OCTAVE, single=single)


def _notes(rule: Rule, counts: Mapping[int, int], lowest: int, highest: int) -> list[str]:
    tracks = ", ".join(f"{num} in {how_many:,}" for num, how_many in sorted(counts.items())[:4])
    as_what = "all in one roll" if rule.voices == 1 and set(counts) != {1} else f"voices: {rule.voices}"
    manner = "one note at a time" if rule.single else "chords"
    return [
        f"{as_what}, {manner} (tracks of the windows looked at: {tracks})",
        f"pitches {lowest} to {highest} of MIDI, in {rule.pitches // OCTAVE} octaves from C ({rule.lowest}) on",
    ]
