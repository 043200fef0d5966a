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

    generator: Callable[[SampleSpec, int], nn.Module]
    """(spec, z_dim) -> G, mapping z [N, z_dim] to samples [N, *shape], in [-1, 1] in evaluation."""

    discriminator: Callable[[SampleSpec], nn.Module]
    """spec -> D, mapping samples [N, *shape] to logits [N]."""

    modalities: tuple[str, ...] = ()
    """The modalities that it can make; empty for all."""

    check: Callable[[SampleSpec], None] = anything_goes
    """Raises ConfigError, with the way out, for a spec that it cannot make."""
