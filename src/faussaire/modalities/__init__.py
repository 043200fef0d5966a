"""What the samples are. A modality says how tensors become something that a person can look at or listen to.

The trainer, losses and penalties see only tensors `[N, *shape]` in [-1, 1]; whatever is particular to images (or
points, sounds, text) is behind a `Modality`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from faussaire.core.errors import ConfigError
from faussaire.modalities.image import Image

if TYPE_CHECKING:  # the data side, which says what a sample is, must not wait for torch
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class SampleSpec:
    """What one sample is."""

    modality: str
    """Name of the modality: `image`."""

    shape: tuple[int, ...]
    """Shape of a sample without the batch axis: (C, H, W) for an image."""

    classes: tuple[str, ...] = ()
    """Names of the classes by label; empty when the data has no labels."""


class Modality(Protocol):
    """How the tensors of one kind of data become pictures, arrays and files."""

    name: str

    def to_array(self, samples: Tensor) -> np.ndarray:
        """Turn samples `[N, *shape]` in [-1, 1] into the array that a user gets: images are uint8 `[N, H, W, C]`."""

    def write_grid(self, path: Path, samples: Tensor) -> None:
        """Write one picture of all samples `[N, *shape]` in [-1, 1]."""

    def write_strip(self, path: Path, samples: Tensor) -> None:
        """Write one small picture of samples `[N, *shape]` side by side, to be cut up by a view."""

    def write_sample(self, path: Path, sample: Tensor) -> None:
        """Write one sample `[*shape]` in [-1, 1] as a file of its own."""

    def write_latents(self, path: Path, z: Tensor, samples: Tensor) -> None:
        """Write one picture of the latents `[N, z_dim]` beside the samples that they became."""

    def write_film(self, path: Path, frames: Sequence[Path]) -> None:
        """Write an animation of pictures made by `write_grid`."""


def modality(name: str) -> Modality:
    """Return the modality of that name.

    Raises:
        ConfigError: there is none.
    """
    if name not in MODALITIES:
        raise ConfigError(f"unknown modality {name!r}; known: {', '.join(sorted(MODALITIES))}")
    return MODALITIES[name]


MODALITIES: dict[str, Modality] = {"image": Image()}
