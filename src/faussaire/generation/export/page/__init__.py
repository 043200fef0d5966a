"""`--to page`: one HTML file that makes samples in any browser, opened from the disk, with the network off.

It holds the weights, a small evaluator of ours in JavaScript and WebAssembly (`browser/`), and what is known of the
generator. `trace` writes down what G does as a `program` of a few kinds of steps; `layers` is the table of what it may
be made of.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from faussaire.generation.export._exporter import Exporter, Progress, Source


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the user may choose."""

    with_reals: bool = False
    """Put up to 48 of the real images into the page, for the quiz: whoever gets the page gets them."""

    title: str = ""
    """What the page is called, such as "This cat does not exist"; "This image does not exist" if not given."""


def _export(source: Source, out: Path, options: Options, progress: Progress) -> list[str]:
    """Write the file."""
    from faussaire.generation.export.page.document import write_page

    return write_page(source, out, with_reals=options.with_reals, title=options.title, progress=progress)


EXPORTER = Exporter(
    name="page",
    description="one HTML file that makes samples in any browser, without a server or a network",
    suffix=".html",
    options=Options,
    export=_export,
)
