"""What a metric is: how its figures are computed, and what each of them means, in both languages."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from faussaire.core.intervals import Estimate

if TYPE_CHECKING:
    from torch import Tensor

    from faussaire.evaluation.extractors.spec import Extractor
    from faussaire.evaluation.protocols import Protocol

Row = tuple[str, Estimate, int, int]
"""Name of the figure, the figure, n_real, n_fake."""


class Direction(StrEnum):
    """Which way a figure is better."""

    LOWER = "lower"
    HIGHER = "higher"
    ONE = "one"
    """The nearer to 1 the better."""

    REAL = "real"
    """The nearer to what real samples have the better."""

    NONE = "none"
    """It says nothing of the generator, but how to read another figure."""


BETTER = {
    Direction.LOWER: {"en": "lower is better", "fr": "plus bas, c’est mieux"},
    Direction.HIGHER: {"en": "higher is better", "fr": "plus haut, c’est mieux"},
    Direction.ONE: {"en": "nearer to 1 is better", "fr": "plus près de 1, c’est mieux"},
    Direction.REAL: {"en": "as real ones have it is best", "fr": "comme chez les réels, c’est le mieux"},
    Direction.NONE: {"en": "a mark to read the others by", "fr": "un repère pour lire les autres"},
}
"""Each direction in words, by language."""


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What one figure says, for a reader who does not know it."""

    name: str
    """As in scores.json: `frechet`."""

    direction: Direction
    title: dict[str, str]
    """By language, `en` and `fr`."""

    sentence: dict[str, str]
    """One sentence, by language: what it is, and what a good value looks like."""

    @property
    def better(self) -> dict[str, str]:
        """Which way is better, in words, by language."""
        return BETTER[self.direction]


@dataclass(frozen=True, kw_only=True)
class Features:
    """What a metric is computed of: the features that one extractor made."""

    protocol: Protocol

    extractor: Extractor

    real: Tensor
    """Of the reals that the protocol uses, [N, D]."""

    fake: Tensor
    """Of the fakes that the protocol uses, [M, D]."""

    every_real: Tensor
    """Of all reals that there are, [R, D]."""

    real_labels: Tensor | None = None
    """The classes of `real`, int64 [N], where they are known."""

    fake_labels: Tensor | None = None
    """The classes that the generator was asked for, int64 [M], where it is conditional."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric as a protocol computes it."""

    short: str
    """What names of protocols begin with: `fd`."""

    compute: Callable[[Features], list[Row]]
    """Raises UnmeasurableError where it cannot be measured by these samples."""

    figures: tuple[Meaning, ...]
    """What it gives, in the order of its rows."""

    missing: Callable[[str, Set[str]], str] = lambda protocol, figures: ""
    """Says, of a protocol and the figures of it that could be had, what their reader must do without; or nothing."""

    k: int = 0
    """Which nearest neighbour its protocols pin; 0 where it has none."""

    extractors: tuple[str, ...] = ()
    """The only ones whose features it takes; empty for a distance between sets, which takes those of any in SIZES."""

    classifies: bool = False
    """Whether it needs data with labels, and an extractor that also says the class of each sample."""
