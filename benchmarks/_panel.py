"""Five judges of samples, and the one number that decides between two contestants.

Three classifiers of the very data (benchmarks/_judge.py), 10,000 samples against the test images; EfficientNet-Lite0,
which has seen photographs only, and pixels-dct, which knows nothing, on 5,000 of each. Each gives a Fréchet distance.
Contestant against contestant: the geometric mean over judges of the ratio of their distances, with an interval over
the seeds that both were trained with. Whoever wins before fewer than four of five judges has not won.

A figure is kept beside the judges, by digests of judge, data and samples: a file that was judged is not judged again.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from _datasets import ImageSet
from _judge import as_real, cache, judges_of
from faussaire.core.intervals import LEVEL, Estimate, student_quantile
from faussaire.core.rng import draw_places
from faussaire.evaluation.extractors import EXTRACTORS
from faussaire.evaluation.metrics.frechet import frechet_estimates

BY_CLASSIFIERS, BY_OTHERS = 10_000, 5_000
OTHERS = ("efficientnet-lite0", "pixels-dct")
VERSION = 1  # one more whenever a figure here comes about in another way
FLOOR = "floor: training images"


@dataclass(frozen=True)
class PanelJudge:
    """One of the five."""

    name: str
    sha256: str
    features: Callable[[np.ndarray], Tensor]
    """Of uint8 images `[N, C, H, W]`: `[N, D]`."""

    most: int
    """Samples, and reals, that it looks at."""


class Panel:
    """The judges of a data set, and what they make of its test images."""

    def __init__(self, data: ImageSet) -> None:
        self.data = data
        self.digest = data.digest()
        self.judges = [PanelJudge(j.name, j.sha256, j.features, BY_CLASSIFIERS) for j in judges_of(data)]
        for name in OTHERS:
            extractor = EXTRACTORS[name]()
            version = f"{extractor.version}:{extractor.sha256}"
            self.judges.append(PanelJudge(name, version, lambda x, e=extractor: e(as_real(x)), BY_OTHERS))
        self._real: dict[str, Tensor] = {}
        self._fake: dict[str, Tensor] = {}  # of the samples that were looked at last
        self._fake_digest = ""

    def distances(self, samples: np.ndarray) -> dict[str, Estimate]:
        """Return the Fréchet distance of uint8 samples `[N, C, H, W]` to the test images, by judge."""
        if samples.dtype != np.uint8 or samples.shape[1:] != self.data.test.shape[1:] or len(samples) < 4:
            shape = ", ".join(map(str, self.data.test.shape[1:]))
            raise SystemExit(
                f"samples of {self.data.name} are uint8 [N, {shape}], not {samples.dtype} {list(samples.shape)}"
            )
        digest = _digest_of(samples)
        return {judge.name: self._distance(judge, samples, digest) for judge in self.judges}

    def floor(self) -> dict[str, Estimate]:
        """Return the distances of as many random training images: what a generator that knows them by heart gets."""
        return self.distances(_drawn(self.data.train, BY_CLASSIFIERS, "floor"))

    def real_features(self, judge: PanelJudge) -> Tensor:
        """Return what a judge sees in the test images, `[N, D]`: at most as many as it looks at."""
        if judge.name not in self._real:
            path = _kept("reals", judge.sha256, self.digest).with_suffix(".npy")
            if not path.is_file():
                _write(path, judge.features(_drawn(self.data.test, judge.most, "reals")).numpy())
            self._real[judge.name] = torch.from_numpy(np.load(path))
        return self._real[judge.name]

    def fake_features(self, judge: PanelJudge, samples: np.ndarray) -> Tensor:
        """Return what a judge sees in samples uint8 `[N, C, H, W]`: `[M, D]`, M at most as many as it looks at."""
        digest = _digest_of(samples)
        if digest != self._fake_digest:
            self._fake, self._fake_digest = {}, digest
        if judge.name not in self._fake:
            self._fake[judge.name] = judge.features(_drawn(samples, judge.most, "fakes"))
        return self._fake[judge.name]

    def _distance(self, judge: PanelJudge, samples: np.ndarray, digest: str) -> Estimate:
        path = _kept("distances", judge.sha256, self.digest, digest).with_suffix(".json")
        if path.is_file():
            return Estimate(**json.loads(path.read_text()))
        found = frechet_estimates(self.real_features(judge), self.fake_features(judge, samples)).at_n
        _write(path, vars(found))
        return found


@dataclass(frozen=True, kw_only=True)
class Duel:
    """One contestant against another."""

    ratio: Estimate
    """Geometric mean over judges of FD(a) / FD(b), with an interval over seeds; none where there is one of each."""

    by_judge: Mapping[str, float]
    """The ratio by each of them, of the geometric means over seeds."""

    worst: float
    """The worst seed of a against the best of b, over all judges."""

    @property
    def wins(self) -> int:
        """Judges before whom a is the nearer to the reals."""
        return sum(ratio < 1 for ratio in self.by_judge.values())


def duel(ours: Sequence[Mapping[str, Estimate]], theirs: Sequence[Mapping[str, Estimate]]) -> Duel:
    """Compare two contestants by their distances: a mapping by judge for each seed.

    On a logarithmic scale a seed's mean over the judges is one number; the interval is Student's for the difference of
    two such means, the spread taken to be the same on both sides.
    """
    judges = ours[0].keys()
    logs = [
        [statistics.fmean(math.log(seed[judge].value) for judge in judges) for seed in side] for side in (ours, theirs)
    ]
    difference = statistics.fmean(logs[0]) - statistics.fmean(logs[1])
    freedom = len(ours) + len(theirs) - 2
    half = math.inf
    if freedom:
        spread = sum(sum((x - statistics.fmean(side)) ** 2 for x in side) for side in logs) / freedom
        half = student_quantile(LEVEL, freedom) * math.sqrt(spread * (1 / len(ours) + 1 / len(theirs)))
    means = [{j: statistics.fmean(math.log(seed[j].value) for seed in side) for j in judges} for side in (ours, theirs)]
    return Duel(
        ratio=Estimate(
            value=math.exp(difference),
            low=math.exp(difference - half),
            high=math.exp(min(difference + half, 700.0)),
        ),
        by_judge={judge: math.exp(means[0][judge] - means[1][judge]) for judge in judges},
        worst=math.exp(max(logs[0]) - min(logs[1])),
    )


def geometric_mean(values: Sequence[float]) -> Estimate:
    """Return the geometric mean of positive figures of several seeds, with Student's interval of their logarithms."""
    logs = [math.log(value) for value in values]
    mean, half = statistics.fmean(logs), math.inf
    if len(logs) > 1:
        half = student_quantile(LEVEL, len(logs) - 1) * statistics.stdev(logs) / math.sqrt(len(logs))
    return Estimate(value=math.exp(mean), low=math.exp(mean - half), high=math.exp(min(mean + half, 700.0)))


def _digest_of(samples: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(samples).tobytes()).hexdigest()


def _drawn(images: np.ndarray, n: int, stream: str) -> np.ndarray:
    return images[draw_places(len(images), n, seed=0, stream=f"panel {stream}")]


def _kept(kind: str, *parts: str) -> Path:
    """Return the path, without an ending, of what is kept of these."""
    key = hashlib.sha256(json.dumps([VERSION, kind, *parts]).encode()).hexdigest()
    return cache() / "figures" / f"{kind}-{key[:32]}"


def _write(path: Path, content: np.ndarray | dict[str, float]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.stem}.{os.getpid()}{path.suffix}")
    if isinstance(content, np.ndarray):
        np.save(partial, content)
    else:
        partial.write_text(json.dumps(content))
    partial.replace(path)
