"""What an augmentation is: one operation on samples, and how its amounts come of uniform numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """One operation. Amounts are float32 `[N, K]`, a row for each sample; a row of zeros leaves its sample as it is."""

    description: str
    numbers: int
    """How many uniform numbers an amount is made of."""

    amounts: Callable[[Tensor, tuple[int, ...]], Tensor]
    """(uniform numbers in [0, 1) `[N, numbers]`, shape of a sample) -> amounts `[N, K]`."""

    apply: Callable[[Tensor, Tensor], Tensor]
    """(samples `[N, *shape]`, amounts `[N, K]` on their device) -> samples, differentiable twice to the first."""

    automatic: bool = True
    """Whether `policy_for` may choose it without being asked."""
