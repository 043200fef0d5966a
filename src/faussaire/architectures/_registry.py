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

    generator: Callable[[SampleSpec, int, int], nn.Module]
    """(spec, num_inputs, width) -> G: inputs [N, num_inputs] to samples [N, *shape], in [-1, 1] in evaluation."""

    discriminator: Callable[[SampleSpec, int, int], nn.Module]
    """(spec, num_logits, width) -> D, mapping samples [N, *shape] to logits [N], or to [N, num_logits]."""

    modalities: tuple[str, ...] = ()
    """The modalities that it can make; empty for all."""

    width: int = 0
    """What the width of its layers is counted in, where nothing else was asked for; 0 where all sizes are given."""

    check: Callable[[SampleSpec], None] = anything_goes
    """Raises ConfigError, with the way out, for a spec that it cannot make."""
