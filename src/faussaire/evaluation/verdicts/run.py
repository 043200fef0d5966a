"""The one verdict on a run: of its training while that goes on, of its figures once they are taken.

A training tells what goes wrong in it, and never that its samples are good: D's accuracy and the variety of the fakes
are those of good and of poor ones alike. What is good is told by an evaluation alone, of the very generator that the
run now holds, by features of content, against images that were held out, and once copies were looked for. So no other
verdict is called good. Each comes with what it rests on and with the command to type next.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from faussaire.core.config import LENGTHS, flag
from faussaire.core.decimals import plain
from faussaire.core.errors import CheckpointError
from faussaire.data.dataset import is_few
from faussaire.evaluation.verdicts.verdict import Tone, Verdict, right_of
from faussaire.runs.events import Event
from faussaire.runs.folder import RunFolder
from faussaire.runs.standing import ENDS, standing

DATA, RUN, NEW = "{data}", "{run}", "{new}"
"""Words of a command that a view fills: what was trained on, the folder of the run, and a folder that is not there."""

Advice = Literal["wait", "go_on", "evaluate", "longer", "wider", "again", "more_images", "pairs", "other_reals", "take"]


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the folder of a run tells of it, as far as a verdict goes; what is not there is empty or None."""

    state: str = "starting"
    """As `runs.standing` has it."""

    nimg: int = 0
    """Images that D had seen at the last report."""

    saved_nimg: int | None = None
    """… and when the generator of the folder was saved; None where that is not told."""

    report: Mapping[str, Any] = field(default_factory=dict)
    """The data of the last `stats` event."""

    score: Mapping[str, Any] = field(default_factory=dict)
    """The data of the last `score` event."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    num_images: int | None = None
    num_held_out: int | None = None
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    """What `faussaire evaluate` wrote to scores.json."""


@dataclass(frozen=True, kw_only=True)
class Basis:
    """What a verdict rests on."""

    features: str = ""
    """Name and version of the extractor; empty for the reports of the training."""

    n_real: int
    n_fake: int
    nimg: int
    """Images that D had seen."""

    doubts: tuple[str, ...] = ()
    """Why its figures show less than they seem to: see `Evaluation.doubts`; and `few`, where it learnt from few."""


@dataclass(frozen=True, kw_only=True)
class RunVerdict:
    """The verdict on a run."""

    verdict: Verdict
    tone: Tone
    basis: Basis | None
    """None where nothing was measured."""

    advice: Advice
    command: tuple[str, ...]
    """Its words after `faussaire`, with DATA, RUN and NEW to be filled; none where there is nothing to type."""

    images: tuple[int, int | None]
    """Training images, and those held out."""


def known_of(run: RunFolder, events: Sequence[Event], now: float) -> Known:
    """Return what is known of a run by its folder, its events as `history` has them, and the time in Unix seconds."""
    found = standing(events, now)
    last = {event.kind: event for event in events if event.kind in ("stats", "score", "checkpoint")}
    data = {kind: event.data for kind, event in last.items()}
    record, evaluation = _json_of(run, run.config), _json_of(run, run.scores)
    settings = record.get("config")
    return Known(
        state=found.state,
        nimg=found.nimg,
        saved_nimg=last["checkpoint"].nimg if "checkpoint" in last else None,
        report=data.get("stats", {}),
        score=data.get("score", {}),
        settings=settings if isinstance(settings, dict) else {},
        num_images=record.get("num_images"),
        num_held_out=record.get("num_held_out"),
        evaluation=evaluation,
    )


def _json_of(run: RunFolder, path: Path) -> dict[str, Any]:
    """Return what a file of a run holds; nothing where it is not there, damaged, or a link out of the folder."""
    try:
        return run.read_json(path) if run.holds(path) else {}
    except (CheckpointError, OSError):
        return {}


def judge_run(known: Known) -> RunVerdict:
    """Return the one verdict: by the figures where they are of the generator as it is, else by the training."""
    return _by_figures(known) or _by_training(known)


def _by_training(known: Known) -> RunVerdict:
    verdict, advice = _of_training(known)
    n = known.report.get("n")
    basis = Basis(n_real=int(n), n_fake=int(n), nimg=known.nimg) if n else None
    return _told(known, verdict, advice, basis if verdict.name != "few" else None)


def _of_training(known: Known) -> tuple[Verdict, Advice]:
    """Return what the last report says of the training, and what is to be done."""
    report, over = known.report, known.state in ENDS.values() and known.state != "paused"
    name, facts = str(report.get("verdict", "starting")), _facts_of(report)
    verdict = Verdict(name=name, text=str(report.get("verdict_text", name)), facts=facts)
    if known.state == "diverged" and verdict.tone != "bad":
        verdict = Verdict(name="not finite", text="not finite: the training could not be rolled back any more")
    if verdict.tone == "bad":
        return verdict, "more_images" if name == "overfitting" else "again"
    if is_few(known.num_images, known.num_held_out):
        text = f"few: {(known.num_images or 0) + (known.num_held_out or 0)} images are mostly recombined, or copied"
        sentence = "few" if known.num_held_out else "few_none_held_out"
        return Verdict(name="few", text=text, sentence=sentence), "more_images"
    if not report or not over:
        return verdict, "wait"
    ended = "stopped" if known.state == "stopped" else "ended"
    text = f"{known.state}: nothing went wrong in the training; whether the samples are good is not measured"
    return Verdict(name="ended", text=text, sentence=ended, facts=facts), "go_on" if ended == "stopped" else "evaluate"


def _facts_of(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of a report that sentences quote; none that are missing or not finite."""
    facts: dict[str, Any] = {}
    real, fake, n = (report.get(name) for name in ("accuracy_real", "accuracy_fake", "n"))
    if n and real is not None and fake is not None:
        facts["accuracy"] = right_of((real + fake) / 2, 2 * n)
    for name in ("diversity", "r_v"):
        value, half = report.get(name), report.get(f"{name}_half")
        if value is not None:
            facts[name] = (value, value - half, value + half) if half is not None else (value, value, value)
    return facts


