"""Protocols: names that pin everything, and rows that say what was done."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
import torch
from torch import Tensor

from faussaire.core.errors import ConfigError
from faussaire.core.intervals import Estimate
from faussaire.evaluation.extractors import EXTRACTORS
from faussaire.evaluation.extractors.fitted import FITTED
from faussaire.evaluation.extractors.pixels import PixelsExtractor
from faussaire.evaluation.metrics import MEANINGS, METRICS
from faussaire.evaluation.protocols import PROTOCOLS, Protocol, compute


def features(seed: int, n: int, d: int = 12) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def protocol(metric: str, n: int) -> Protocol:
    return Protocol(metric=metric, extractor="pixels-dct", n_real=n, n_fake=n, k=3)


@pytest.mark.parametrize(
    ("name", "metric", "extractor", "n", "k"),
    [
        ("fd10k-efficientnet-lite0", "frechet", "efficientnet-lite0", 10_000, 0),
        ("fid50k-inception-v3", "frechet", "inception-v3", 50_000, 0),
        ("kid10k-inception-v3", "kernel", "inception-v3", 10_000, 0),
        ("fd2000-pixels-dct", "frechet", "pixels-dct", 2_000, 0),
        ("pr10k-pixels-dct", "precision-recall", "pixels-dct", 10_000, 3),
        ("dc2000-pixels-dct", "density-coverage", "pixels-dct", 2_000, 5),
        ("div10k-labels-cnn", "diversity", "labels-cnn", 10_000, 0),
    ],
)
def test_a_name_pins_metric_extractor_number_neighbour_level_and_seed(
    name: str, metric: str, extractor: str, n: int, k: int
) -> None:
    expected = Protocol(metric=metric, extractor=extractor, n_real=n, n_fake=n, k=k, level=0.95, seed=0)
    assert PROTOCOLS[name] == expected


def test_only_inception_may_print_fid() -> None:
    for name, listed in PROTOCOLS.items():
        assert name.startswith(("fid", "kid")) == (
            listed.extractor == "inception-v3" and listed.metric in ("frechet", "kernel")
        )


class Signs:
    """A classifier of features: the class is whether the first one is above 0."""

    name, version, sha256, modalities = "labels-cnn", "2", "0" * 64, ("image",)
    input_size, dimension, value_range, resize = 28, 12, (-1.0, 1.0), "none"
    num_classes, num_held_out, accuracy = 2, 50, Estimate(value=1.0, low=0.9, high=1.0, level=0.95)

    def __call__(self, images: Tensor) -> Tensor:
        return images

    def classify(self, features: Tensor) -> Tensor:
        return (features[:, 0] > 0).long()


def test_classes_are_counted_by_an_extractor_that_tells_them() -> None:
    fake = features(1, 80).abs()
    rows = {s.metric: s for s in compute(PROTOCOLS["classes2000-labels-cnn"], features(0, 130), fake, Signs())}
    assert rows["classes-known"].value == 1
    assert rows["class-distance"].value == pytest.approx(float((features(0, 130)[:, 0] <= 0).float().mean()))
    assert (rows["classifier-accuracy"].value, rows["classifier-accuracy"].n_real) == (1.0, 50)
    assert rows["classes-known"].protocol == "classes130x80-labels-cnn"
    with pytest.raises(ConfigError, match="pixels-dct does not"):
        compute(protocol("classes", 60), features(0, 130), fake, PixelsExtractor())


def test_every_figure_has_its_meaning_in_both_languages() -> None:
    assert len(MEANINGS) == sum(len(metric.figures) for metric in METRICS.values())  # no two of one name
    for name, meaning in MEANINGS.items():
        for words in (meaning.title, meaning.sentence, meaning.better):
            assert set(words) == {"en", "fr"}
            assert words["en"] != words["fr"] or name in ("density",)


@pytest.mark.parametrize("metric", [name for name, metric in METRICS.items() if not metric.extractors])
def test_every_metric_gives_rows_with_all_that_it_takes_to_trust_them(metric: str) -> None:
    scores = compute(protocol(metric, 60), features(0, 130), features(1, 80), PixelsExtractor(), nimg=5000)
    assert {score.metric for score in scores} == {figure.name for figure in METRICS[metric].figures}
    for score in scores:
        assert score.low < score.value < score.high
        assert score.level == 0.95
        assert score.n_real == score.n_fake == 60 or score.metric == "frechet-floor"
        assert score.note == ""
        assert score.nimg == 5000
        assert score.extractor == "pixels-dct 1"
        assert json.loads(json.dumps(asdict(score))) == asdict(score)


def test_fewer_images_are_not_presented_as_many() -> None:
    (score,) = compute(protocol("diversity", 10_000), features(0, 50), features(1, 40), PixelsExtractor())
    assert score.protocol == "div50x40-pixels-dct"
    assert (score.n_real, score.n_fake) == (50, 40)
    assert "10,000 generated images are asked for" in score.note


def test_the_floor_is_measured_on_reals_alone() -> None:
    rows = {s.metric: s for s in compute(protocol("frechet", 60), features(0, 120), features(1, 60), PixelsExtractor())}
    assert set(rows) == {"frechet", "frechet-infinity", "frechet-floor"}
    assert rows["frechet-floor"].n_real == rows["frechet-floor"].n_fake == 60


@pytest.mark.parametrize(("num_real", "num_fake"), [(119, 60), (120, 50), (50, 60)])
def test_a_floor_at_another_number_of_images_than_the_distance_is_not_shown(num_real: int, num_fake: int) -> None:
    scores = compute(protocol("frechet", 60), features(0, num_real), features(1, num_fake), PixelsExtractor())
    assert {score.metric for score in scores} == {"frechet", "frechet-infinity"}


def test_computing_twice_gives_the_same_rows() -> None:
    torch.manual_seed(1)
    first = compute(protocol("precision-recall", 60), features(0, 100), features(1, 90), PixelsExtractor())
    torch.manual_seed(2)
    assert compute(protocol("precision-recall", 60), features(0, 100), features(1, 90), PixelsExtractor()) == first


def test_features_of_another_extractor_are_refused() -> None:
    with pytest.raises(ConfigError, match="needs features of efficientnet-lite0"):
        compute(PROTOCOLS["fd10k-efficientnet-lite0"], features(0, 50), features(1, 50), PixelsExtractor())


def test_every_extractor_of_a_protocol_can_be_made() -> None:
    assert {listed.extractor for listed in PROTOCOLS.values()} <= {*EXTRACTORS, *FITTED}
