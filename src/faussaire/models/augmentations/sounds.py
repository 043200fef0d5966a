"""Augmentations of sound, as spectra `[N, 1, bands, columns]`: moved in time, and with gaps.

Gaps are those of SpecAugment (Park et al. 2019, arXiv 1904.08779, section 2). Frequencies stay where they are: a voice
that is shifted along them is another voice.
"""

from __future__ import annotations

import torch
from torch import Tensor

from faussaire.models.augmentations.images import translation, within
from faussaire.models.augmentations.spec import Augmentation

SHIFT_SHARE = 0.125  # of the length, at most
GAP_SHARE = 0.25  # of columns and of bands, at most
GAP_FILL = 0.0  # half as loud as can be: neither silence nor a sound is as even


def shift_amounts(u: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return `[N, 2]`: no bands down, and whole columns to the right, either way."""
    most = int(shape[-1] * SHIFT_SHARE + 0.5)
    return torch.cat([torch.zeros_like(u), (u * (2 * most + 1)).floor() - most], dim=1)


def gap_amounts(u: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return `[N, 4]`: first band of a gap and the one after its last, then the same of columns."""
    sides = torch.tensor(shape[-2:], device=u.device)
    sizes = (u[:, :2] * (sides * GAP_SHARE + 1)).floor()
    first = (u[:, 2:] * (sides - sizes + 1)).floor()
    return torch.stack([first, first + sizes], dim=2).flatten(1)


def gaps(spectra: Tensor, amounts: Tensor) -> Tensor:
    """Fill a few neighbouring bands, and a few columns."""
    low, high, early, late = amounts.unsqueeze(2).unbind(1)
    in_bands, in_columns = within(spectra.shape[2], low, high), within(spectra.shape[3], early, late)
    return spectra.masked_fill((in_bands[:, :, None] | in_columns[:, None, :])[:, None], GAP_FILL)


OF_SOUNDS: dict[str, Augmentation] = {
    "shift": Augmentation(
        description="sound moved in time by up to 12.5% of its length",
        numbers=1,
        amounts=shift_amounts,
        apply=translation,
    ),
    "gaps": Augmentation(
        description="up to a quarter of the bands and of the columns of a sound, each in one piece, are filled",
        numbers=4,
        amounts=gap_amounts,
        apply=gaps,
    ),
}
