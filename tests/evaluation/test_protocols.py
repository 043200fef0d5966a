"""Protocols: names that pin everything, and rows that say what was done."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from io import StringIO

import pytest
import torch
from rich.console import Console
from torch import Tensor

from faussaire.core.errors import ConfigError
from faussaire.core.intervals import Estimate
from faussaire.evaluation.extractors import EXTRACTORS
from faussaire.evaluation.extractors.fitted import FITTED
from faussaire.evaluation.extractors.pixels import PixelsExtractor
from faussaire.evaluation.extractors.spec import Extractor
from faussaire.evaluation.metrics import MEANINGS, METRICS
from faussaire.evaluation.protocols import NO_WEIGHTS_SHA256, PROTOCOLS, Protocol, compute, mark_of
from faussaire.views.tables import figures_table
from faussaire.views.words import Words


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


PINNED = {
    "efficientnet-lite0": ("1", "579344248a93"),
    "inception-v3": ("2015-12-05", "6726825d0af5"),
    **dict.fromkeys(("letter-groups", "music", "nyquist", "pixels-dct", "values"), ("1", NO_WEIGHTS_SHA256[:12])),
}


def test_the_name_of_an_extractor_pins_its_version_and_its_weights() -> None:
    """Another version or other weights take another name: two figures of one name would not be alike any more."""
    found = {name: (kind.version, kind.sha256[:12]) for name, kind in EXTRACTORS.items()}  # type: ignore[attr-defined]
    assert found == PINNED
    assert set(FITTED).isdisjoint(EXTRACTORS)  # which is how it is told that one was fitted


def test_the_name_of_a_metric_pins_its_neighbour_its_level_and_its_seed() -> None:
    neighbours = {(listed.metric, listed.k) for listed in PROTOCOLS.values() if listed.k}
    assert neighbours == {("precision-recall", 3), ("density-coverage", 5)}
    assert {(listed.level, listed.seed) for listed in PROTOCOLS.values()} == {(0.95, 0)}


def name_of(reals: str, extractor: Extractor, *, n: int = 60) -> str:
    listed = Protocol(metric="diversity", extractor=extractor.name, n_real=n, n_fake=n)
    (score,) = compute(listed, features(0, n), features(1, n), extractor, reals=reals)
    return score.protocol


def test_a_name_says_which_reals_a_figure_was_held_against() -> None:
    ours = name_of("held-out:4be1", PixelsExtractor())
    assert ours == f"div60-pixels-dct@{mark_of('held-out:4be1')}"
    assert re.fullmatch(r"div60-pixels-dct@[0-9a-f]{6}", ours)
    assert ours == name_of("held-out:4be1", PixelsExtractor())
    others = {name_of(reals, PixelsExtractor()) for reals in ("train:4be1", "all:4be1", "held-out:4be2")}
    assert len({ours, *others}) == 4


def test_a_name_says_to_which_data_its_extractor_was_fitted() -> None:
    first, second, third = Signs(), Signs(), Signs()
    second.sha256, third.version = "1" * 64, "3"
    names = [name_of("held-out:4be1", extractor) for extractor in (first, second, third)]
    assert len(set(names)) == 3
    assert all(re.fullmatch(r"div60-labels-cnn\.[0-9a-f]{4}@[0-9a-f]{6}", name) for name in names)


def test_only_inception_may_print_fid() -> None:
    for name, listed in PROTOCOLS.items():
        assert name.startswith(("fid", "kid")) == (
            listed.extractor == "inception-v3" and listed.metric in ("frechet", "kernel")
        )


class Signs:
    """A classifier of features: the class is whether the first one is above 0."""

    name, version, sha256, modalities = "labels-cnn", "2", "0" * 64, ("image",)
    input_size, dimension, resize = 28, 12, "none"
    num_classes, num_held_out, accuracy = 2, 50, Estimate(value=1.0, low=0.9, high=1.0, level=0.95)

    def __call__(self, images: Tensor) -> Tensor:
        return images

    def classify(self, features: Tensor) -> Tensor:
        return (features[:, 0] > 0).long()


def test_classes_are_counted_by_an_extractor_that_tells_them() -> None:
    fake = features(1, 80).abs()
    rows = {
        s.metric: s for s in compute(PROTOCOLS["classes2000-labels-cnn"], features(0, 130), fake, Signs(), reals="")
    }
    assert rows["classes-known"].value == 1
    assert rows["class-distance"].value == pytest.approx(float((features(0, 130)[:, 0] <= 0).float().mean()))
    assert (rows["classifier-accuracy"].value, rows["classifier-accuracy"].n_real) == (1.0, 50)
    assert re.fullmatch(r"classes130x80-labels-cnn\.\w{4}@\w{6}", rows["classes-known"].protocol)
    with pytest.raises(ConfigError, match="pixels-dct does not"):
        compute(protocol("classes", 60), features(0, 130), fake, PixelsExtractor(), reals="")


def test_every_figure_has_its_meaning_in_both_languages() -> None:
    assert len(MEANINGS) == sum(len(metric.figures) for metric in METRICS.values())  # no two of one name
    for name, meaning in MEANINGS.items():
        for words in (meaning.title, meaning.sentence, meaning.better):
            assert set(words) == {"en", "fr"}
            assert words["en"] != words["fr"] or name in ("density",)


@pytest.mark.parametrize("metric", [name for name, metric in METRICS.items() if not metric.extractors])
def test_every_metric_gives_rows_with_all_that_it_takes_to_trust_them(metric: str) -> None:
    scores = compute(protocol(metric, 60), features(0, 130), features(1, 80), PixelsExtractor(), reals="", nimg=5000)
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
    (score,) = compute(protocol("diversity", 10_000), features(0, 50), features(1, 40), PixelsExtractor(), reals="")
    assert score.protocol.split("@")[0] == "div50x40-pixels-dct"
    assert (score.n_real, score.n_fake) == (50, 40)
    assert "10,000 generated images are asked for" in score.note


def test_the_floor_is_measured_on_reals_alone() -> None:
    rows = {
        s.metric: s
        for s in compute(protocol("frechet", 60), features(0, 120), features(1, 60), PixelsExtractor(), reals="")
    }
    assert set(rows) == {"frechet", "frechet-infinity", "frechet-floor"}
    assert rows["frechet-floor"].n_real == rows["frechet-floor"].n_fake == 60


@pytest.mark.parametrize(("num_real", "num_fake"), [(119, 60), (120, 50), (50, 60)])
def test_a_floor_at_another_number_of_images_than_the_distance_is_not_shown(num_real: int, num_fake: int) -> None:
    scores = compute(protocol("frechet", 60), features(0, num_real), features(1, num_fake), PixelsExtractor(), reals="")
    assert {score.metric for score in scores} == {"frechet", "frechet-infinity"}


def test_computing_twice_gives_the_same_rows() -> None:
    torch.manual_seed(1)
    first = compute(protocol("precision-recall", 60), features(0, 100), features(1, 90), PixelsExtractor(), reals="")
    torch.manual_seed(2)
    assert (
        compute(protocol("precision-recall", 60), features(0, 100), features(1, 90), PixelsExtractor(), reals="")
        == first
    )


def test_features_of_another_extractor_are_refused() -> None:
    with pytest.raises(ConfigError, match="needs features of efficientnet-lite0"):
        compute(PROTOCOLS["fd10k-efficientnet-lite0"], features(0, 50), features(1, 50), PixelsExtractor(), reals="")


def test_every_extractor_of_a_protocol_can_be_made() -> None:
    assert {listed.extractor for listed in PROTOCOLS.values()} <= {*EXTRACTORS, *FITTED}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_longest_name_leaves_room_for_its_figures_in_eighty_columns(language: str) -> None:
    longest = max((replace(p, n_real=9_999).name for p in PROTOCOLS.values() if p.n_fake == 10_000), key=len)
    fitted = f"{replace(PROTOCOLS['classes10k-labels-cnn'], n_real=9_999).name}.5b0e"
    (score,) = compute(protocol("diversity", 60), features(0, 60), features(1, 60), PixelsExtractor(), reals="")
    figure = {"value": 0.01234, "low": 0.01134, "high": 0.01334, "n_real": 9_999, "n_fake": 10_000}
    rows = [replace(score, protocol=f"{name}@3fa2c1", **figure) for name in (longest, fitted)]
    console = Console(width=80, file=StringIO())
    console.print(figures_table(rows, Words(language)))
    assert "…" not in console.file.getvalue()
    assert all(len(line) <= 80 for line in console.file.getvalue().splitlines())
    assert f"{fitted}@3fa2c1" in console.file.getvalue()
