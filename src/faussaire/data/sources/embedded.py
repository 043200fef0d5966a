"""The data sets that come with faussaire, so that the first run needs no download.

Each is one file, with its licence beside it: of images an `.npz` of 10,000, the first 1,000 of each class in the order
of the original training file. `sets.toml` lists them, and `benchmarks/build_embedded.py` makes them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

_SETS = Path(__file__).parents[1] / "sets"


@dataclass(frozen=True, kw_only=True)
class EmbeddedSet:
    """A data set that can be given by its name."""

    name: str
    """What to write in the place of a path."""

    description: str
    """What it is, in a line."""

    licence: str
    """Name of the licence, and whose it is."""

    num_samples: int
    sample: str
    """What one of them is, as a list of sets says it: `grey images of 28x28`."""

    num_classes: int
    suffix: str = ".npz"

    @property
    def path(self) -> Path:
        """The file."""
        return _SETS / f"{self.name}{self.suffix}"


@cache
def embedded_sets() -> Mapping[str, EmbeddedSet]:
    """Return the embedded data sets by name."""
    listed = tomllib.loads((_SETS / "sets.toml").read_text("utf-8"))
    return MappingProxyType({name: EmbeddedSet(name=name, **about) for name, about in listed.items()})
