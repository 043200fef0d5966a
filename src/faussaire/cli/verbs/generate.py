"""The verb `faussaire generate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from faussaire.cli.flags import Number, Reader, Whole, whole
from faussaire.core.terminal import printing, say
from faussaire.views.words import ENGLISH


def generate(
    run: Path,
    /,
    *,
    n: Annotated[int, Parameter(alias="-n", converter=whole)] = 64,
    seed: Whole = 0,
    truncation: Number = 1.0,
    label: Annotated[str | None, Parameter(name="--class")] = None,
    out: str | None = None,
    words: Reader = ENGLISH,
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
        Below 1 samples are drawn towards the average one: more typical, and less varied.
    label
        Name or number of the class to make, where RUN was trained with --conditional. [all, as often as in the data]
    out
        A picture (grid.png), a folder for a file each (DIR/), a file of all (lines.txt) where there is such a one, or
        an array (samples.npy: uint8 [N, H, W, C]). [grid.png; text is printed]
    """
    from faussaire.generation.generator import Generator
    from faussaire.generation.samples import write_samples

    generator = Generator.load(run)
    form = generator.modality.legible
    with printing() as console:
        if out is None and form is not None:
            text = form.encode(generator.sample(n, seed=seed, truncation=truncation, label=label)).decode()
            say(console, text.removesuffix("\n"))
            return
        out = "grid.png" if out is None else out
        made = write_samples(generator, out, n=n, seed=seed, truncation=truncation, label=label)
        say(console, words("console.made.written", made=words.said(made), path=out))
