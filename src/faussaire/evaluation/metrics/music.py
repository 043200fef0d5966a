"""Whether windows of four bars sound like those of the data, by the measures of the field, held-out values beside them.

Of each window: the share of empty bars, the pitch classes that it uses, and those that a bar with notes uses (MuseGAN:
Dong et al. 2018, arXiv 1709.06298, section 6.1), the notes that sound together where any does (polyphony), the share of
what sounds that lies in the major scale which fits best (scale consistency: Mogren 2016, arXiv 1611.09904), and how
alike the onsets of neighbouring bars are (groove consistency: Wu & Yang 2020, arXiv 2008.01307, section 5.2). What
sounds is counted by sixteenths, not by notes. A bar is 16 sixteenths, whatever the metre.

Each is a mean over windows with a normal interval; windows of one piece are alike, and overlap, so that the interval is
too narrow where there are few pieces. The divergence is that of Jensen and Shannon, in bits, of the pitch classes of
all windows: 0 alike, 1 nothing in common; its floor is that of one half of the reals against the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from faussaire.core.errors import UnmeasurableError
from faussaire.core.intervals import LEVEL, Estimate, half_sample_variance, normal, of_another_draw, proportion
from faussaire.core.rng import generator_for
from faussaire.evaluation.metrics.spec import Direction, Features, Meaning, Metric, Row

if TYPE_CHECKING:
    from torch import Tensor

BARS, BAR = 4, 16
MAJOR = (0, 2, 4, 5, 7, 9, 11)
"""The natural minor scales hold the same pitch classes as the major ones."""

_LEAST = 8
HELD_OUT = "-held-out"
"""What the name of a figure of the reals ends in."""


def empty_bars(sounding: Tensor) -> Tensor:
    """Return the share of silent bars `[N]` of what sounds `[N, 64, 12]`."""
    return (_by_bars(sounding).sum((2, 3)) == 0).double().mean(1)


def pitch_classes(sounding: Tensor) -> Tensor:
    """Return how many of the 12 pitch classes each window uses `[N]`."""
    return (sounding.sum(1) > 0).double().sum(1)


def pitch_classes_of_bars(sounding: Tensor) -> Tensor:
    """Return how many pitch classes a bar uses, the mean over the bars of a window that have notes `[N]`."""
    used = (_by_bars(sounding).sum(2) > 0).double().sum(2)
    return used.sum(1) / (used > 0).double().sum(1).clamp(min=1)


def polyphony(sounding: Tensor) -> Tensor:
    """Return the voices that sound together, the mean over the steps of a window where any does `[N]`."""
    together = sounding.double().sum(2)
    return together.sum(1) / (together > 0).double().sum(1).clamp(min=1)


def scale_consistency(sounding: Tensor) -> Tensor:
    """Return the share of what sounds in the best of the twelve major scales `[N]`."""
    import torch

    scale = torch.zeros(12, dtype=torch.float64)
    scale[list(MAJOR)] = 1
    scales = torch.stack([scale.roll(key) for key in range(12)], dim=1)
    classes = sounding.double().sum(1)
    return (classes @ scales).amax(1) / classes.sum(1).clamp(min=1)


def groove_consistency(beginning: Tensor) -> Tensor:
    """Return 1 less the share of steps where one bar has an onset and the next has none, or the reverse `[N]`.

    Args:
        beginning: how many notes begin at each step, `[N, 64]`.
    """
    bars = _by_bars(beginning > 0)
    differ = (bars[:, 1:] != bars[:, :-1]).double()
    return 1 - differ.mean((1, 2))


def _by_bars(steps: Tensor) -> Tensor:
    """Return `[N, 64, …]` as `[N, 4, 16, …]`."""
    return steps.reshape(len(steps), BARS, BAR, *steps.shape[2:])


def divergence(first: Tensor, second: Tensor) -> Tensor:
    """Return the Jensen–Shannon divergence in bits of two histograms `[C]` of any sums: a scalar in [0, 1]."""
    import torch

    p, q = (histogram.double() / histogram.sum().clamp(min=1e-12) for histogram in (first, second))
    m = (p + q) / 2

    def entropy(shares: Tensor) -> Tensor:
        nats: Tensor = -torch.special.xlogy(shares, shares).sum()
        return nats

    return ((entropy(m) - (entropy(p) + entropy(q)) / 2) / torch.log(torch.tensor(2.0))).clamp(min=0)


def classes_divergence(real: Tensor, fake: Tensor, *, seed: int = 0, level: float = LEVEL) -> tuple[Estimate, Estimate]:
    """Return the divergence of the pitch classes of windows `[N, 64, 12]` and `[M, 64, 12]`, and its floor.

    The floor is that of one half of the reals against the other. Of equal populations the divergence is bias alone,
    which goes with 1/N + 1/M (to second order it is a chi-square): so the halves' is brought to the numbers at hand.
    """
    import torch

    of_real, of_fake = real.sum(1), fake.sum(1)

    def between(first: Tensor, second: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
        def distances(kept: Tensor, kept_too: Tensor) -> Tensor:
            halves = zip(kept, kept_too, strict=True)
            return torch.stack([divergence(first[one].sum(0), second[other].sum(0)) for one, other in halves])

        return distances

    value = float(divergence(of_real.sum(0), of_fake.sum(0)))
    variance = half_sample_variance(between(of_real, of_fake), len(real), len(fake), seed=seed)
    half = torch.randperm(len(real), generator=generator_for(seed, "eval music floor")) < len(real) // 2
    low = float(divergence(of_real[half].sum(0), of_real[~half].sum(0)))
    among = between(of_real[half], of_real[~half])
    spread = half_sample_variance(among, int(half.sum()), int((~half).sum()), seed=seed)
    share = (1 / len(real) + 1 / len(fake)) / (1 / int(half.sum()) + 1 / int((~half).sum()))
    floor = of_another_draw(normal(share * low, share**2 * spread, level=level))
    return _above(normal(value, variance, level=level)), _above(floor)


def _above(estimate: Estimate) -> Estimate:
    return Estimate(value=estimate.value, low=max(0.0, estimate.low), high=estimate.high, level=estimate.level)


def figures(features: Tensor, *, level: float = LEVEL) -> dict[str, Estimate]:
    """Return the figures of windows by their features `[N, 832]`, by name; silent windows count for empty bars alone.

    Raises:
        UnmeasurableError: there are fewer than 8 windows with a note.
    """
    from faussaire.evaluation.extractors.music import beginning, sounding

    sounds, begins = sounding(features), beginning(features)
    heard = sounds.sum((1, 2)) > 0
    if int(heard.sum()) < _LEAST:
        raise UnmeasurableError(f"it takes {_LEAST} windows with notes or more, and there are {int(heard.sum())}")
    empty = empty_bars(sounds)
    found = {"empty-bars": proportion(float(empty.mean()), float(empty.var()) / len(empty), n=len(empty), level=level)}
    for name, values in {
        "pitch-classes": pitch_classes(sounds[heard]),
        "pitch-classes-of-bars": pitch_classes_of_bars(sounds[heard]),
        "polyphony": polyphony(sounds[heard]),
        "scale-consistency": scale_consistency(sounds[heard]),
        "groove-consistency": groove_consistency(begins[heard]),
    }.items():
        found[name] = normal(float(values.mean()), float(values.var()) / len(values), level=level)
    return found


def _rows(features: Features) -> list[Row]:
    from faussaire.evaluation.extractors.music import sounding

    level, num_real, num_fake = features.protocol.level, len(features.real), len(features.fake)
    of_real, of_fake = (figures(some, level=level) for some in (features.real, features.fake))
    rows: list[Row] = []
    for name, estimate in of_fake.items():
        rows += [(name, estimate, 0, num_fake), (f"{name}{HELD_OUT}", of_real[name], num_real, 0)]
    value, floor = classes_divergence(
        sounding(features.real), sounding(features.fake), seed=features.protocol.seed, level=level
    )
    return [*rows, ("pitch-divergence", value, num_real, num_fake), ("pitch-divergence-floor", floor, num_real, 0)]


_WORDS = {
    "empty-bars": (
        ("Empty bars", "Mesures vides"),
        ("share of bars without a note", "part des mesures sans aucune note"),
    ),
    "pitch-classes": (
        ("Pitch classes in four bars", "Classes de hauteur en quatre mesures"),
        ("how many of the twelve notes four bars use", "combien des douze notes quatre mesures emploient"),
    ),
    "pitch-classes-of-bars": (
        ("Pitch classes in a bar", "Classes de hauteur par mesure"),
        ("how many of the twelve notes one bar uses", "combien des douze notes une mesure emploie"),
    ),
    "polyphony": (
        ("Polyphony", "Polyphonie"),
        ("how many notes sound together where any does", "combien de notes sonnent ensemble là où il y en a"),
    ),
    "scale-consistency": (
        ("Scale consistency", "Constance de la gamme"),
        ("share of what sounds that lies in one scale", "part de ce qui sonne qui tient dans une seule gamme"),
    ),
    "groove-consistency": (
        ("Groove consistency", "Constance du rythme"),
        (
            "how alike the rhythms of neighbouring bars are, 1 the same",
            "à quel point les rythmes de mesures voisines se ressemblent, 1 identiques",
        ),
    ),
}  # title and what it is, in English and French


def _meanings(name: str) -> tuple[Meaning, Meaning]:
    (title, titre), (what, quoi) = _WORDS[name]
    return (
        Meaning(
            name=name,
            direction=Direction.REAL,
            title={"en": title, "fr": titre},
            sentence={"en": f"Of the samples: {what}.", "fr": f"Des échantillons : {quoi}."},
        ),
        Meaning(
            name=f"{name}{HELD_OUT}",
            direction=Direction.NONE,
            title={"en": f"{title}, held-out music", "fr": f"{titre}, musique mise de côté"},
            sentence={
                "en": f"Of music that was held out of training: {what}.",
                "fr": f"De la musique mise de côté, hors de l’entraînement : {quoi}.",
            },
        ),
    )


METRIC = Metric(
    short="music",
    extractors=("music",),
    compute=_rows,
    figures=(
        *(meaning for name in _WORDS for meaning in _meanings(name)),
        Meaning(
            name="pitch-divergence",
            direction=Direction.LOWER,
            title={"en": "Divergence of the pitch classes", "fr": "Divergence des classes de hauteur"},
            sentence={
                "en": "How far the shares of the twelve notes are from those of held-out music: 0 alike, 1 bit "
                "disjoint.",
                "fr": "À quelle distance les parts des douze notes sont de celles de la musique mise de côté : 0 "
                "pareilles, 1 bit disjointes.",
            },
        ),
        Meaning(
            name="pitch-divergence-floor",
            direction=Direction.NONE,
            title={"en": "The same, reals against reals", "fr": "La même, réelles contre réelles"},
            sentence={
                "en": "What one half of the held-out music gets against the other, brought to as many windows as "
                "the figure is of: about what a perfect generator would get.",
                "fr": "Ce qu’une moitié de la musique mise de côté obtient contre l’autre, ramené au nombre de "
                "fenêtres de la mesure : à peu près ce qu’aurait un générateur parfait.",
            },
        ),
    ),
)
