"""What a modality is: everything that is particular to one kind of data, in one place.

Losses, penalties, the loop and the metrics see tensors `[N, *shape]` in [-1, 1]; the store holds rows `[N, *shape]` of
the number type of a `Rule`. A `Modality` leads from files and arrays to rows, from rows to tensors, and from tensors to
what a person can look at or keep. Whatever it does not say itself has a default here, so that a new one is short: see
docs/guide/modalities.md. Nothing here imports torch: the processes that decode start in a ninth of a second.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from faussaire.core.errors import DataError
from faussaire.core.marks import SAMPLE, SHEET
from faussaire.modalities import pictures
from faussaire.modalities.forms import Form, Shown
from faussaire.modalities.samples import (
    BLANK,
    FOR_NOW,
    GREY,
    NUM_PARTS,
    OWN,
    UNREAD,
    Arranged,
    Counts,
    Decoded,
    Items,
    Rule,
    Samples,
    SampleSpec,
    floats,
)

if TYPE_CHECKING:  # the data side, which says what a sample is, must not wait for torch
    from torch import Tensor

__all__ = [
    "BLANK",
    "FOR_NOW",
    "GREY",
    "NUM_PARTS",
    "OWN",
    "UNREAD",
    "Arranged",
    "Counts",
    "Decoded",
    "Items",
    "Modality",
    "Rule",
    "SampleSpec",
    "Samples",
    "floats",
]


class Modality(ABC):
    """One kind of data: how it is read, stored, drawn and saved."""

    name: ClassVar[str]

    def of(self, spec: SampleSpec) -> Modality:
        """Return it as it understands the samples of `spec`, where `spec.facts` say more than their shape."""
        return self

    # Reading: from files and arrays to rows of one shape.

    suffixes: ClassVar[frozenset[str]] = frozenset()
    """A file with one of these, in any case, is an item; others are one if they begin as such a file does."""

    formats: ClassVar[str] = ""
    """What its files may be, for messages: `PNG, JPEG or GIF images`."""

    names_tell: ClassVar[bool] = False
    """Whether the names of its files tell classes, where the folders that they lie in do not."""

    options: ClassVar[Mapping[str, Any]] = {}
    """What the user may choose, with the defaults: settings of `prepare` and of the command line."""

    def check(self, options: Mapping[str, Any]) -> None:
        """Raise ConfigError, with the way out, for an option that is out of its range."""
        return

    def begins(self, head: bytes) -> bool:
        """Whether a file that begins with these 16 bytes is one of its files."""
        return False

    def takes_array(self, shape: Sequence[int], dtype: np.dtype) -> bool:
        """Whether an array `[N, …]` holds such samples."""
        return False

    def decoders(self) -> str:
        """Return what decides which files can be read: what is installed here, and in which version."""
        return ""

    def quiet(self) -> AbstractContextManager[None]:
        """Silence what its decoders warn of, for the whole process."""
        return nullcontext()

    @abstractmethod
    def rule(self, items: Items, options: Mapping[str, Any]) -> tuple[Rule, list[str]]:
        """Decide what samples are brought to, and say why."""

    def wider(self, rule: Rule, items: Items) -> Rule:
        """Return a rule that holds every sample, where some are missed by the first."""
        return rule

    @abstractmethod
    def rule_from(self, facts: Mapping[str, Any]) -> Rule:
        """Return the rule that `Rule.as_dict` was made of."""

    def splits(self, options: Mapping[str, Any]) -> bool:
        """Whether each of the samples in a file is to be an item; else the first counts."""
        return False

    def parts_question(self, options: Mapping[str, Any]) -> str:
        """Return what files are asked by `answer` to know how many samples are in each."""
        return NUM_PARTS

    whole: ClassVar[bool] = False
    """Whether the samples of one file are held out together: windows of one piece are too much alike."""

    parts: ClassVar[tuple[str, str]] = ("frames", "frame an image")
    """What the samples in one file are called in a note, and what each of them is then."""

    def answer(self, question: str, data: bytes, parts: Sequence[int] | None) -> Any:
        """Answer in JSON what `rule` asks of a file's samples of these numbers; NUM_PARTS: how many it has."""
        return None

    def decode(self, data: bytes, rule: Rule, parts: Sequence[int] | None) -> list[Decoded]:
        """Decode some samples of a file, in rising order; None: the first. Never raise because of its content."""
        return [Decoded(row=None, note=f"{self.name} are read from arrays")] * (1 if parts is None else len(parts))

    def arranged(self, array: np.ndarray, *, where: str, typed: bool = True) -> Arranged:
        """Understand an array that `takes_array` has taken; `typed` is False where its numbers were text.

        Raises:
            DataError: it cannot be understood.
        """
        raise DataError(f"{where}: {self.name} are read from files, not from arrays")

    def as_rows(self, block: np.ndarray, rule: Rule) -> Decoded | None:
        """Make rows `[n, *rule.shape]` of samples `[n, *shape]` of an array in one go; None where each takes `fit`."""
        return Decoded(row=block)

    def options_for(self, spec: SampleSpec) -> dict[str, Any]:
        """Return the options that bring any data to such samples."""
        return {}

    def fit(self, sample: np.ndarray, rule: Rule) -> Decoded:
        """Make a row of one sample of an array that is not of the rule's shape."""
        return Decoded(row=None, note=f"of shape {list(sample.shape)}, not {list(rule.shape)}")

    def as_file(self, row: np.ndarray) -> bytes:
        """Return a sample of an array as the bytes of a file, so that it may lie amid files.

        Raises:
            ValueError: there is no such file.
        """
        raise ValueError(f"{self.name} of an array cannot lie amid files")

    def agreed(self, parts: Sequence[Arranged]) -> list[Arranged]:
        """Let several arrays that are one set mean the same by their numbers."""
        return list(parts)

    # What is known of rows: copies, and what can be stored narrower.

    def measure(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return of rows `[n, *shape]` a uint64 that changes little when the sample does, and flags: GREY, BLANK."""
        return np.zeros(len(rows), np.uint64), np.zeros(len(rows), np.uint16)

    def narrow(self, rows: np.ndarray, rule: Rule) -> np.ndarray:
        """Bring rows to a rule that `Rule.narrowed` gave."""
        return rows

    def widen(self, rows: np.ndarray, rule: Rule) -> np.ndarray:
        """Undo `narrow`: bring rows back to the rule that they were decoded by."""
        return rows

    def alike(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return bool `[n]`: which pairs of rows `[n, *shape]` are nearly copies of each other."""
        return np.zeros(len(first), bool)

    blank: ClassVar[str] = "nearly blank samples"
    """What samples flagged as BLANK are called in a note."""

    # From rows to tensors and back.

    @abstractmethod
    def to_real(self, rows: np.ndarray) -> Tensor:
        """Turn rows `[n, *shape]` into float32 in [-1, 1]."""

    takes_tensors: ClassVar[bool] = False
    """Whether `to_real` takes rows as a tensor, too, which may lie on any device: a set that fits there stays there."""

    @abstractmethod
    def to_array(self, samples: Samples) -> np.ndarray:
        """Turn samples `[n, *shape]` in [-1, 1] into what a user gets: images are uint8 `[n, H, W, C]`.

        They are a tensor, or an array where torch may not be installed: `floats` makes one of both.
        """

    def augmentations(self, shape: tuple[int, ...]) -> tuple[str, ...]:
        """Return the names in models/augmentations that D may see samples of a shape through, the mildest first."""
        return ()

    # Pictures and files.

    @property
    def forms(self) -> tuple[Form, ...]:
        """The files that a sample is written as: `--out DIR/` gets one of each."""
        return (Form(suffix=".png", media_type="image/png", encode=self.png),)

    @property
    def legible(self) -> Form | None:
        """The form that is text to be read, if there is one."""
        return next((form for form in self.forms if form.shown is Shown.TEXT), None)

    @property
    def shown_form(self) -> Form | None:
        """The form that a page puts beside the picture of a sample, to be played or read; None where there is none."""
        return next((form for form in self.forms if form.shown is not Shown.NOTHING), None)

    scored_by: ClassVar[str] = "values"
    """The extractor of the score on the way and of the test for copies: quick, and there everywhere."""

    judged_by: ClassVar[tuple[str, ...]] = ("values",)
    """The extractors of `faussaire evaluate`: the first that can be had, and the last beside it as a check."""

    told_by: ClassVar[tuple[str, ...]] = ()
    """More extractors of `faussaire evaluate`, for the metrics that name them (`Metric.extractors`)."""

    recurs: ClassVar[bool] = False
    """Whether a sample may be met again by chance, as a name may: an exact copy is no sign of copying, then."""

    defaults: ClassVar[Mapping[str, Any]] = {"architecture": "dense"}
    """Settings of a training that stand where none are given, of those that are None in `Config`.

    `conditional` holds for data with classes.
    """

    script_in: ClassVar[str] = ""
    """The package that holds `page.js`; empty where an exported page cannot show such samples."""

    @property
    def script(self) -> str:
        """JavaScript by which an exported page draws a sample and makes its files, or empty.

        It defines `KIND`, of a sample as a Float32Array of `FACTS.shape` (docs/guide/modalities.md).
        """
        return files(self.script_in).joinpath("page.js").read_text("utf-8") if self.script_in else ""

    @property
    def script_facts(self) -> Mapping[str, Any]:
        """What the script takes besides, as JSON: `FACTS.sample`."""
        return {}

    @abstractmethod
    def describe(self, shape: tuple[int, ...]) -> str:
        """Say what samples of a shape are: `grey images of 28x28`."""

    def from_rows(self, rows: np.ndarray) -> np.ndarray:
        """Turn rows `[n, *shape]` into what a user gets, as `to_array` does with samples."""
        return rows

    def to_rows(self, arrays: np.ndarray) -> np.ndarray:
        """Undo `from_rows`."""
        return arrays

    def compared(self, arrays: np.ndarray) -> np.ndarray:
        """Return what a user gets, `[n, …]`, as float32 `[n, K]`, by whose difference two of them are compared."""
        return arrays.reshape(len(arrays), -1).astype(np.float32)

    def is_told(self, note: str) -> bool:
        """Whether a note of a preparation is said before a training, as it may have gone wrong unnoticed."""
        return False

    def survey(self, width: np.ndarray, height: np.ndarray) -> dict[str, Counts]:
        """Count, for `faussaire inspect`, how large the samples were `[N]`, in one way or several."""
        return {}

    @abstractmethod
    def tiles(self, arrays: np.ndarray, at_least: int = pictures.MIN_TILE) -> np.ndarray:
        """Draw each of what `to_array` gives as uint8 `[n, H, W, C]`, `at_least` so wide; C is 1, 3 or 4."""

    def sheet(self, arrays: np.ndarray, at_least: int = pictures.MIN_TILE) -> np.ndarray:
        """Draw all together as uint8 `[H, W, C]`: in rows, nearly square."""
        return pictures.grid(self.tiles(arrays, at_least))

    def png(self, arrays: np.ndarray) -> bytes:
        """Return one of what `to_array` gives, or several in rows, as a PNG of its own size."""
        if len(arrays) == 1:
            return pictures.png(self.tiles(arrays, 1)[0], kind=SAMPLE)
        return pictures.png(self.sheet(arrays, 1), kind=SHEET)

    rereads: ClassVar[bool] = False
    """Whether `reread` gets samples back from a picture; else a training keeps those that it pictures as an array."""

    def reread(self, sheet: np.ndarray, count: int, shape: tuple[int, ...]) -> np.ndarray | None:
        """Return what `sheet` drew of `count` samples of a shape; None where a picture does not hold them."""
        return None

    def write_grid(self, path: Path, samples: Samples) -> None:
        """Write one picture of all samples `[N, *shape]`; the suffix of `path` says in which format."""
        pictures.write(self.sheet(self.to_array(samples)), path)

    def write_strip(self, path: Path, samples: Tensor) -> None:
        """Write samples `[N, *shape]` in one row without gaps, to be cut up by a view, in a few kilobytes."""
        pictures.write_strip(self.tiles(self.to_array(samples), 1), path)

    def write_latents(self, path: Path, z: Tensor, samples: Tensor) -> None:
        """Write each latent `[N, z_dim]` as a square of grey cells, and to its right the sample that it became."""
        pictures.write_latents(floats(z), self.tiles(self.to_array(samples)), path)
