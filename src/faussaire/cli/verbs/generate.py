"""The verb `faussaire generate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from faussaire.cli.flags import Whole, whole
from faussaire.core.terminal import Terminal, say


def generate(
    run: Path,
    /,
    *,
    n: Annotated[int, Parameter(alias="-n", converter=whole)] = 64,
    seed: Whole = 0,
    truncation: float = 1.0,
    label: Annotated[str | None, Parameter(name="--class")] = None,
    out: str = "grid.png",
) -> None:
    """Make samples with the generator of RUN.

    Parameters
    ----------
    run
        Folder of a run, or of a generator.
    n
        How many.
    seed
        The same seed gives the same samples.
    truncation
        What latents are multiplied by; below 1, samples are more typical and less varied.
    label
        Name or number of the class to make, where RUN was trained with --conditional. [all, as often as in the data]
    out
        A picture (grid.png), a folder for a picture each (DIR/), or an array (samples.npy: uint8 [N, H, W, C]).
    """
    from faussaire.generation.generator import Generator
    from faussaire.generation.samples import write_samples

    made = write_samples(Generator.load(run), out, n=n, seed=seed, truncation=truncation, label=label)
    say(Terminal(), f"{made} in {out}")
