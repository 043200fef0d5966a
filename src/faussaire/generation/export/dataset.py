"""`--to dataset`: many samples as a folder or one .npz, with their labels, and with where they come from beside them.

    000000.png …         the samples, as files of their kind; labels.csv has the class of each
    provenance.json      which generator, seed, truncation and classes they are of

With `--out NAME.npz` there are arrays instead, `samples` and `labels`, and NAME.provenance.json. Sample i is a function
of the seed and of i alone. What broke off goes on with the same command.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from faussaire.core.config import check_seed
from faussaire.core.errors import ConfigError
from faussaire.generation.export._exporter import Exporter, Progress, Source

MOST = 100_000_000


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the user may choose."""

    n: int = 50_000
    """How many samples."""

    balanced: bool = False
    """As many of each class; a conditional generator alone can do that."""

    seed: int = 0
    """The same seed gives the same samples."""

    truncation: float = 1.0
    """Below 1 samples are drawn towards the average one: more typical, and less varied."""

    label: str | None = None
    """Name or number of the class to make, where the run was trained with --conditional."""

    def __post_init__(self) -> None:
        """Check what can be checked without the generator."""
        from faussaire.generation.generator import check_truncation

        if not 1 <= self.n <= MOST:
            raise ConfigError(f"-n must be 1 to {MOST:,}, not {self.n:,}")
        if self.balanced and self.label is not None:
            raise ConfigError("give --balanced, for as many of each class, or --class, for one alone")
        check_seed(self.seed)
        check_truncation(self.truncation)


def _export(source: Source, out: Path, options: Options, progress: Progress) -> list[str]:
    """Write the data set."""
    from faussaire.generation.export._dataset import write_dataset

    return write_dataset(source, out, options, progress=progress)


EXPORTER = Exporter(
    name="dataset",
    description="a folder or .npz of many samples, with labels and provenance",
    suffix="-dataset",
    options=Options,
    export=_export,
)
