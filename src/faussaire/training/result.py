"""What a step of the game leaves for whoever watches: tensors that stay on the device until somebody reads them."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

Values = dict[str, Tensor]
"""Figures of one update of a network by name, `[n]` or one number each, still on the device."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What an update of D was made of."""

    real: Tensor
    """The samples `[N, *shape]` of its batch."""

    fake: Tensor
    real_logits: Tensor
    """D's logits `[N]` before the update."""

    fake_logits: Tensor
    values: Values
    """accuracy_real and accuracy_fake `[N]`, loss_D, and penalty where it was applied."""


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """What a step leaves for whoever watches; to read a number of it waits for the device."""

    judged: Judged
    """The last update of D."""

    values: list[Values]
    """Of every update of D, and then of G: loss_G."""
