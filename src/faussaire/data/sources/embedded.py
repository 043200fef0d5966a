"""The data sets that come with faussaire, so that the first run needs no download.

Each is an `.npz` of 10,000 images, the first 1,000 of each class in the order of the original training file,
with its licence beside it. `benchmarks/build_embedded.py` makes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_SETS = Path(__file__).parents[1] / "sets"


@dataclass(frozen=True, kw_only=True)
class EmbeddedSet:
    """A data set that can be given by its name."""

    name: str
    """What to write in the place of a path."""

    description: str
    """What it is, in a line."""

    num_images: int
    """How many images."""

    resolution: int
    """Width and height in pixels."""

    channels: int
    """1 grey, 3 RGB."""

    num_classes: int
    """How many classes."""

    licence: str
    """Name of the licence, and whose it is."""

    @property
    def path(self) -> Path:
        """The file."""
        return _SETS / f"{self.name}.npz"

    @property
    def licence_path(self) -> Path:
        """The text of the licence."""
        return _SETS / f"{self.name}.LICENSE.txt"


def embedded_sets() -> dict[str, EmbeddedSet]:
    """Return the embedded data sets by name."""
    return {
        "mnist": EmbeddedSet(
            name="mnist",
            description="handwritten digits, 10 classes: the first 1,000 of each in MNIST",
            num_images=10_000,
            resolution=28,
            channels=1,
            num_classes=10,
            licence="CC BY-SA 3.0, Yann LeCun, Corinna Cortes and Christopher J.C. Burges",
        ),
        "fashion-mnist": EmbeddedSet(
            name="fashion-mnist",
            description="clothes and shoes, 10 classes: the first 1,000 of each in Fashion-MNIST",
            num_images=10_000,
            resolution=28,
            channels=1,
            num_classes=10,
            licence="MIT, Zalando SE",
        ),
    }
