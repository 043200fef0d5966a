"""Protocols: named recipes that pin everything a figure depends on, so that two figures of one name may be compared.

A name reads metric, number of samples, extractor: `fd10k-efficientnet-lite0`. Only with Inception-v3 do the names of
the literature, `fid` and `kid`, appear. When there are fewer images than a protocol asks for, it is computed on those
that there are, under the name that this makes it, and with a note: `fd3000-efficientnet-lite0`, or, of 1,024 real and
10,000 generated images, `fd1024x10k-efficientnet-lite0`.

A figure's name says besides which reals it was held against, by a mark: `fd1024x10k-efficientnet-lite0@3fa2c1`; and of
an extractor that was fitted to the data of a run, which fit that was: `div10k-labels-cnn.5b0e@3fa2c1`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from faussaire.core.errors import ConfigError
from faussaire.core.intervals import LEVEL
from faussaire.core.rng import generator_for
from faussaire.evaluation.metrics import METRICS
from faussaire.evaluation.metrics.spec import Features, Row

if TYPE_CHECKING:
    from torch import Tensor

    from faussaire.evaluation.extractors.spec import Extractor


NO_WEIGHTS_SHA256 = hashlib.sha256(b"").hexdigest()  # of an extractor that has none

Labels = tuple["Tensor | None", "Tensor | None"]
"""Classes of reals int64 [R] and of fakes [F]; None where they are not known, or none were asked for."""


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
        generated = "" if self.n_fake == self.n_real else f"x{_count(self.n_fake)}"
        return f"{short}{_count(self.n_real)}{generated}-{self.extractor}"


@dataclass(frozen=True, kw_only=True)
class Score:
    """One row: a figure with all that it takes to trust it. `dataclasses.asdict` of it is plain JSON."""

    protocol: str
    """Name of the protocol, with the number of samples that were there, and the mark of the reals: figures of one
    name may be compared, others not."""
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


def compute(
    protocol: Protocol,
    real: Tensor,
    fake: Tensor,
    extractor: Extractor,
    *,
    reals: str,
    nimg: int | None = None,
    labels: Labels = (None, None),
) -> list[Score]:
    """Compute the figures of a protocol.

    Args:
        protocol: the recipe, as in PROTOCOLS.
        real, fake: features of all the real images that there are, [R, D], and of generated ones, [F, D].
        extractor: what they were computed with.
        reals: names the real images; see `mark_of`.
        nimg: images that the run had seen.
        labels: classes of `real`, int64 [R], and those that the generator was asked for, int64 [F].

    Raises:
        ConfigError: the features are another extractor's than the protocol's.
        UnmeasurableError: there are too few samples for the metric, or they are all alike.
        ValueError: a feature is not finite.
    """
    if extractor.name != protocol.extractor:
        raise ConfigError(f"{protocol.name} needs features of {protocol.extractor}, not of {extractor.name}")
    drawn = _drawn(len(real), protocol.n_real, protocol.seed, "real")
    fakes = _drawn(len(fake), protocol.n_fake, protocol.seed, "fake")
    used = Features(
        protocol=protocol,
        extractor=extractor,
        real=real[drawn],
        fake=fake[fakes],
        every_real=real,
        real_labels=None if labels[0] is None else labels[0][drawn],
        fake_labels=None if labels[1] is None else labels[1][fakes],
    )
    actual = replace(protocol, n_real=len(used.real), n_fake=len(used.fake))
    note = "" if actual == protocol else _smaller(protocol, actual)
    name = f"{actual.name}{_fit_of(extractor)}@{mark_of(reals)}"
    return [
        _score(name, row, extractor, seed=protocol.seed, nimg=nimg, note=note)
        for row in METRICS[protocol.metric].compute(used)
    ]


def mark_of(reals: str) -> str:
    """Return the six letters that stand for real images in the names of the figures that are held against them.

    Args:
        reals: which part of the data, and its fingerprint: `held-out:4be1…`, `train:…`, or `all:…` of another source.
    """
    return hashlib.sha256(reals.encode()).hexdigest()[:6]


def _fit_of(extractor: Extractor) -> str:
    """Return what tells an extractor that was fitted to data of a run from others of its name; nothing of any other."""
    from faussaire.evaluation.extractors import EXTRACTORS  # torch

    if extractor.name in EXTRACTORS:
        return ""  # its name pins its weights
    return "." + hashlib.sha256(f"{extractor.version} {extractor.sha256}".encode()).hexdigest()[:4]


def _smaller(protocol: Protocol, actual: Protocol) -> str:
    """Say that there were fewer samples than a protocol asks for, in the same words for all protocols of its size."""
    return (
        f"{protocol.n_real:,} real and {protocol.n_fake:,} generated images are asked for; {actual.n_real:,} and"
        f" {actual.n_fake:,} were there"
    )


def _score(protocol: str, row: Row, extractor: Extractor, *, seed: int, nimg: int | None, note: str) -> Score:
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


SIZES = {
    "efficientnet-lite0": (2_000, 10_000, 50_000),
    "inception-v3": (10_000, 50_000),
    "music": (2_000, 10_000),
    "pixels-dct": (2_000, 10_000),
    "values": (2_000, 10_000),
    "letter-groups": (2_000, 10_000),
    "labels-cnn": (2_000, 10_000),
    "sound-cnn": (2_000, 10_000),
}
"""Numbers of samples that there are protocols for, by extractor whose features are far apart where samples differ."""

OF_A_KIND = (2_000, 10_000)
"""The same, of an extractor that metrics of one kind of data name."""


def _protocols() -> dict[str, Protocol]:
    named = {extractor for metric in METRICS.values() for extractor in metric.extractors}
    every = [
        Protocol(metric=name, extractor=extractor, n_real=n, n_fake=n, k=metric.k)
        for extractor, numbers in {**SIZES, **dict.fromkeys(sorted(named - set(SIZES)), OF_A_KIND)}.items()
        for n in numbers
        for name, metric in METRICS.items()
        if extractor in (metric.extractors or SIZES)
    ]
    return {protocol.name: protocol for protocol in every}


def _drawn(count: int, n: int, seed: int, which: str) -> Tensor | slice:
    """Return n places of `count` at random, or all of them where there are no more."""

    import torch

    if count <= n:
        return slice(None)
    return torch.randperm(count, generator=generator_for(seed, f"eval drawn {which}"))[:n]


def _count(n: int) -> str:
    return f"{n // 1000}k" if n >= 10_000 and n % 1000 == 0 else str(n)


PROTOCOLS: dict[str, Protocol] = _protocols()
