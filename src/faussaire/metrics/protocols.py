"""Protocols: named recipes that pin everything a figure depends on, so that two figures of one name may be compared.

A name reads metric, number of samples, extractor: `fd10k-efficientnet-lite0`. Only with Inception-v3 do the names of
the literature, `fid` and `kid`, appear. When there are fewer images than a protocol asks for, it is computed on those
that there are, under the name that this makes it (`fd3000-efficientnet-lite0`), and with a note.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from faussaire.errors import ConfigError
from faussaire.metrics.distances import diversity, kernel_distance
from faussaire.metrics.features import Extractor
from faussaire.metrics.frechet import frechet_estimates, frechet_floor
from faussaire.metrics.intervals import LEVEL, Estimate
from faussaire.metrics.neighbours import density_coverage, precision_recall
from faussaire.rng import generator_for


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """Everything that a figure depends on, but for the images."""

    metric: str
    """One of METRICS."""
    extractor: str
    """Name of the extractor, one of EXTRACTORS."""
    n_real: int
    """Real images, drawn at random where there are more."""
    n_fake: int
    """Generated images."""
    k: int = 0
    """Which nearest neighbour; 0 where the metric has none."""
    level: float = LEVEL
    """Coverage of the intervals."""
    seed: int = 0
    """Of the images drawn, and of the halves that some intervals come from."""

    @property
    def name(self) -> str:
        """The name under which the figures are printed."""
        short = METRICS[self.metric].short
        if self.extractor == "inception-v3":
            short = {"fd": "fid", "kd": "kid"}.get(short, short)
        return f"{short}{_count(min(self.n_real, self.n_fake))}-{self.extractor}"


@dataclass(frozen=True, kw_only=True)
class Score:
    """One row: a figure with all that it takes to trust it. `dataclasses.asdict` of it is plain JSON."""

    protocol: str
    """Name of the protocol, with the number of samples that were there."""
    metric: str
    """Which of the protocol's figures this is."""
    value: float
    """The figure."""
    low: float
    """Lower end of the interval."""
    high: float
    """Upper end of the interval."""
    level: float
    """Coverage of the interval."""
    n_real: int
    """Real images used."""
    n_fake: int
    """Generated images used; real ones in their place for `frechet-floor`."""
    extractor: str
    """Name and version of the extractor."""
    extractor_sha256: str
    """SHA-256 of its weights."""
    seed: int
    """The protocol's seed."""
    nimg: int | None = None
    """Images that the generator's run had seen, where it is known."""
    note: str = ""
    """What a reader must know to compare the figure; empty when it is the protocol as pinned."""


Row = tuple[str, Estimate, int, int]
"""Metric, figure, n_real, n_fake."""


@dataclass(frozen=True)
class Metric:
    """A metric as a protocol computes it."""

    short: str
    """What names begin with."""
    compute: Callable[[Protocol, Tensor, Tensor, Tensor], list[Row]]
    """Takes the protocol, the reals and fakes used, and all reals: features [N, D], [M, D], [R, D]."""


def compute(
    protocol: Protocol, real: Tensor, fake: Tensor, extractor: Extractor, *, nimg: int | None = None
) -> list[Score]:
    """Compute the figures of a protocol.

    Args:
        protocol: the recipe, as in PROTOCOLS.
        real: features of all the real images that there are, [R, D].
        fake: features of generated images, [F, D].
        extractor: what they were computed with.
        nimg: images that the run had seen.

    Raises:
        ConfigError: the features are another extractor's than the protocol's.
        ValueError: there are too few samples for the metric, or a feature is not finite.
    """
    if extractor.name != protocol.extractor:
        raise ConfigError(f"{protocol.name} needs features of {protocol.extractor}, not of {extractor.name}")
    used_real = _drawn(real, protocol.n_real, protocol.seed, "real")
    used_fake = _drawn(fake, protocol.n_fake, protocol.seed, "fake")
    actual = replace(protocol, n_real=len(used_real), n_fake=len(used_fake))
    note = ""
    if actual != protocol:
        note = (
            f"{protocol.name} asks for {protocol.n_real:,} real and {protocol.n_fake:,} generated images;"
            f" {len(used_real):,} and {len(used_fake):,} were there"
        )
    return [
        score_row(actual.name, row, extractor, seed=protocol.seed, nimg=nimg, note=note)
        for row in METRICS[protocol.metric].compute(protocol, used_real, used_fake, real)
    ]


