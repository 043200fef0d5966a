"""How lines compare with others that were held out: by their groups of letters, by their lengths, and how many are new.

The Jensen-Shannon divergence (Lin 1991, IEEE Trans. Inf. Theory 37, 145, eq. 4.1; in bits, 0 to 1) of the shares of
groups of one to four letters, the edges of a line counting as a letter. It falls with the number of lines, so every
figure has two others beside it, of as many lines: the floor, of training lines, which no generator can be expected to
pass, and that of a 4-gram model fitted to the training part (fourgrams.py).
Intervals by the jackknife over twenty groups of lines, of either side; shares that are new by Wilson.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from faussaire.core.errors import ConfigError, UnmeasurableError
from faussaire.core.intervals import Estimate, normal, wilson
from faussaire.evaluation.metrics.spec import Direction, Features, Meaning, Metric, Row

if TYPE_CHECKING:
    from torch import Tensor

LONGEST = 4
PARTS = 20  # of the lines, each left out in turn
LEAST = 2 * PARTS


def groups_of(lines: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the groups of `size` letters in lines int64 `[N, L]`, as numbers `[M]`, and the line of each `[M]`.

    Single letters are counted without the edges of lines, longer groups with them.
    """
    edge = np.zeros((len(lines), 1), np.int64)
    padded = lines if size == 1 else np.concatenate([edge, lines, edge], axis=1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, size, axis=1)
    # An edge may be the first or the last letter of a group, and never stands inside, or alone.
    is_group = (windows[:, :, 1:-1] > 0).all(2) & (windows > 0).any(2)
    of_line, place = np.nonzero(is_group)
    code = np.zeros(len(of_line), np.int64)
    for letter in windows[of_line, place].T:
        code = code * 2048 + letter
    return code, of_line


