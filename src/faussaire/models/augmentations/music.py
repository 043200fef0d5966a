"""The augmentation of music: another key.

Reals and fakes alike are moved up or down, so that D has to judge a tune by its intervals and cannot know the few
pieces that there are by their pitches; G learns the keys of the data all the same (ADA: Karras et al. 2020, arXiv
2006.06676), as long as not every sample is moved.
"""

from __future__ import annotations

import torch
from torch import Tensor

from faussaire.models.augmentations.spec import Augmentation

SEMITONES_AT_MOST = 6
"""Up or down: to every key, by the shorter way."""

SILENT = -1.0


def transposition_amounts(u: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return `[N, 1]`: whole semitones up, -6 to 6, 0 included."""
    return (u * (2 * SEMITONES_AT_MOST + 1)).floor() - SEMITONES_AT_MOST


def transposition(rolls: Tensor, amounts: Tensor) -> Tensor:
    """Move rolls `[N, V, T, P]` along their pitches; what would leave them on one side stays away.

    An octave back would keep it, and turn a bass into a melody.
    """
    pitches = rolls.shape[3]
    source = torch.arange(pitches, device=rolls.device) - amounts.long()
    moved = rolls.gather(3, source.clamp(0, pitches - 1)[:, None, None].expand_as(rolls))
    beyond = (source < 0) | (source >= pitches)
    return moved.masked_fill(beyond[:, None, None], SILENT)


OF_MUSIC: dict[str, Augmentation] = {
    "transposition": Augmentation(
        description="another key: up to six semitones up or down",
        numbers=1,
        amounts=transposition_amounts,
        apply=transposition,
    ),
}