def _by_figures(known: Known) -> RunVerdict | None:
    """Return the verdict of the evaluation; None where there is none, or the generator has gone on since."""
    try:
        rows, first = known.evaluation["scores"], known.evaluation["verdicts"][0]
        verdict = Verdict(**{name: first[name] for name in ("name", "text", "sentence", "facts")})
        row = next((row for row in rows if row["metric"].replace("-", "_") in verdict.facts), rows[0])
        nimg, doubts = int(row["nimg"] or 0), tuple(known.evaluation["doubts"])
        counts = {name: int(row[name]) for name in ("n_real", "n_fake")}
        doubts += ("few",) if is_few(known.num_images, known.num_held_out) else ()
        basis = Basis(features=str(row["extractor"]), **counts, nimg=nimg, doubts=doubts)
    except (KeyError, IndexError, TypeError):  # none, or of an older version
        return None
    if known.saved_nimg not in (None, nimg):
        return None
    return _told(known, verdict, _advice_on(verdict, known, basis), basis)


def _advice_on(verdict: Verdict, known: Known, basis: Basis) -> Advice:
    if verdict.name == "sound":
        return "other_reals" if "seen" in basis.doubts else "take"
    if verdict.name in ("rough", "noise", "undecided"):
        hardly = bool((known.score.get("forecast") or {}).get("hardly"))
        return "wider" if hardly and verdict.name != "noise" else "longer"
    return "pairs" if verdict.name == "copier" else "again"


def _told(known: Known, verdict: Verdict, advice: Advice, basis: Basis | None) -> RunVerdict:
    tone = "open" if verdict.tone == "good" and basis and basis.doubts else verdict.tone
    images = (known.num_images or 0, known.num_held_out)
    command = tuple(_command(advice, verdict, known.settings))
    return RunVerdict(verdict=verdict, tone=tone, basis=basis, advice=advice, command=command, images=images)


def _command(advice: Advice, verdict: Verdict, settings: Mapping[str, Any]) -> Sequence[str]:
    """Return what is to be typed after `faussaire`."""
    length = next(((name, settings[name]) for name in LENGTHS if settings.get(name)), None)
    more = {
        "D far ahead": ("--g-steps", "2"),
        "D far behind": ("--d-steps", "2"),
    }.get(verdict.name, _times("lr", settings.get("lr"), 0.5))
    commands: dict[Advice, Sequence[str]] = {
        "go_on": ("train", DATA, "--run", RUN),
        "evaluate": ("evaluate", RUN),
        "longer": ("train", DATA, "--run", RUN, *(_times(*length, 2) if length else ())),
        "wider": ("train", DATA, "--run", NEW, *_times("width", settings.get("width"), 2)),
        "again": ("train", DATA, "--run", NEW, *more),
        "other_reals": ("evaluate", RUN, "--data", "OTHERS"),
        "take": ("generate", RUN, "--out", "grid.png"),
    }
    return commands.get(advice, ())


def _times(name: str, value: float | None, factor: float) -> tuple[str, ...]:
    return () if value is None or not math.isfinite(value) else (flag(name), plain(factor * value, 6))
