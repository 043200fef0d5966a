"""Are samples what they were asked to be? The share that a recogniser takes for the class that was asked for.

The recogniser has learnt from the labelled training part of the data, and errs: the share of held-out reals that it
takes for what they are stands beside, and no generator is expected to do better. All have Wilson's interval (1927). The
class that is recognised least often stands for itself, as a mean hides a class that was never learnt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from faussaire.core.errors import ConfigError, UnmeasurableError
from faussaire.core.intervals import Estimate, wilson
from faussaire.evaluation.metrics.spec import Direction, Features, Meaning, Metric, Row

if TYPE_CHECKING:
    from torch import Tensor


def recognised(predicted: Tensor, asked: Tensor, *, level: float) -> Estimate:
    """Return the share of predictions int64 `[N]` that are what was asked for `[N]`.

    Raises:
        ValueError: there are none, or not as many.
    """
    if predicted.shape != asked.shape or predicted.ndim != 1 or not len(asked):
        raise ValueError("predictions and classes must be [N] of the same N, at least 1")
    return wilson(int((predicted == asked).sum()), len(asked), level=level)


def least_recognised(predicted: Tensor, asked: Tensor, *, level: float) -> Estimate:
    """Return the share of the class with the lowest one, at a level by Bonferroni, so that all classes' hold at once.

    Raises:
        ValueError: as `recognised`.
    """
    classes = sorted(set(asked.tolist()))
    shares = [
        recognised(predicted[asked == label], asked[asked == label], level=1 - (1 - level) / len(classes))
        for label in classes
    ]
    return min(shares, key=lambda share: share.value)


def _rows(features: Features) -> list[Row]:
    from faussaire.evaluation.extractors.spec import Classifier

    protocol, extractor, asked = features.protocol, features.extractor, features.fake_labels
    if not isinstance(extractor, Classifier):
        raise ConfigError(f"{protocol.name} needs an extractor that tells classes, and {extractor.name} does not")
    if asked is None:
        raise UnmeasurableError("the generator knows no classes by name: train one with --conditional")
    predicted = extractor.classify(features.fake)
    rows: list[Row] = [
        ("recognised", recognised(predicted, asked, level=protocol.level), 0, len(asked)),
        ("recognised-least", least_recognised(predicted, asked, level=protocol.level), 0, len(asked)),
    ]
    if features.real_labels is not None:
        of_reals = recognised(extractor.classify(features.real), features.real_labels, level=protocol.level)
        rows.append(("recognised-real", of_reals, len(features.real), 0))
    return rows


METRIC = Metric(
    short="rec",
    extractors=("sound-cnn",),
    classifies=True,
    compute=_rows,
    figures=(
        Meaning(
            name="recognised",
            direction=Direction.HIGHER,
            title={"en": "Recognised", "fr": "Reconnus"},
            sentence={
                "en": "The share of samples that a recogniser, trained on the labelled data, takes for the class that "
                "was asked for.",
                "fr": "La part des échantillons qu’un système de reconnaissance, entraîné sur les données étiquetées, "
                "prend pour la classe demandée.",
            },
        ),
        Meaning(
            name="recognised-least",
            direction=Direction.HIGHER,
            title={"en": "Recognised, worst class", "fr": "Reconnus, pire classe"},
            sentence={
                "en": "The same share, of the class that is recognised least often.",
                "fr": "La même part, pour la classe la moins souvent reconnue.",
            },
        ),
        Meaning(
            name="recognised-real",
            direction=Direction.NONE,
            title={"en": "Recognised, of real ones", "fr": "Reconnus, parmi les réels"},
            sentence={
                "en": "How often the recogniser is right on real ones that it has not learnt from: no generator is "
                "expected to do better.",
                "fr": "À quelle fréquence le système de reconnaissance a raison sur des exemples réels jamais appris : "
                "aucun générateur n’est censé faire mieux.",
            },
        ),
    ),
)
