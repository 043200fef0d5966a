"""What an architecture is: a way to build a G and a D for a kind of sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from faussaire.modalities import SampleSpec


def anything_goes(spec: SampleSpec) -> None:
    """Accept every sample."""


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """A pair of networks, the shape of the sample being an argument."""

    name: str
    description: str
    """One line for `faussaire list architectures`."""

    generator: Callable[[SampleSpec, int, int, int], nn.Module]
    """(spec, z_dim, num_classes, width) -> G: (z [N, z_dim], labels [N] or None) to samples [N, *shape], in [-1, 1] in
    evaluation. With num_classes of 0 it takes no labels."""

    discriminator: Callable[[SampleSpec, int, int], nn.Module]
    """(spec, num_classes, width) -> D: (samples [N, *shape], labels [N] or None) to logits [N]."""

    modalities: tuple[str, ...] = ()
    """The modalities that it can make; empty for all."""

    width: int | None = None
    """What the width of its layers is counted in, where nothing else was asked for; None where all sizes are given."""

    check: Callable[[SampleSpec], None] = anything_goes
    """Raises ConfigError, with the way out, for a spec that it cannot make."""

    def width_or(self, width: int | None) -> int:
        """Return the width that was asked for, or else its own; 1 where all sizes are given, and none is used."""
        return width or self.width or 1
