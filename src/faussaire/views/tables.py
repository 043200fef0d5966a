"""Figures on the console: the table of one evaluation, and the comparison of several."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table

from faussaire.core.terminal import literal, say, show
from faussaire.evaluation.compare import Comparison
from faussaire.evaluation.evaluation import Evaluation
from faussaire.evaluation.protocols import Score
from faussaire.evaluation.verdicts.figures import say_of_copies
from faussaire.modalities import of_spec
from faussaire.runs.folder import RunFolder
from faussaire.views.verdict import Said, data_of, in_words, verdict_on_figures
from faussaire.views.words import ENGLISH, Words


def print_evaluation(
    console: Console, evaluation: Evaluation, words: Words = ENGLISH, *, run: RunFolder | None = None
) -> None:
    """Print every figure with its interval, n and protocol, and what they say in words; of a `run`, what to do next."""
    numbers = words.numbers
    title = words("console.figures.title", name=evaluation.name, thousands=numbers.thousands(evaluation.nimg))
    say(console, title)
    for note in evaluation.notes:
        say(console, words.said(note))
    show(console, figures_table(evaluation.scores, words))
    copies = evaluation.copies
    if copies is None:
        say(console, words("console.figures.no_copies"))
    else:
        tested = words(
            "console.figures.copies",
            p=numbers.p_value(copies.p_value),
            fakes=copies.num_fake,
            held_out=copies.num_held_out,
            train=copies.num_train,
            extractor=of_spec(evaluation.spec).scored_by,
        )
        say(console, tested)
        say(console, words.said(say_of_copies(copies)))
    for verdict in evaluation.verdicts:
        say(console, words.said(verdict.text), style="bold")
    if run is not None and evaluation.verdicts:
        found = verdict_on_figures(run, evaluation)
        print_next(console, in_words(found, words.language, run=run.path, data=data_of(run)))


def figures_table(scores: Sequence[Score], words: Words) -> Table:
    """Return the table of figures, each below its protocol."""
    numbers = words.numbers
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column(words("console.figures.figure"), no_wrap=True)
    table.add_column(words("console.figures.value"), justify="right", no_wrap=True)
    table.add_column(words("console.figures.interval"), no_wrap=True)
    for side in ("real", "fake"):
        table.add_column(words(f"console.figures.{side}"), justify="right", no_wrap=True)
    protocol = ""
    for s in scores:
        if s.protocol != protocol:
            table.add_row(literal(s.protocol), style="bold")
            protocol = s.protocol
        interval = numbers.interval(s.low, s.high)
        table.add_row(
            literal(f"  {s.metric}"),
            numbers.figure(s.value),
            interval,
            numbers.count(s.n_real),
            numbers.count(s.n_fake),
        )
    return table


def print_next(console: Console, said: Said) -> None:
    """Print what a verdict rests on, and what to type next."""
    if said.basis:
        say(console, said.basis)
    say(console, f"{said.advice} {said.command}".rstrip())


def print_comparisons(
    console: Console, evaluations: Sequence[Evaluation], comparisons: list[Comparison], words: Words = ENGLISH
) -> None:
    """Print each figure of each run, and who is better by more than noise."""
    for evaluation in evaluations:
        print_evaluation(console, evaluation, words)
        say(console, "")
    for (first, second), group in groupby(comparisons, key=lambda c: (c.first, c.second)):
        say(console, words("console.figures.less", first=first, second=second), style="bold")
        show(console, _differences(list(group), words))


def _differences(comparisons: Sequence[Comparison], words: Words) -> Table:
    """Return the table of the differences of two runs: a row for each protocol, and one for each figure of it."""
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column(words("console.figures.compared"), no_wrap=True)
    table.add_column(words("console.figures.difference"), justify="right", no_wrap=True)
    table.add_column(words("console.figures.interval"), no_wrap=True)
    table.add_column(words("console.figures.better"), overflow="fold")
    for protocol, group in groupby(comparisons, key=lambda c: c.protocol):
        table.add_row(literal(protocol), style="bold")
        for c in group:
            interval = words.numbers.interval(c.low, c.high)
            better = c.better or words("console.figures.noise")
            table.add_row(literal(f"  {c.metric}"), words.numbers.figure(c.difference), interval, literal(better))
    return table
