"""What a sample is, and the rule that brings those of a set to one form: plain data that a `Modality` speaks of.

Nothing here imports torch: the processes that decode start in a ninth of a second.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self, Union

import numpy as np

if TYPE_CHECKING:  # the data side, which says what a sample is, must not wait for torch
    from torch import Tensor

GREY, BLANK, OWN, FOR_NOW, UNREAD = 2, 4, 16, 32, 64
"""What a modality may say of a sample, as bits: it can be stored narrower (`Rule.narrower`), holds nearly nothing, was
made by faussaire; and of one that it rejects: for what may be gone next time, by the decoders that are installed."""

NUM_PARTS = "parts"
"""The question that files of any modality are asked: how many samples are in it."""

Samples = Union["Tensor", np.ndarray]
"""Samples `[N, *shape]` in [-1, 1] as a generator makes them: a tensor, or an array where there is no torch."""

Counts = list[tuple[str, int]]
"""Something in words, and how often it occurs, the most common first."""


def floats(samples: Samples) -> np.ndarray:
    """Return numbers, a tensor on any device or an array, as a float32 array of their shape; torch is not needed."""
    return samples if isinstance(samples, np.ndarray) else samples.detach().cpu().float().numpy()


@dataclass(frozen=True, kw_only=True)
class SampleSpec:
    """What one sample is."""

    modality: str
    """Name of the modality: the folder or file of its name in `modalities/`."""

    shape: tuple[int, ...]
    """Shape of a sample without the batch axis: (C, H, W) for an image."""

    classes: tuple[str, ...] = ()
    """Names of the classes by label; empty when the data has no labels."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    """What its numbers mean, where the shape does not say it (`Rule.facts`), in JSON types: of text, the alphabet."""

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Self:
        """Return what `dataclasses.asdict` was made of, by way of JSON; older ones told of no facts."""
        return cls(
            modality=told["modality"],
            shape=tuple(told["shape"]),
            classes=tuple(told["classes"]),
            facts=dict(told.get("facts", {})),
        )


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """What came of one sample."""

    row: np.ndarray | None
    """As the store holds it, `[*shape]`; None when it was rejected."""

    width: int = 0
    height: int = 0
    """How large it was before it was brought to one size; 0 when unknown, or when there is no such thing."""

    mode: str = ""
    """How its file stores it, in a word."""

    note: str = ""
    """What was done to it, or why it was rejected."""

    flags: int = 0
    """OWN, FOR_NOW, UNREAD."""


@dataclass(frozen=True, kw_only=True)
class Rule(ABC):
    """What the samples of a set are brought to: plain data, which goes to other processes and into the store."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of a row."""

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Shape of what `Modality.to_real` makes of a row: `SampleSpec.shape`."""
        return self.shape

    @property
    def dtype(self) -> np.dtype:
        """Number type of a row."""
        return np.dtype(np.uint8)

    @property
    def row_bytes(self) -> int:
        """Bytes of a row."""
        return math.prod(self.shape) * self.dtype.itemsize

    def facts(self) -> dict[str, Any]:
        """Return in JSON types what must be known of it to understand a sample, besides the shape."""
        return {}

    def as_dict(self) -> dict[str, Any]:
        """Return JSON types."""
        return asdict(self)

    @classmethod
    @abstractmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Self:
        """Return what `as_dict` was made of, perhaps by way of JSON."""

    def beforehand(self) -> Self:
        """Return what of it was decided before the first sample was decoded; the rest is found out on the way."""
        return self

    def narrowed(self, *, all_grey: bool) -> tuple[Self, list[str]]:
        """Return what suffices once it is known whether every sample is flagged as GREY, and say why."""
        return self, []

    def is_missed_by(self, words: Iterable[str]) -> bool:
        """Whether notes and modes of some samples tell of one that it does not hold: `Modality.wider` is due."""
        return False

    def notes(self) -> list[str]:
        """Say what it assumes of the data."""
        return []


class Items(Protocol):
    """The wanted items of a source, as a modality may look at them to find a `Rule`."""

    @property
    def array_shape(self) -> tuple[int, ...] | None:
        """`[N, *shape]` of samples that lie in an array, as `Modality.arranged` has it; None for files."""

    @property
    def arranged(self) -> Sequence[Arranged]:
        """The arrays that samples lie in, as `Modality.agreed` left them; none for files."""

    @property
    def remote(self) -> bool:
        """Whether reading waits for a network."""

    @property
    def mixed(self) -> bool:
        """Whether samples that faussaire made may lie amid others, and are left out there."""

    def __len__(self) -> int: ...

    def drawn(self, count: int, stream: str) -> list[int]:
        """Draw the places of so many items that may be of use, always the same."""

    def answers(self, question: str, places: Sequence[int]) -> list[Any]:
        """Put `Modality.answer` to files in other processes; None for one that could not be asked."""

    def may_begin(self, place: int, num_bytes: int, check: Callable[[bytes], bool]) -> bool:
        """Whether a file begins in such a way, as far as can be told without reading the whole of it."""


class Arranged(ABC):
    """Samples that lie in an array, which may be memory-mapped, in the order of axes that the modality wants."""

    raw: np.ndarray
    """`[N, *shape]`, of any kind of number."""

    notes: tuple[str, ...]
    """How it was read, where that was a choice."""

    problems: Mapping[int, str]
    """Samples that are of no use, by their places, and why."""

    @abstractmethod
    def rows(self, block: np.ndarray) -> np.ndarray:
        """Bring a part of `raw` to the number type of rows."""

    @property
    def plain(self) -> bool:
        """Whether `rows` changes nothing."""
        return False