def divergence(real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """Return the Jensen-Shannon divergence in bits, `[P]`, of the shares that counts `[P, K]` are of their sums."""
    p, q = (counts / np.maximum(1, counts.sum(-1, keepdims=True)) for counts in (real, fake))
    middle = np.maximum((p + q) / 2, 1e-300)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = sum(np.where(share > 0, share * np.log2(share / middle), 0.0) for share in (p, q))
    found: np.ndarray = np.clip(0.5 * np.sum(terms, axis=-1), 0.0, 1.0)
    return found


def distinct_share(lines: np.ndarray, level: float) -> Estimate:
    """Return how many different lines there are among lines `[N, L]`, as a share of them."""
    counts = _counts([(np.unique(lines, axis=0, return_inverse=True)[1].ravel(), np.arange(len(lines)))])[0]
    kept = counts.sum(0) - counts
    without = (kept > 0).sum(1) / kept.sum(1)
    value = len(np.unique(lines, axis=0)) / len(lines)
    return _shared(value, without, level)


def compared(real: tuple[np.ndarray, np.ndarray], fake: tuple[np.ndarray, np.ndarray], level: float) -> Estimate:
    """Return the divergence of what reals and fakes hold, each as numbers `[M]` and the line `[M]` of each."""
    reals, fakes = _counts([real, fake])
    value = float(divergence(reals.sum(0), fakes.sum(0)))
    variance = _variance(divergence(reals.sum(0) - reals, fakes.sum(0)[None])) + _variance(
        divergence(reals.sum(0)[None], fakes.sum(0) - fakes)
    )
    found = normal(value, variance, level=level)
    return Estimate(value=value, low=max(0.0, found.low), high=min(1.0, found.high), level=level)


def _counts(sides: list[tuple[np.ndarray, np.ndarray]]) -> list[np.ndarray]:
    """Return how often each number occurs in each of PARTS parts of the lines: `[PARTS, K]` for each side."""
    known, places = np.unique(np.concatenate([numbers for numbers, _ in sides]), return_inverse=True)
    ends = np.cumsum([len(numbers) for numbers, _ in sides])[:-1]
    found = []
    for here, (_, of_line) in zip(np.split(places.ravel(), ends), sides, strict=True):
        counts = np.bincount(of_line % PARTS * len(known) + here, minlength=PARTS * len(known))
        found.append(counts.reshape(PARTS, len(known)))
    return found


def _variance(without: np.ndarray) -> float:
    """Return the jackknife variance of a figure from its values with each part left out."""
    return float(np.square(without - without.mean()).sum()) * (len(without) - 1) / len(without)


def _shared(value: float, without: np.ndarray, level: float) -> Estimate:
    found = normal(value, _variance(without), level=level)
    return Estimate(value=value, low=max(0.0, found.low), high=min(1.0, found.high), level=level)


def _rows(features: Features) -> list[Row]:
    from faussaire.evaluation.extractors.lines import LinesExtractor

    protocol, extractor = features.protocol, features.extractor
    if not isinstance(extractor, LinesExtractor):
        raise ConfigError(f"{protocol.name} needs an extractor of lines, and {extractor.name} is none")
    real, seen = _lines(features.real), extractor.seen(len(features.fake), seed=protocol.seed)
    count = min(len(seen), len(features.fake))
    if min(count, len(real)) < LEAST:
        raise UnmeasurableError(f"it takes {LEAST} lines or more on either side")
    written = extractor.model.write(count, seed=protocol.seed)
    rows: list[Row] = []
    for suffix, lines in (("", _lines(features.fake)[:count]), ("-floor", seen), ("-model", written)):
        figures = {f"letters-{n}": compared(groups_of(real, n), groups_of(lines, n), protocol.level) for n in SIZES}
        figures["lengths"] = compared(_lengths(real), _lengths(lines), protocol.level)
        figures["distinct"] = distinct_share(lines, protocol.level)
        if suffix != "-floor":
            figures["new"] = wilson(int(extractor.are_new(lines).sum()), count, level=protocol.level)
        rows += [(name + suffix, figure, len(real), count) for name, figure in figures.items()]
    order = {figure.name: place for place, figure in enumerate(METRIC.figures)}
    return sorted(rows, key=lambda row: order[row[0]])


def _lines(features: Tensor) -> np.ndarray:
    numbers: np.ndarray = features.numpy().astype(np.int64)
    return numbers


def _lengths(lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (lines > 0).sum(1), np.arange(len(lines))


SIZES = range(1, LONGEST + 1)

_LETTERS = {"en": "Letters", "fr": "Lettres"}
_FIGURES = {
    **{
        f"letters-{n}": (
            Direction.LOWER,
            {"en": f"Groups of {n} letters", "fr": f"Groupes de {n} lettres"} if n > 1 else _LETTERS,
            {
                "en": "How far the shares of such groups are from those in lines that were held out: 0 alike, 1 with "
                "nothing in common. It falls with the number of lines: read it beside its floor.",
                "fr": "À quelle distance les proportions de ces groupes sont de celles des lignes mises de côté : 0 "
                "pareilles, 1 rien en commun. Elle baisse avec le nombre de lignes : à lire à côté de son plancher.",
            },
        )
        for n in SIZES
    },
    "lengths": (
        Direction.LOWER,
        {"en": "Lengths of the lines", "fr": "Longueurs des lignes"},
        {
            "en": "How far the lengths of the lines are from those of lines that were held out: 0 alike.",
            "fr": "À quelle distance les longueurs des lignes sont de celles des lignes mises de côté : 0 pareilles.",
        },
    ),
    "distinct": (
        Direction.HIGHER,
        {"en": "Different lines", "fr": "Lignes différentes"},
        {
            "en": "How many different lines there are among so many, as a share of them.",
            "fr": "Combien de lignes différentes il y a parmi elles, en proportion.",
        },
    ),
    "new": (
        Direction.HIGHER,
        {"en": "New lines", "fr": "Lignes nouvelles"},
        {
            "en": "The share of lines that the training part has not.",
            "fr": "La proportion des lignes que la partie d’entraînement ne contient pas.",
        },
    ),
}  # fmt: skip

_BESIDE = {
    "": None,
    "-floor": (
        {"en": "of real lines", "fr": "de lignes réelles"},
        {
            "en": "The same figure of as many training lines: no generator can be expected to do better.",
            "fr": "Le même chiffre pour autant de lignes d’entraînement : aucun générateur ne peut faire mieux.",
        },
    ),
    "-model": (
        {"en": "of a 4-gram model", "fr": "d’un modèle 4-gramme"},
        {
            "en": "The same figure of as many lines by a 4-gram model, which counts which letter follows which three.",
            "fr": "Le même chiffre pour autant de lignes d’un modèle 4-gramme, qui compte quelle lettre en suit trois.",
        },
    ),
}


def _meanings() -> tuple[Meaning, ...]:
    """Return what each figure means, those that stand beside one after it."""
    found = []
    for name, (direction, title, sentence) in _FIGURES.items():
        for suffix, beside in _BESIDE.items():
            if beside is None:
                found.append(Meaning(name=name, direction=direction, title=title, sentence=sentence))
            elif (name, suffix) != ("new", "-floor"):
                whose, said = beside
                titles = {language: f"{title[language]}, {whose[language]}" for language in title}
                found.append(Meaning(name=name + suffix, direction=Direction.NONE, title=titles, sentence=said))
    return tuple(found)


METRIC = Metric(short="lines", extractors=("lines",), compute=_rows, figures=_meanings())
