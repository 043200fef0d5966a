"""The verdicts on a generator, from the figures of its evaluation. An interval, not its middle, decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from faussaire.core.decimals import p_value as written
from faussaire.evaluation.verdicts.verdict import Figure, Tone, Verdict, difference, share

if TYPE_CHECKING:
    from faussaire.evaluation.memorisation import Memorisation

NOISE_BELOW = 0.05
COLLAPSED_COVERAGE = 0.2
COLLAPSED_CLASSES = 0.7
COPIER_P = 0.001
SUSPICIOUS_P = 0.05
ROUGH_BELOW = 0.4
"""Share of the samples among the reals, or of the reals among the samples, below which a generator is rough."""
ROUGH_LINES = 2.0
"""Times the divergence of real lines, above which lines are rough; two letters known of every three give 2.4."""
LEAST_NEW = 0.2


def judge_figures(
    figures: Mapping[str, Figure], *, num_classes: int = 0, copier_p: float | None = None
) -> list[Verdict]:
    """Judge a generator by its figures, the gravest first.

    Args:
        figures: value and both ends of its interval, by name of the metric.
        num_classes: classes that the reals have; 0 where there are no labels.
        copier_p: p-value of the test for copies; None where there was none.
    """
    copies = _copier(copier_p) or _repeats(figures)
    found = [copies, _noise(figures) or _lost_classes(figures, num_classes) or _uncovered(figures)]
    grave = [verdict for verdict in found if verdict is not None]
    quality = _quality_of_lines(figures) or _quality(figures)
    return grave if grave or quality is None else [quality]


def _copier(p_value: float | None) -> Verdict | None:
    if p_value is None or p_value >= COPIER_P:
        return None
    return Verdict(
        name="copier",
        text=f"copier: samples are nearer to training images than new images are ({written(p_value)}); "
        "look at the closest pairs, and train for less time or on more images",
        facts={"p": p_value},
    )


def _noise(figures: Mapping[str, Figure]) -> Verdict | None:
    precision, coverage = figures.get("precision"), figures.get("coverage")
    if not precision or precision[2] >= NOISE_BELOW or (coverage and coverage[2] >= NOISE_BELOW):
        return None
    return Verdict(
        name="noise",
        text=f"noise: only {share(precision)} of the samples look like any real image; train for longer, "
        "or begin again with a smaller --lr",
        facts={"precision": precision},
    )


def _lost_classes(figures: Mapping[str, Figure], num_classes: int) -> Verdict | None:
    known = figures.get("classes-known")
    if not known or not num_classes or known[2] > COLLAPSED_CLASSES * num_classes:
        return None
    return Verdict(
        name="collapsed",
        text=f"collapsed: the samples show {known[0]:.0f} [{known[1]:.0f}, {known[2]:.0f}] of "
        f"{num_classes} classes; begin again with a smaller --lr or another --seed",
        sentence="lost_classes",
        facts={"classes_known": known, "num_classes": num_classes},
    )


def _uncovered(figures: Mapping[str, Figure]) -> Verdict | None:
    precision, coverage = figures.get("precision"), figures.get("coverage")
    if not coverage or not precision or coverage[2] >= COLLAPSED_COVERAGE or precision[1] <= coverage[2]:
        return None
    return Verdict(
        name="collapsed",
        text=f"collapsed: the samples cover only {share(coverage)} of the reals; "
        "begin again with a smaller --lr or another --seed",
        sentence="uncovered",
        facts={"coverage": coverage},
    )


def _repeats(figures: Mapping[str, Figure]) -> Verdict | None:
    new = figures.get("new")
    if not new or new[2] >= LEAST_NEW:
        return None
    return Verdict(
        name="copier",
        text=f"copier: only {share(new)} of the lines are new, the others are lines of the training data; train for "
        "less time or on more lines",
        sentence="repeats",
        facts={"new": new},
    )


def _quality_of_lines(figures: Mapping[str, Figure]) -> Verdict | None:
    """Judge lines by how much further their groups of three letters are from held-out lines than those of real ones."""
    ours, floor, model = (figures.get(f"letters-3{suffix}") for suffix in ("", "-floor", "-model"))
    if not ours or not floor or not model or floor[0] <= 0:
        return None
    beyond = difference(ours, (ROUGH_LINES * floor[0], ROUGH_LINES * floor[1], ROUGH_LINES * floor[2]))
    text = (
        f"groups of three letters are {ours[0] / floor[0]:.2f} times as far from new lines as those of real lines are "
        f"(a 4-gram model: {model[0] / floor[0]:.2f})"
    )
    name = "rough" if beyond[1] > 0 else "sound" if beyond[2] <= 0 else "undecided"
    facts = {"letters_3": ours, "times": ours[0] / floor[0], "model_times": model[0] / floor[0]}
    return Verdict(name=name, text=f"{name}: {text}", sentence=f"{name}_lines", facts=facts)


def _quality(figures: Mapping[str, Figure]) -> Verdict | None:
    precision, recall = figures.get("precision"), figures.get("recall")
    if not precision or not recall:
        return None
    text = f"{share(precision)} of samples lie among the reals, {share(recall)} of reals among the samples"
    low, high = (min(precision[end], recall[end]) for end in (1, 2))
    name, only = ("rough", "only ") if high < ROUGH_BELOW else ("sound" if low >= ROUGH_BELOW else "undecided", "")
    return Verdict(name=name, text=f"{name}: {only}{text}", facts={"precision": precision, "recall": recall})


def say_of_copies(copies: Memorisation) -> str:
    """Say what the test for copies came to; its p-value is printed beside it."""
    if copies.is_copier:
        return (
            "The generator copies: its samples are nearer to training images than new real images are, and by more "
            "than chance explains."
        )
    if copies.p_value < SUSPICIOUS_P:
        return (
            "Not called a copier, but the samples are nearer to training images than expected: more samples or more "
            "held-out images would tell."
        )
    if copies.with_few:
        return (
            f"Copies can hardly be found: {copies.num_held_out:,} held-out images show a generator that copies nearly "
            "always, and no other; look at the closest pairs."
        )
    return "No sign of copying: the samples are no nearer to training images than new real images are."


def tone_of_copies(copies: Memorisation) -> Tone:
    """Return good only where copies were looked for with enough held-out images, and nothing spoke for them."""
    if copies.is_copier:
        return "bad"
    return "open" if copies.with_few or copies.p_value < SUSPICIOUS_P else "good"
