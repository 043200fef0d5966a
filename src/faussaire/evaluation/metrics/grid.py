"""A grid of two pixels' period: the power of the samples at the Nyquist rows and columns, over that of the reals.

The features are those powers, by image. 1 is as in the reals; a grid that one sees is 3 and more (12 was measured under
a run of 64 × 64 photographs, docs/LAB.md), and a blur that takes the finest detail away is below 1.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from faussaire.core.errors import UnmeasurableError
from faussaire.core.intervals import LEVEL, Estimate, as_features, normal
from faussaire.evaluation.metrics.spec import Direction, Features, Meaning, Metric, Row

if TYPE_CHECKING:
    from torch import Tensor


def ratio_of_means(real: Tensor, fake: Tensor, *, level: float = LEVEL) -> Estimate:
    """Return the mean of fakes [M] over that of reals [N], both positive.

    The interval covers the ratio of the two expectations, by the normal approximation of its logarithm.

    Raises:
        UnmeasurableError: a set has fewer than two values.
    """
    means, variance = [], 0.0
    for name, values in (("real", real), ("fake", fake)):
        column = as_features(values[:, None], name=name)[:, 0]
        mean = float(column.mean())
        if mean <= 0:
            raise UnmeasurableError(f"{name} have no power to compare")
        means.append(mean)
        variance += float(column.var()) / len(column) / mean**2
    found = normal(math.log(means[1] / means[0]), variance, level=level)
    return Estimate(value=means[1] / means[0], low=math.exp(found.low), high=math.exp(found.high), level=level)


LEAST = 8  # real images, as for the other figures


def _rows(features: Features) -> list[Row]:
    if len(features.real) < LEAST:
        raise UnmeasurableError(f"{LEAST} real images or more are needed, not {len(features.real)}")
    real, fake = features.real, features.fake
    return [
        (name, ratio_of_means(real[:, i], fake[:, i], level=features.protocol.level), len(real), len(fake))
        for i, name in enumerate(("grid-rows", "grid-columns"))
    ]


METRIC = Metric(
    short="grid",
    compute=_rows,
    extractors=("nyquist",),
    figures=(
        Meaning(
            name="grid-rows",
            direction=Direction.ONE,
            title={"en": "Grid of every other row", "fr": "Trame d’une ligne sur deux"},
            sentence={
                "en": "How strong a pattern that changes from each row of pixels to the next is in the samples, over "
                "how strong it is in real images; well above 1, a grid lies over them, well below, they are blurred.",
                "fr": "La force, dans les échantillons, d’un motif qui change à chaque ligne de pixels, divisée par "
                "celle qu’il a dans les images réelles ; bien au-dessus de 1, une trame les recouvre, bien "
                "au-dessous, ils sont flous.",
            },
        ),
        Meaning(
            name="grid-columns",
            direction=Direction.ONE,
            title={"en": "Grid of every other column", "fr": "Trame d’une colonne sur deux"},
            sentence={
                "en": "The same for a pattern that changes from each column of pixels to the next.",
                "fr": "De même pour un motif qui change à chaque colonne de pixels.",
            },
        ),
    ),
)
