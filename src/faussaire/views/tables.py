"""Figures on the console: the table of one evaluation, and the comparison of several.

Two runs are compared on the same reals. The interval of a difference is put together from those of the two figures as
if they were independent; the shared reals make them vary together, so it is wider than it must be, never narrower.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from faussaire.core.errors import ConfigError
from faussaire.core.terminal import literal, say, show
from faussaire.evaluation.evaluate import Evaluation
from faussaire.evaluation.metrics import MEANINGS
from faussaire.evaluation.metrics.spec import Direction
from faussaire.evaluation.protocols import Score

COMPARED = (Direction.LOWER, Direction.HIGHER)


def number(value: float) -> str:
    """Write a figure with four significant digits."""
    return f"{value:.4g}"


def print_evaluation(console: Console, evaluation: Evaluation) -> None:
    """Print every figure with its interval, n and protocol, and what they say in words."""
    say(console, f"{evaluation.name}, after {evaluation.nimg / 1000:,.1f} thousand images")
    for note in evaluation.notes:
        say(console, note)
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("protocol and figure", overflow="fold")
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("95 % interval", no_wrap=True)
    table.add_column("real", justify="right", no_wrap=True)
    table.add_column("fake", justify="right", no_wrap=True)
    protocol = ""
    for s in evaluation.scores:
        if s.protocol != protocol:
            table.add_row(literal(s.protocol), style="bold")
            protocol = s.protocol
        interval = f"{number(s.low)} to {number(s.high)}"
        table.add_row(literal(f"  {s.metric}"), number(s.value), interval, f"{s.n_real:,}", f"{s.n_fake:,}")
    show(console, table)
    copies = evaluation.copies
    if copies is None:
        say(console, "copies: not measured, too few images are held out")
    else:
        say(
            console,
            f"copies: p = {copies.p_value:.2g} that a generator which copies nothing looks like this "
            f"({copies.num_fake:,} samples and {copies.num_held_out:,} held-out images against "
            f"{copies.num_train:,} training images, pixels-dct)",
        )
    for verdict in evaluation.verdicts:
        say(console, verdict.text, style="bold")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One figure of two runs."""

    protocol: str
    metric: str
    first: str
    second: str
    difference: float
    """Of the second's value less the first's."""

    low: float
    high: float
    level: float
    n_real: int
    n_fake: int
    better: str
    """Name of the better run; empty where the difference may be noise, or more is not better."""


def compare(first: Evaluation, second: Evaluation) -> list[Comparison]:
    """Compare two evaluations figure by figure.

    Raises:
        ConfigError: they were made against different reals.
    """
    if first.reals != second.reals:
        raise ConfigError(
            f"{first.name} and {second.name} were measured against different images: name the same by --data"
        )
    others = {(s.protocol, s.metric): s for s in second.scores}
    found = []
    for s in first.scores:
        other = others.get((s.protocol, s.metric))
        if other is not None and MEANINGS[s.metric].direction in COMPARED:
            found.append(_compared(first.name, second.name, s, other))
    return found


def _compared(first: str, second: str, a: Score, b: Score) -> Comparison:
    difference = b.value - a.value
    # The half of each interval that faces the other figure is the one that counts.
    towards_a, towards_b = (
        (b.value - b.low, a.high - a.value) if difference > 0 else (b.high - b.value, a.value - a.low)
    )
    half = math.hypot(towards_a, towards_b)
    clear = abs(difference) > half
    second_wins = (difference < 0) == (MEANINGS[a.metric].direction is Direction.LOWER)
    return Comparison(
        protocol=a.protocol,
        metric=a.metric,
        first=first,
        second=second,
        difference=difference,
        low=difference - half,
        high=difference + half,
        level=a.level,
        n_real=a.n_real,
        n_fake=min(a.n_fake, b.n_fake),
        better=(second if second_wins else first) if clear else "",
    )


def print_comparisons(console: Console, evaluations: Sequence[Evaluation], comparisons: list[Comparison]) -> None:
    """Print each figure of each run, and who is better by more than noise."""
    for evaluation in evaluations:
        print_evaluation(console, evaluation)
        say(console, "")
    table = Table(box=None, padding=(0, 1, 0, 0))
    for column in ("figure", "difference", "95 % interval", "better", "protocol"):
        table.add_column(column, overflow="fold")
    for c in comparisons:
        better = c.better or "no more than noise"
        interval = f"{number(c.low)} to {number(c.high)}"
        compared = literal(f"{c.metric}: {c.second} - {c.first}")
        table.add_row(compared, number(c.difference), interval, literal(better), literal(c.protocol))
    show(console, table)


def as_rows(comparisons: list[Comparison]) -> list[dict[str, object]]:
    """Return comparisons as JSON types."""
    return [asdict(comparison) for comparison in comparisons]
