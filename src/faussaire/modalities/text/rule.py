"""What lines of text are brought to: an alphabet, and a length, both found from the data.

A network cannot learn what it sees once: the alphabet is the most frequent letters, as many as it takes for 99.9 % of
the lines, and the length that of 99 % of those. A line that holds any other letter, or more, is left out, and told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from faussaire.core.errors import ConfigError
from faussaire.modalities.spec import Arranged
from faussaire.modalities.spec import Rule as SpecRule
from faussaire.modalities.text.letters import END, number_of

SPELT, HELD = 0.999, 0.99
"""Share of the lines that the alphabet must suffice for, and of those the share that the length must."""

MOST_LETTERS = 1_023
MOST_LENGTH = 128
"""Letters of a line: a longer one takes another kind of network, and is left out."""

OPTIONS: Mapping[str, Any] = {"letters": None, "alphabet": None}


@dataclass(frozen=True, kw_only=True)
class TextRule(SpecRule):
    """The alphabet, and the length of a row."""

    alphabet: tuple[str, ...]
    """The letters that the numbers 1, 2 … stand for; 0 is the end of a line."""

    length: int
    """Of the longest line."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a row: a number for each letter."""
        return (self.length,)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Shape of a sample: `[V, L]`, a 1 at the letter of each place."""
        return (len(self.alphabet) + 1, self.length)

    @property
    def dtype(self) -> np.dtype:
        """Number type of a row."""
        return np.dtype(np.uint8 if len(self.alphabet) < 256 else np.uint16)

    def facts(self) -> dict[str, Any]:
        """Return the alphabet."""
        return {"alphabet": list(self.alphabet)}

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Self:
        """Return what `as_dict` was made of."""
        return cls(alphabet=tuple(facts["alphabet"]), length=int(facts["length"]))


@dataclass(kw_only=True)
class ArrangedText(Arranged):
    """Lines as the numbers of their letters."""

    raw: np.ndarray
    """uint32 `[N, length of the longest]`, END where a line has ended."""

    letters: Mapping[int, str]
    """What the numbers in it stand for."""

    notes: tuple[str, ...] = ()
    problems: Mapping[int, str] = field(default_factory=dict)

    def rows(self, block: np.ndarray) -> np.ndarray:
        """Return a part as it is: what becomes of it takes an alphabet."""
        return block

    @property
    def lengths(self) -> np.ndarray:
        """Letters in each line, `[N]`."""
        found: np.ndarray = (self.raw != END).sum(1)
        return found


def check(options: Mapping[str, Any]) -> None:
    """Raise ConfigError for a length that is out of its range."""
    length = options["letters"]
    if length is not None and not 1 <= length <= MOST_LENGTH:
        raise ConfigError(f"--letters must be from 1 to {MOST_LENGTH} letters, not {length}")


def rule_for(lines: Sequence[ArrangedText], options: Mapping[str, Any]) -> tuple[TextRule, list[str]]:
    """Find alphabet and length of lines, but for what is given, and say why."""
    letters = {number: letter for part in lines for number, letter in part.letters.items()}
    raw = [np.delete(part.raw, list(part.problems), axis=0) for part in lines]
    numbers = np.concatenate(raw)
    known, places = np.unique(numbers, return_inverse=True)
    rank = _ranks(known, places.reshape(numbers.shape))
    notes = []
    if options["alphabet"] is not None:
        alphabet = tuple(options["alphabet"])
        within = np.isin(numbers, [END, *map(number_of, alphabet)]).all(1)
    else:
        worst = rank[places.reshape(numbers.shape)].max(1, initial=0)
        most = min(MOST_LETTERS, _covering(worst, SPELT))
        chosen = known[(rank <= most) & (known != END)]
        alphabet = tuple(letters[number] for number in sorted(chosen.tolist()))
        within = worst <= most
        left = len(known) - 1 - len(alphabet)
        rare = f"; lines with one of {left:,} rarer ones are left out" if left > 0 else ""
        notes.append(f"alphabet: {len(alphabet)} letters, found from the data{rare}")
    length = options["letters"]
    if length is None:
        length = max(1, _covering((numbers[within] != END).sum(1), HELD))
        notes.append(f"lines of up to {length} letters, as long as {HELD:.0%} of them; --letters for another")
    return TextRule(alphabet=alphabet, length=length), notes


def _ranks(known: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return of each number in `known` the place by how many lines it is in, from 1 on; 0 of END."""
    once = np.sort(places, axis=1)
    first = np.ones(once.shape, bool)
    first[:, 1:] = once[:, 1:] != once[:, :-1]
    num_lines = np.bincount(once[first], minlength=len(known))
    num_lines[known == END] = len(places) + 1
    rank = np.empty(len(known), np.int64)
    rank[np.lexsort((known, -num_lines))] = np.arange(len(known))
    return rank if (known == END).any() else rank + 1


def _covering(values: np.ndarray, share: float) -> int:
    """Return the least number that a share of some whole ones do not exceed."""
    return int(np.quantile(values, share, method="inverted_cdf")) if len(values) else 0
