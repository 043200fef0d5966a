"""The verdict on a training, from its reports so far: is it collapsed, does it overfit?

Nothing bad is said by the middle of a figure, but where its whole 95 % interval lies beyond the threshold, in each of
several reports. Shares are pooled over these, as each report judged other images; what is measured again on the same
images, r_v, is not, as it errs by the same every time. What more time would bring is another question:
evaluation.forecast.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from faussaire.core.decimals import plain
from faussaire.evaluation.verdicts.verdict import Figure, Verdict, difference, right_of, share

PATIENCE = 5  # reports that must agree before anything bad is said
WARM_UP = 0.03  # share of the run in which an untrained G is not yet called collapsed
COLLAPSED_DIVERSITY = 0.3
DIVERGING_DIVERSITY = 5.0
RUNAWAY_LOSS = 100.0  # of networks that are no critics; in a sound run below 10
FAR_AHEAD_ACCURACY = 0.97
FAR_BEHIND_ACCURACY = 0.05
OVERFITTING_R_V = 0.5
SWINGS = 12  # reports in which the accuracy must swing to and fro …
SWING_SIZE = 0.4  # … by so much
SWING_TURNS = 4  # … and turn back so often
SIDES = ("accuracy_real", "accuracy_fake")

Report = Mapping[str, Any]


def judge(reports: Sequence[Report], *, critic: bool = False) -> Verdict:
    """Judge a run while it trains.

    Args:
        reports: the `data` of its `stats` events, the newest last.
        critic: whether its loss has a critic for a D, which is meant to be far ahead.
    """
    if not reports:
        return Verdict(name="starting", text="starting: nothing measured yet")
    now = reports[-1]
    recent = reports[-PATIENCE:]
    broken = [name for name in ("loss_D", "loss_G", "diversity") if any(r[name] is None for r in recent)]
    if broken:
        what = " and ".join(name.replace("_", " of ") for name in broken)
        return Verdict(name="not finite", text=f"not finite: {what}; begin again with a smaller --lr")
    if len(recent) == PATIENCE and recent[0]["progress"] >= WARM_UP:
        bad = _collapsed(recent) or _diverging(recent, critic) or _oscillating(reports)
        bad = bad or _far_ahead(recent, critic) or _far_behind(recent) or _overfitting(reports)
        if bad:
            return bad
    return Verdict(
        name="learning",
        text=f"learning: D is right {share(_right(now))} of the time (50% is chance); "
        f"fakes vary {_and_half(now, 'diversity')} times as much as reals",
    )


def landmarks(reports: Sequence[Report]) -> list[Report]:
    """Return those of the reports that `judge` reads, so that nobody need keep all of a long run.

    What is judged by the landmarks and later reports is judged as by all of them.
    """
    gauged = [i for i, report in enumerate(reports) if report.get("r_v") is not None][-PATIENCE:]
    recent = range(max(0, len(reports) - max(SWINGS, PATIENCE)), len(reports))
    return [reports[i] for i in sorted({*gauged, *recent})]


def _collapsed(recent: Sequence[Report]) -> Verdict | None:
    if any(_high(r, "diversity") >= COLLAPSED_DIVERSITY for r in recent):
        return None
    return Verdict(
        name="collapsed",
        text=f"collapsed: fakes vary only {_and_half(recent[-1], 'diversity')} times as much as reals; "
        "begin again with a smaller --lr or another --seed",
    )


def _diverging(recent: Sequence[Report], critic: bool) -> Verdict | None:
    worst = [max(("loss_D", "loss_G"), key=lambda name: abs(r[name])) for r in recent]
    least = min(abs(r[name]) - _half(r, name) for r, name in zip(recent, worst, strict=True))
    if not critic and least > RUNAWAY_LOSS:
        return Verdict(
            name="diverging",
            text=f"diverging: the losses have been above {RUNAWAY_LOSS:.0f} for {PATIENCE} reports, now "
            f"{_and_half(recent[-1], worst[-1])}; begin again with a smaller --lr, or a larger --gamma",
        )
    if any(_low(r, "diversity") <= DIVERGING_DIVERSITY for r in recent):
        return None
    return Verdict(
        name="diverging",
        text=f"diverging: fakes vary {_and_half(recent[-1], 'diversity')} times as much as reals; "
        "begin again with a smaller --lr, or a larger --gamma",
    )


def _far_behind(recent: Sequence[Report]) -> Verdict | None:
    right = max(_pooled(recent, side) for side in SIDES)
    if right[2] >= FAR_BEHIND_ACCURACY or max(r[side] for r in recent for side in SIDES) >= FAR_BEHIND_ACCURACY:
        return None
    return Verdict(
        name="D far behind",
        text=f"D far behind: it has been right at most {share(right)} of the time for {PATIENCE} "
        "reports, and teaches G nothing: try --d-steps 2, or a smaller --lr",
    )


def _oscillating(reports: Sequence[Report]) -> Verdict | None:
    swings = reports[-SWINGS:]
    lowest, highest = (end(swings, key=_accuracy) for end in (min, max))
    swing = difference(_right(highest), _right(lowest))
    if len(swings) < SWINGS or swing[1] < SWING_SIZE or _turns([_right(r) for r in swings]) < SWING_TURNS:
        return None
    return Verdict(
        name="oscillating",
        text=f"oscillating: D's accuracy swings between {share(_right(lowest))} and {share(_right(highest))}; "
        "try a smaller --lr, or a larger --gamma",
    )


def _turns(figures: Sequence[Figure]) -> int:
    """Count how often shares turn back, by moves that their intervals do not explain."""
    kept = [figures[0]]
    for figure in figures[1:]:
        if figure[1] > kept[-1][2] or figure[2] < kept[-1][1]:
            kept.append(figure)
    steps = [after[0] - before[0] for before, after in pairwise(kept)]
    return sum(a * b < 0 for a, b in pairwise(steps))


def _far_ahead(recent: Sequence[Report], critic: bool) -> Verdict | None:
    right = min(_pooled(recent, side) for side in SIDES)
    least = min(right[1], *(r[side] for r in recent for side in SIDES))
    if critic or least <= FAR_AHEAD_ACCURACY:
        return None
    return Verdict(
        name="D far ahead",
        text=f"D far ahead: it has been right at least {share(right)} of the time for {PATIENCE} "
        "reports; G learns little: try a smaller --lr or --g-steps 2",
    )


def _overfitting(reports: Sequence[Report]) -> Verdict | None:
    gauged = [r for r in reports if r.get("r_v") is not None][-PATIENCE:]
    if len(gauged) < PATIENCE or min(_low(r, "r_v") for r in gauged) < OVERFITTING_R_V:
        return None
    return Verdict(
        name="overfitting",
        text=f"overfitting: to D, new real images look {_and_half(gauged[-1], 'r_v')} times as wrong as fakes; "
        "try more images, or less time",
    )


def _accuracy(report: Report) -> float:
    return float(report["accuracy_real"] + report["accuracy_fake"]) / 2


def _right(report: Report) -> Figure:
    """Return how often D was right, of reals and fakes together."""
    return right_of(_accuracy(report), 2 * report["n"])


def _pooled(reports: Sequence[Report], side: str) -> Figure:
    """Return how often D was right on one side, of the images of all these reports together."""
    n = sum(r["n"] for r in reports)
    return right_of(min(1.0, sum(r[side] * r["n"] for r in reports) / n), n)


def _half(report: Report, name: str) -> float:
    """Return half of the 95 % interval of a figure; 0 where it is not told, as in old runs."""
    return float(report.get(f"{name}_half") or 0.0)


def _low(report: Report, name: str) -> float:
    return float(report[name]) - _half(report, name)


def _high(report: Report, name: str) -> float:
    return float(report[name]) + _half(report, name)


def _and_half(report: Report, name: str) -> str:
    """Write a figure of a report and half of its 95 % interval, if there is one: `0.92 ± 0.05`."""
    half = report.get(f"{name}_half")
    return plain(report[name], 3, thousands=",") + ("" if half is None else f" ± {plain(half, 2)}")
