"""Music: windows of four bars as piano rolls, out of MIDI files or of chorales as JSON.

A sample is `[voices, 64, pitches]`, a step a sixteenth: -1 silent, 1 sounding. docs/guide/music.md says by which rule
files become such windows. To hear one, it is written as MIDI, and as WAV by a synthesiser of our own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np

from faussaire.core.marks import SAMPLE, mark_in
from faussaire.modalities import spec
from faussaire.modalities.forms import Form, Shown
from faussaire.modalities.music import drawing, writing
from faussaire.modalities.music.pieces import BAR, SHORT, UnreadableError
from faussaire.modalities.music.reading import MIDI_BEGINS, MISSING, read_piece, symusic_version
from faussaire.modalities.music.rule import EXTENT, Rule, extent_of, rule_for
from faussaire.modalities.pictures import MIN_TILE
from faussaire.modalities.spec import NUM_PARTS, OWN, UNREAD, Counts, Decoded, Items, Samples, SampleSpec, floats

if TYPE_CHECKING:  # the data side, which says what a sample is, must not wait for torch
    from torch import Tensor

MOVED = "notes beyond the other pieces' pitches, moved by octaves"
_MIDDLE_C_OCTAVES = 48  # the lowest pitch of rolls that tell none


class Music(spec.Modality):
    """Windows of four bars."""

    name = "music"
    script_in = __name__
    suffixes = frozenset({".mid", ".midi", ".kar", ".steps"})
    formats = "MIDI files"
    whole = True
    parts = ("windows of four bars", "window a sample")
    scored_by = "music"
    judged_by = ("music",)
    told_by = ("music",)
    defaults: ClassVar[Mapping[str, Any]] = {"architecture": "roll", "width": 8, "batch_size": 64, "gamma": 40.0}

    def __init__(self, lowest: int = _MIDDLE_C_OCTAVES) -> None:
        self._lowest = lowest

    def of(self, spec: SampleSpec) -> Self:
        """Return it with the pitch of the first row."""
        return type(self)(int(spec.facts.get("lowest", _MIDDLE_C_OCTAVES)))

    def begins(self, head: bytes) -> bool:
        """Whether a file that begins with these 16 bytes is MIDI."""
        return head.startswith(MIDI_BEGINS)

    def decoders(self) -> str:
        """Return the version of symusic, or that there is none."""
        return f"symusic {symusic_version() or 'missing'}"

    def splits(self, options: Mapping[str, Any]) -> bool:
        """Each window of a piece is a sample."""
        return True

    def rule(self, items: Items, options: Mapping[str, Any]) -> tuple[Rule, list[str]]:
        """Decide on voices and pitches."""
        return rule_for(items)

    def rule_from(self, facts: Mapping[str, Any]) -> Rule:
        """Return the rule that `as_dict` was made of."""
        return Rule.from_dict(facts)

    def answer(self, question: str, data: bytes, parts: Sequence[int] | None) -> Any:
        """Return how many windows a piece has, or its extent; None for what cannot be read."""
        try:
            piece = read_piece(data)
        except (UnreadableError, ImportError):
            return None
        if question == NUM_PARTS:
            return len(piece.starts)
        return extent_of(piece) if question == EXTENT else None

    def decode(self, data: bytes, rule: spec.Rule, parts: Sequence[int] | None) -> list[Decoded]:
        """Cut windows out of a piece, in rising order; None: the first."""
        numbers = parts or (0,)
        try:
            piece = read_piece(data)
        except ImportError:
            return [Decoded(row=None, note=MISSING, flags=UNREAD)] * len(numbers)
        except UnreadableError as error:
            return [Decoded(row=None, note=str(error))] * len(numbers)
        wanted, starts = cast(Rule, rule), piece.starts
        flags = OWN if mark_in(data) == SAMPLE else 0
        if wanted.voices not in (1, piece.num_voices):
            return [Decoded(row=None, note=f"voices: {piece.num_voices}, not {wanted.voices}")] * len(numbers)
        found = []
        for number in numbers:
            if number >= len(starts):
                found.append(Decoded(row=None, note=SHORT))
                continue
            row, moved = piece.roll(
                int(starts[number]),
                voices=wanted.voices,
                lowest=wanted.lowest,
                pitches=wanted.pitches,
                single=wanted.single,
            )
            num_notes = int((np.diff(row.astype(np.int8), axis=1, prepend=0) == 1).sum())
            mode = f"{piece.num_voices} voices"
            note = MOVED if moved else ""
            found.append(Decoded(row=row, width=num_notes, height=1, mode=mode, note=note, flags=flags))
        return found

    def to_real(self, rows: np.ndarray) -> Tensor:
        """Turn uint8 `[N, V, 64, P]` of 0 and 1 into float32 of -1 and 1."""
        import torch

        return torch.from_numpy(np.ascontiguousarray(rows)).float().mul_(2.0).sub_(1.0)

    def to_array(self, samples: Samples) -> np.ndarray:
        """Turn `[N, V, 64, P]` in [-1, 1] into uint8, 1 where a note sounds."""
        return (floats(samples) > 0).astype(np.uint8)

    def augmentations(self, shape: tuple[int, ...]) -> tuple[str, ...]:
        """Return `transposition`: a melody is the same in another key."""
        return ("transposition",)

    @property
    def forms(self) -> tuple[Form, ...]:
        """MIDI, and WAV to listen to at once."""
        return (
            Form(
                suffix=".wav",
                media_type="audio/wav",
                encode=lambda arrays: writing.wav_of(arrays, self._lowest),
                shown=Shown.PLAYER,
            ),
            Form(
                suffix=".mid",
                media_type="audio/midi",
                encode=lambda arrays: writing.midi_of(arrays, self._lowest),
            ),
        )

    @property
    def script_facts(self) -> dict[str, Any]:
        """Return the lowest pitch, and all numbers by which rolls are drawn, written and played."""
        return {"lowest": self._lowest, **drawing.FACTS, **writing.FACTS}

    def describe(self, shape: tuple[int, ...]) -> str:
        """Say how long windows are, of how many voices and octaves."""
        voices, steps, pitches = shape
        parts = f"{voices} voices" if voices > 1 else "one voice or roll"
        return f"windows of {steps // BAR} bars, {parts}, {pitches // 12} octaves"

    def survey(self, width: np.ndarray, height: np.ndarray) -> dict[str, Counts]:
        """Count how many notes the windows have."""
        edges = [1, 8, 16, 32, 64, 128, 256]
        places = np.searchsorted(edges, width, side="right") - 1
        counts = np.bincount(np.maximum(places, 0), minlength=len(edges)).tolist()
        names = [f"{a} to {b - 1}" for a, b in pairwise(edges)] + [f"{edges[-1]} or more"]
        return {"notes": [(name, num) for name, num in zip(names, counts, strict=True) if num]}

    def tiles(self, arrays: np.ndarray, at_least: int = MIN_TILE) -> np.ndarray:
        """Draw each as a piano roll."""
        return drawing.tiles(arrays, self._lowest, at_least)

    def reread(self, sheet: np.ndarray, count: int, shape: tuple[int, ...]) -> np.ndarray:
        """Read the rolls off a sheet."""
        return drawing.reread(sheet, count, shape)


MODALITY = Music()
