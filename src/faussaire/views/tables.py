"""Figures on the console: the table of one evaluation, and the comparison of several."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from faussaire.core.terminal import literal, say, show
from faussaire.evaluation.compare import Comparison
from faussaire.evaluation.evaluation import Evaluation
from faussaire.modalities import of_spec
from faussaire.runs.folder import RunFolder
from faussaire.views.numbers import EN
from faussaire.views.verdict import Said, data_of, in_words, verdict_on_figures


def print_evaluation(console: Console, evaluation: Evaluation, *, run: RunFolder | None = None) -> None:
    """Print every figure with its interval, n and protocol, and what they say in words; of a `run`, what to do next."""
    say(console, f"{evaluation.name}, after {EN.thousands(evaluation.nimg)} thousand images")
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
        interval = EN.interval(s.low, s.high)
        table.add_row(
            literal(f"  {s.metric}"),
            EN.figure(s.value),
            interval,
            EN.count(s.n_real),
            EN.count(s.n_fake),
        )
    show(console, table)
    copies = evaluation.copies
    if copies is None:
        say(console, "copies: not measured, too few images are held out")
    else:
        say(
            console,
            f"copies: {EN.p_value(copies.p_value)} that a generator which copies nothing looks like this "
            f"({EN.count(copies.num_fake)} samples and {EN.count(copies.num_held_out)} held-out images against "
            f"{EN.count(copies.num_train)} training images, {of_spec(evaluation.spec).scored_by})",
        )
    for verdict in evaluation.verdicts:
        say(console, verdict.text, style="bold")
    if run is not None and evaluation.verdicts:
        print_next(console, in_words(verdict_on_figures(run, evaluation), "en", run=run.path, data=data_of(run)))


def print_next(console: Console, said: Said) -> None:
    """Print what a verdict rests on, and what to type next."""
    if said.basis:
        say(console, said.basis)
    say(console, f"{said.advice} {said.command}".rstrip())


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
        interval = EN.interval(c.low, c.high)
        compared = literal(f"{c.metric}: {c.second} - {c.first}")
        table.add_row(compared, EN.figure(c.difference), interval, literal(better), literal(c.protocol))
    show(console, table)
