"""Text: short lines (names, places, words, verses), one-hot `[N, V, L]` before a network, strings before a reader.

A row of the store holds the number of each letter, uint8 or uint16; the alphabet that these numbers stand for goes with
the samples wherever they go (`SampleSpec.facts`), and `of` gives the modality that knows it. What a network makes is
read up to the first end of a line.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from faussaire.core.names import shown
from faussaire.modalities import pictures, spec
from faussaire.modalities.forms import Form, Shown
from faussaire.modalities.pictures import MIN_TILE
from faussaire.modalities.spec import Arranged, Counts, Decoded, Items, Samples, SampleSpec, floats
from faussaire.modalities.text.drawing import HEIGHT, drawn, line_width
from faussaire.modalities.text.letters import END, letters_of, number_of, split_by
from faussaire.modalities.text.reading import arranged
from faussaire.modalities.text.rule import OPTIONS, ArrangedText, TextRule, check, rule_for

if TYPE_CHECKING:  # the data side, which says what a sample is, must not wait for torch
    from torch import Tensor

PROPORTION = 1.6  # a sheet of lines is about so many times as wide as high
BROKEN = 2.2  # a letter is so many times as high as wide, with what is between rows


class Text(spec.Modality):
    """The modality of text.

    Args:
        alphabet: the letters that the numbers 1, 2 … stand for; none where only files and rows are dealt with.
        length: of a row.
    """

    name = "text"
    script_in = __name__
    options = OPTIONS
    scored_by = "letter-groups"
    judged_by = ("letter-groups",)
    told_by = ("lines",)
    defaults: ClassVar[Mapping[str, Any]] = {"architecture": "text", "batch_size": 128, "lr": 3e-3}
    recurs = True

    def __init__(self, alphabet: tuple[str, ...] = (), length: int = 0) -> None:
        self.alphabet, self.length = alphabet, length

    def of(self, spec: SampleSpec) -> Text:
        """Return the modality that knows the alphabet of some samples.

        Raises:
            ValueError: there is none that fits their shape.
        """
        alphabet = tuple(spec.facts.get("alphabet", ()))
        if len(alphabet) + 1 != spec.shape[0] or not all(isinstance(letter, str) and letter for letter in alphabet):
            raise ValueError(f"text of shape {list(spec.shape)} needs an alphabet of {spec.shape[0] - 1} letters")
        return Text(alphabet, spec.shape[1])

    def check(self, options: Mapping[str, Any]) -> None:
        """Raise ConfigError for an option that is out of its range."""
        check(options)

    def takes_array(self, shape: Sequence[int], dtype: np.dtype) -> bool:
        """Whether an array is a list of strings."""
        return len(shape) == 1 and dtype.kind in "OUT"

    def arranged(self, array: np.ndarray, *, where: str, typed: bool = True) -> ArrangedText:
        """Cut strings into letters."""
        return arranged(array)

    def agreed(self, parts: Sequence[Arranged]) -> list[Arranged]:
        """Bring the lines of several files to rows of one length."""
        lines = [cast(ArrangedText, part) for part in parts]
        longest = max(part.raw.shape[1] for part in lines)
        return [replace(one, raw=np.pad(one.raw, ((0, 0), (0, longest - one.raw.shape[1])))) for one in lines]

    def rule(self, items: Items, options: Mapping[str, Any]) -> tuple[TextRule, list[str]]:
        """Find the alphabet and the length."""
        return rule_for([cast(ArrangedText, part) for part in items.arranged], options)

    def rule_from(self, facts: Mapping[str, Any]) -> TextRule:
        """Return the rule that `as_dict` was made of."""
        return TextRule.from_dict(facts)

    def as_rows(self, block: np.ndarray, rule: spec.Rule) -> Decoded | None:
        """Leave each line to `fit`, which says how long it is, and what is wrong with it."""
        return None

    def fit(self, sample: np.ndarray, rule: spec.Rule) -> Decoded:
        """Number the letters of one line by the alphabet."""
        known = _places(cast(TextRule, rule).alphabet)
        numbers = sample[sample != END].tolist()
        length = len(numbers)
        strange = next((number for number in numbers if number not in known), None)
        if strange is not None:
            letter = f" ({shown(chr(strange))})" if strange <= 0x10FFFF else ""
            return Decoded(row=None, width=length, note=f"a letter that is too rare to be learnt{letter}")
        if length > rule.shape[0]:
            return Decoded(row=None, width=length, note=f"more than {rule.shape[0]} letters")
        row = np.zeros(rule.shape, rule.dtype)
        row[:length] = [known[number] for number in numbers]
        return Decoded(row=row, width=length, height=1)

    def options_for(self, spec: SampleSpec) -> dict[str, Any]:
        """Return length and alphabet."""
        return {"letters": spec.shape[1], "alphabet": list(spec.facts["alphabet"])}

    def to_real(self, rows: np.ndarray) -> Tensor:
        """Turn numbers `[n, L]` into float32 `[n, V, L]`: 1 at the letter of each place, else 0."""
        import torch

        numbers = torch.from_numpy(rows.astype(np.int64))
        real = torch.zeros(len(rows), len(self.alphabet) + 1, rows.shape[1])
        return real.scatter_(1, numbers[:, None], 1.0)

    def to_array(self, samples: Samples) -> np.ndarray:
        """Turn `[n, V, L]` into strings `[n]`: the letter with the largest number at each place, to the first end."""
        return self.from_rows(floats(samples).argmax(1))

    def from_rows(self, rows: np.ndarray) -> np.ndarray:
        """Turn numbers `[n, L]` into strings `[n]`."""
        letters = ("", *self.alphabet)
        room = max(1, self.length * max(map(len, letters)))
        lines = [row[: row.index(END)] if END in row else row for row in rows.tolist()]
        return np.array(["".join(letters[number] for number in line) for line in lines], dtype=f"<U{room}")

    def to_rows(self, arrays: np.ndarray) -> np.ndarray:
        """Turn strings `[n]` into numbers `[n, L]`."""
        rows = np.zeros((len(arrays), self.length), TextRule(alphabet=self.alphabet, length=self.length).dtype)
        for row, line in zip(rows, arrays.tolist(), strict=True):
            numbers = split_by(line, self.alphabet)[: self.length]
            row[: len(numbers)] = numbers
        return rows

    def compared(self, arrays: np.ndarray) -> np.ndarray:
        """Return lines one-hot, so that two differ by as much as the letters do at their places."""
        letters = np.eye(len(self.alphabet) + 1, dtype=np.float32)
        found: np.ndarray = letters[self.to_rows(arrays)].reshape(len(arrays), -1)
        return found

    @property
    def forms(self) -> tuple[Form, ...]:
        """A text file, with a line for each sample."""
        return (Form(suffix=".txt", media_type="text/plain", encode=as_text, shown=Shown.TEXT),)

    @property
    def script_facts(self) -> dict[str, Any]:
        """Return the letters."""
        return {"alphabet": self.alphabet}

    def describe(self, shape: tuple[int, ...]) -> str:
        """Say how long lines are, and how many letters there are."""
        return f"lines of up to {shape[1]} letters, of an alphabet of {shape[0] - 1}"

    def survey(self, width: np.ndarray, height: np.ndarray) -> dict[str, Counts]:
        """Count how long the lines are."""
        lengths, counts = np.unique(width, return_counts=True)
        pairs = zip((f"{length} letters" for length in lengths.tolist()), counts.tolist(), strict=True)
        return {"lengths": sorted(pairs, key=lambda pair: -pair[1])}

    def tiles(self, arrays: np.ndarray, at_least: int = MIN_TILE) -> np.ndarray:
        """Draw each line."""
        return drawn(arrays.tolist(), max(at_least, _width(self.alphabet, self.length)))

    def write_strip(self, path: Path, samples: Samples) -> None:
        """Write lines in a row, each broken into a square, so that they can be read as small as they are shown."""
        pictures.write_strip(self._squares(self.to_array(samples).tolist()), path)

    def _squares(self, lines: Sequence[str]) -> np.ndarray:
        """Draw each line broken into rows of as many letters as make a square of its longest."""
        per_row = math.ceil((self.length * BROKEN) ** 0.5)
        num_rows = -(-self.length // per_row)
        letters = [letters_of(line) for line in lines]
        rows = [["".join(one[k * per_row : (k + 1) * per_row]) for one in letters] for k in range(num_rows)]
        return np.concatenate([drawn(row, _width(self.alphabet, per_row)) for row in rows], axis=1)

    def sheet(self, arrays: np.ndarray, at_least: int = MIN_TILE) -> np.ndarray:
        """Draw all lines, in as many columns as give a sheet of a page's proportion."""
        tiles = self.tiles(arrays, at_least)
        columns = round((PROPORTION * len(tiles) * HEIGHT / tiles.shape[2]) ** 0.5)
        return pictures.grid(tiles, columns=min(max(1, columns), len(tiles)))


def as_text(lines: np.ndarray) -> bytes:
    """Write strings `[n]` in UTF-8, a line each."""
    return "".join(f"{line}\n" for line in lines.tolist()).encode()


@cache
def _places(alphabet: tuple[str, ...]) -> dict[int, int]:
    """Return the place in an alphabet, from 1 on, of each number of a letter."""
    return {number_of(letter): place for place, letter in enumerate(alphabet, start=1)}


@cache
def _width(alphabet: tuple[str, ...], length: int) -> int:
    return line_width(alphabet, length)


MODALITY = Text()
