"""The metrics: a file each, and an entry here.

A file has a pure function of features, and a `METRIC` that says what its figures mean: protocols, the report,
comparisons and the live page take everything from it.
"""

from __future__ import annotations

from collections.abc import Iterable

from faussaire.evaluation.metrics import (
    classes,
    density_coverage,
    diversity,
    frechet,
    grid,
    kernel,
    lines,
    music,
    precision_recall,
    recognised,
)
from faussaire.evaluation.metrics.spec import Meaning, Metric

METRICS: dict[str, Metric] = {
    "frechet": frechet.METRIC,
    "kernel": kernel.METRIC,
    "precision-recall": precision_recall.METRIC,
    "density-coverage": density_coverage.METRIC,
    "diversity": diversity.METRIC,
    "grid": grid.METRIC,
    "classes": classes.METRIC,
    "recognised": recognised.METRIC,
    "lines": lines.METRIC,
    "music": music.METRIC,
}
"""By name, in the order in which figures are shown."""

MEANINGS: dict[str, Meaning] = {figure.name: figure for metric in METRICS.values() for figure in metric.figures}
"""What each figure means, by its name."""


def missing_beside(figures: Iterable[tuple[str, str]]) -> list[str]:
    """Say what the readers of figures must do without, by the name of the protocol and of the figure of each."""
    found: dict[str, set[str]] = {}
    for protocol, figure in figures:
        found.setdefault(protocol, set()).add(figure)
    notes = (
        metric.missing(protocol, names)
        for protocol, names in found.items()
        for metric in METRICS.values()
        if metric.figures[0].name in names
    )
    return [note for note in notes if note]
