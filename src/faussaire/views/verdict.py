"""The one verdict on a run in words, in English or in French: what is so, what that rests on, and what to type next.

Every view has it from here: the page, the report, and the console after a training or an evaluation.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from faussaire.core.suggestions import reached, typed
from faussaire.evaluation.verdicts.run import DATA, NEW, RUN, Basis, RunVerdict, judge_run, known_of
from faussaire.runs.events import Event
from faussaire.runs.folder import RunFolder
from faussaire.views.numbers import MINUS, Numbers
from faussaire.views.web.pages.texts import texts

if TYPE_CHECKING:
    from faussaire.evaluation.evaluation import Evaluation
    from faussaire.evaluation.verdicts.verdict import Verdict

SHARES = ("accuracy", "precision", "recall", "coverage", "new")
"""Figures that are shares of 1."""

SPREADS = ("diversity", "r_v")
"""Figures whose intervals are written as halves."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """A verdict in the words of one language."""

    tone: str
    """good, open or bad."""

    text: str
    """What is so."""

    basis: str
    """What that rests on; empty where nothing was measured."""

    advice: str
    """What to do."""

    command: str
    """What to type for it; empty where there is nothing to type."""


def verdict_on(run: RunFolder, events: Sequence[Event] | None = None) -> RunVerdict:
    """Return the verdict on a run as it stands; `events` are those of its history, or the last of each kind."""
    return judge_run(known_of(run, run.history() if events is None else events, time.time()))


def verdict_on_figures(run: RunFolder, evaluation: Evaluation) -> RunVerdict:
    """Return the verdict on a run by an evaluation of it; by its training where the figures allow none."""
    history = run.history()
    known = known_of(run, history, history[-1].time if history else 0.0)
    return judge_run(replace(known, evaluation=evaluation.as_json(), saved_nimg=None))


def in_words(found: RunVerdict, lang: str, *, run: str | Path, data: Sequence[str] = ()) -> Said:
    """Say a verdict.

    Args:
        found: the verdict.
        lang: `en` or `fr`.
        run: the folder as it would be typed here.
        data: what it was trained on, as config.json has it; paths are shown as far as they concern a reader.
    """
    words, numbers = texts(lang)["verdict"], Numbers(lang, MINUS)
    held_out = found.images[1] or 0
    counts = {"num_images": numbers.count(found.images[0] + held_out), "num_held_out": numbers.count(held_out)}
    text = sentence(found.verdict, lang, counts)
    parts = {RUN: typed(run), NEW: typed(_beside(Path(run))), DATA: typed(*map(reached, data)) or "DATA"}
    command = " ".join(["faussaire", *(parts.get(word, word) for word in found.command)] if found.command else [])
    return Said(
        tone=found.tone,
        text=text,
        basis="" if found.basis is None else _basis(found.basis, words["basis"], numbers),
        advice=words["advice"][found.advice],
        command=command,
    )


def sentence(verdict: Verdict, lang: str, counts: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return what a verdict says is so; `counts` are more figures, as they are written, that it may name."""
    numbers = Numbers(lang, MINUS)
    facts = {name: _written(name, fact, numbers) for name, fact in verdict.facts.items()}
    try:
        said: str = texts(lang)["verdict"]["says"][verdict.sentence or verdict.name].format(**facts, **counts)
    except KeyError:  # of another version
        return verdict.text
    return said


def in_both(run: RunFolder, events: Sequence[Event], place: str | Path) -> dict[str, dict[str, str]]:
    """Return the verdict on a run in each language, for a page that shows one of them."""
    found, data = verdict_on(run, events), data_of(run)
    return {lang: asdict(in_words(found, lang, run=place, data=data)) for lang in ("en", "fr")}


def data_of(run: RunFolder) -> tuple[str, ...]:
    """Return what a run was trained on, as its config.json has it; nothing where that cannot be read."""
    try:
        data = run.read_json(run.config)["config"]["data"]
    except Exception:  # a generator on its own, or a stranger's file
        return ()
    return (data,) if isinstance(data, str) else tuple(map(str, data))


def _written(name: str, fact: Any, numbers: Numbers) -> str:
    """Write a figure with its interval, where it has one."""
    if not isinstance(fact, list | tuple):
        return numbers.p_value(fact) if name == "p" else numbers.figure(fact, 3)
    value, low, high = fact
    if name in SHARES:
        return numbers.share(value, low, high)
    if name in SPREADS:
        half = (high - low) / 2
        return numbers.figure(value, 2) + (f" ± {numbers.figure(half, 1)}" if half else "")
    return f"{numbers.figure(value, 3)} {numbers.between(low, high, 3)}"


def _basis(basis: Basis, words: Mapping[str, Any], numbers: Numbers) -> str:
    values = {
        "features": basis.features,
        "n_real": numbers.count(basis.n_real),
        "n_fake": numbers.count(basis.n_fake),
        "kimg": numbers.thousands(basis.nimg),
    }
    said = words["features" if basis.features else "training"].format(**values)
    return " ".join([said, *(words["doubts"][doubt] for doubt in basis.doubts)])


def _beside(run: Path) -> Path:
    """Return a folder beside a run's which is not there yet."""
    named = run if run.name not in ("", "..") else run.resolve()
    return next(path for n in count(2) if not (path := named.with_name(f"{named.name}-{n}")).exists())
