"""Protocols: names that pin everything, and rows that say what was done."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
import torch
from torch import Tensor

from faussaire.errors import ConfigError
from faussaire.metrics import EXTRACTORS, METRICS, PROTOCOLS, Protocol, compute
from faussaire.metrics.pixels import PixelsExtractor


def features(seed: int, n: int, d: int = 12) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def protocol(metric: str, n: int) -> Protocol:
    return Protocol(metric=metric, extractor="pixels-dct", n_real=n, n_fake=n, k=3)


def test_a_protocol_bears_the_name_that_it_is_listed_under() -> None:
    for name, listed in PROTOCOLS.items():
        assert listed.name == name
    assert {"fd10k-efficientnet-lite0", "fid50k-inception-v3", "pr10k-pixels-dct"} <= set(PROTOCOLS)


def test_only_inception_may_print_fid() -> None:
    for name, listed in PROTOCOLS.items():
        assert name.startswith(("fid", "kid")) == (
            listed.extractor == "inception-v3" and listed.metric in ("frechet", "kernel")
        )


@pytest.mark.parametrize("metric", list(METRICS))
def test_every_metric_gives_rows_with_all_that_it_takes_to_trust_them(metric: str) -> None:
    scores = compute(protocol(metric, 60), features(0, 130), features(1, 80), PixelsExtractor(), nimg=5000)
    assert scores
    for score in scores:
        assert score.low <= score.high
        assert score.level == 0.95
        assert score.n_real == score.n_fake == 60
        assert score.note == ""
        assert score.nimg == 5000
        assert score.extractor == "pixels-dct 1"
        assert json.loads(json.dumps(asdict(score))) == asdict(score)


def test_fewer_images_are_not_presented_as_many() -> None:
    (score,) = compute(protocol("diversity", 10_000), features(0, 50), features(1, 40), PixelsExtractor())
    assert score.protocol == "div40-pixels-dct"
    assert (score.n_real, score.n_fake) == (50, 40)
    assert "div10k-pixels-dct asks for 10,000" in score.note


def test_the_floor_is_measured_on_reals_alone() -> None:
    rows = {s.metric: s for s in compute(protocol("frechet", 60), features(0, 100), features(1, 60), PixelsExtractor())}
    assert set(rows) == {"frechet", "frechet-infinity", "frechet-floor"}
    assert rows["frechet-floor"].n_real == rows["frechet-floor"].n_fake == 50


def test_computing_twice_gives_the_same_rows() -> None:
    torch.manual_seed(1)
    first = compute(protocol("precision-recall", 60), features(0, 100), features(1, 90), PixelsExtractor())
    torch.manual_seed(2)
    assert compute(protocol("precision-recall", 60), features(0, 100), features(1, 90), PixelsExtractor()) == first


def test_features_of_another_extractor_are_refused() -> None:
    with pytest.raises(ConfigError, match="needs features of efficientnet-lite0"):
        compute(PROTOCOLS["fd10k-efficientnet-lite0"], features(0, 50), features(1, 50), PixelsExtractor())


def test_every_extractor_of_a_protocol_can_be_made() -> None:
    assert {listed.extractor for listed in PROTOCOLS.values()} == {*EXTRACTORS, "labels-cnn"}
