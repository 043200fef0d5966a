"""What sounds and what begins at each sixteenth: 832 numbers of which all musical figures are made.

Of a window `[V, 64, P]` the number of voices that sound each pitch class at each step (64 x 12), and the number of
notes that begin at each step (64). Octaves are folded, so that the same tune an octave higher is near; two windows are
at a distance of 0 only where all of this is the same: what the test for copies needs. No network stands behind.
"""

from __future__ import annotations

import torch
from torch import Tensor

from faussaire.core.errors import ExtractorError
from faussaire.evaluation.protocols import NO_WEIGHTS_SHA256

STEPS = 64
SEMITONES = 12


class MusicExtractor:
    """The extractor `music`."""

    name = "music"
    version = "1"
    sha256 = NO_WEIGHTS_SHA256
    modalities = ("music",)
    input_size = 0
    dimension = STEPS * (SEMITONES + 1)
    resize = "none"

    def __call__(self, samples: Tensor) -> Tensor:
        """Return the features `[N, 832]` of windows `[N, V, 64, P]`, P in whole octaves; above 0 a note sounds.

        Raises:
            ExtractorError: they have another shape.
        """
        if samples.ndim != 4 or samples.shape[2] != STEPS or samples.shape[3] % SEMITONES:
            raise ExtractorError(f"music takes windows [N, V, {STEPS}, whole octaves], not {list(samples.shape)}")
        sounds = samples.detach() > 0
        chroma = sounds.reshape(*sounds.shape[:3], -1, SEMITONES).sum((1, 3))
        begins = sounds & ~torch.nn.functional.pad(sounds, (0, 0, 1, 0))[:, :, :STEPS]
        return torch.cat([chroma.flatten(1), begins.sum((1, 3))], dim=1).float()


def sounding(features: Tensor) -> Tensor:
    """Return of features `[N, 832]` how many voices sound each pitch class at each step `[N, 64, 12]`."""
    return features[:, : STEPS * SEMITONES].reshape(-1, STEPS, SEMITONES)


def beginning(features: Tensor) -> Tensor:
    """Return of features `[N, 832]` how many notes begin at each step `[N, 64]`."""
    return features[:, STEPS * SEMITONES :]