def score_row(
    protocol: str, row: Row, extractor: Extractor, *, seed: int, nimg: int | None = None, note: str = ""
) -> Score:
    """Return a figure as the row that people see, with all that it takes to trust it."""
    metric, estimate, n_real, n_fake = row
    return Score(
        protocol=protocol,
        metric=metric,
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        level=estimate.level,
        n_real=n_real,
        n_fake=n_fake,
        extractor=f"{extractor.name} {extractor.version}",
        extractor_sha256=extractor.sha256,
        seed=seed,
        nimg=nimg,
        note=note,
    )


def _frechet(protocol: Protocol, real: Tensor, fake: Tensor, every_real: Tensor) -> list[Row]:
    both = frechet_estimates(real, fake, seed=protocol.seed, level=protocol.level)
    rows: list[Row] = [("frechet", both.at_n, len(real), len(fake))]
    if both.at_infinity is not None:
        rows.append(("frechet-infinity", both.at_infinity, len(real), len(fake)))
    floor, size = frechet_floor(every_real, len(fake), seed=protocol.seed, level=protocol.level)
    return [*rows, ("frechet-floor", floor, size, size)]


def _kernel(protocol: Protocol, real: Tensor, fake: Tensor, _: Tensor) -> list[Row]:
    return [("kernel", kernel_distance(real, fake, level=protocol.level), len(real), len(fake))]


def _precision_recall(protocol: Protocol, real: Tensor, fake: Tensor, _: Tensor) -> list[Row]:
    pair = precision_recall(real, fake, k=protocol.k, seed=protocol.seed, level=protocol.level)
    names = ("precision", "recall")
    return [(name, figure, len(real), len(fake)) for name, figure in zip(names, pair, strict=True)]


def _density_coverage(protocol: Protocol, real: Tensor, fake: Tensor, _: Tensor) -> list[Row]:
    pair = density_coverage(real, fake, k=protocol.k, seed=protocol.seed, level=protocol.level)
    names = ("density", "coverage")
    return [(name, figure, len(real), len(fake)) for name, figure in zip(names, pair, strict=True)]


def _diversity(protocol: Protocol, real: Tensor, fake: Tensor, _: Tensor) -> list[Row]:
    return [("diversity", diversity(real, fake, level=protocol.level), len(real), len(fake))]


METRICS: dict[str, Metric] = {
    "frechet": Metric("fd", _frechet),
    "kernel": Metric("kd", _kernel),
    "precision-recall": Metric("pr", _precision_recall),
    "density-coverage": Metric("dc", _density_coverage),
    "diversity": Metric("div", _diversity),
}


def _protocols() -> dict[str, Protocol]:
    sizes = {
        "efficientnet-lite0": (2_000, 10_000, 50_000),
        "inception-v3": (10_000, 50_000),
        "pixels-dct": (2_000, 10_000),
        "labels-cnn": (2_000, 10_000),
    }
    neighbours = {"precision-recall": 3, "density-coverage": 5}
    every = [
        Protocol(metric=metric, extractor=extractor, n_real=n, n_fake=n, k=neighbours.get(metric, 0))
        for extractor, numbers in sizes.items()
        for n in numbers
        for metric in METRICS
    ]
    return {protocol.name: protocol for protocol in every}


def _drawn(features: Tensor, n: int, seed: int, which: str) -> Tensor:
    """Return n rows at random, or all of them where there are no more."""
    if len(features) <= n:
        return features
    order = torch.randperm(len(features), generator=generator_for(seed, f"eval drawn {which}"))
    return features[order[:n]]


def _count(n: int) -> str:
    return f"{n // 1000}k" if n >= 10_000 and n % 1000 == 0 else str(n)


PROTOCOLS: dict[str, Protocol] = _protocols()
