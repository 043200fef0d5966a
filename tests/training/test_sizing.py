"""Which width, batch, precision and how many threads a run begins with."""

from __future__ import annotations

import pytest
import torch

from faussaire.core.config import resolve
from faussaire.core.errors import ConfigError
from faussaire.modalities import SampleSpec
from faussaire.training import probing, sizing
from faussaire.training.probing import Probe
from faussaire.training.sizing import WIDTHS, Size, in_words, size, width_for

GREY = SampleSpec(modality="image", shape=(1, 28, 28))
LARGE = SampleSpec(modality="image", shape=(3, 56, 56))


def chosen(
    monkeypatch: pytest.MonkeyPatch,
    speeds: dict[int, float],
    spec: SampleSpec = GREY,
    *,
    bf16: float = 1.0,
    cpu: str = "AVX512",
    **settings: object,
) -> Size:
    """Return what is chosen on a machine of such speeds in images a second by threads, `bf16` times that in bf16."""
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: cpu)
    monkeypatch.setattr(
        probing,
        "speed",
        lambda config, spec, threads, **_: speeds[threads] * (bf16 if config.precision == "bf16" else 1.0),
    )
    return size(resolve(None, {"data": "x", **settings}), spec, num_images=1000, threads=2)


@pytest.mark.parametrize(
    ("settings", "width"),
    [
        ({"minutes": 1}, 8),
        ({"minutes": 3}, 12),
        ({"minutes": 7}, 16),
        ({"minutes": 30}, 24),
        ({"minutes": 300}, 32),
        ({"minutes": 300, "width": 20}, 20),
        ({"kimg": 170}, 8),
        ({"epochs": 900}, 16),
    ],
)
def test_the_width_follows_the_images_that_the_budget_allows(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, object], width: int
) -> None:
    assert chosen(monkeypatch, {1: 1000.0, 2: 2000.0}, **settings).config.width == width


def test_the_side_of_images_makes_no_difference_to_the_width_but_through_their_speed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    speeds = {1: 1000.0, 2: 2000.0}
    widths = [chosen(monkeypatch, speeds, spec, minutes=2).config.width for spec in (GREY, LARGE)]
    assert widths == [width_for(2 * 60 * 2000)] * 2 == [12, 12]


@pytest.mark.parametrize(
    ("spec", "settings", "batch"),
    [
        (GREY, {"kimg": 1}, 64),
        (LARGE, {"kimg": 768}, 64),
        (LARGE, {"kimg": 767}, 32),
        (LARGE, {"epochs": 383}, 16),
        (LARGE, {"minutes": 7, "width": 8}, 64),
        (LARGE, {"minutes": 5, "width": 8, "batch_size": 48}, 48),
    ],
)
def test_a_run_of_few_steps_takes_smaller_batches(
    monkeypatch: pytest.MonkeyPatch, spec: SampleSpec, settings: dict[str, object], batch: int
) -> None:
    found = chosen(monkeypatch, {1: 1000.0, 2: 2000.0}, spec, **settings)
    assert found.config.batch_size == batch
    assert f"batches of {batch};" in found.text


def test_batches_follow_the_images_at_the_width_and_precision_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    speeds = {(8, "fp32"): 2100.0, (16, "fp32"): 2000.0, (16, "bf16"): 2200.0}
    monkeypatch.setattr(probing, "speed", lambda config, spec, threads, **_: speeds[config.width, config.precision])
    for minutes, batch in ((5.8, 32), (5.9, 64)):  # 766 and 779 thousand images
        config = resolve(None, {"data": "x", "minutes": minutes})
        assert size(config, LARGE, num_images=1000, threads=1).config.batch_size == batch


def test_bf16_is_taken_where_it_is_faster_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    faster = chosen(monkeypatch, {1: 1000.0, 2: 2000.0}, bf16=1.3)
    assert faster.config.precision == "bf16"
    assert "bf16, 1.3 times as fast; 2 threads, measured 2,600 images/s" in faster.text
    assert chosen(monkeypatch, {1: 1000.0, 2: 2000.0}, bf16=1.01).config.precision == "fp32"
    assert chosen(monkeypatch, {1: 1000.0, 2: 2000.0}, bf16=1.3, precision="fp32").config.precision == "fp32"


def test_bf16_is_not_tried_where_it_may_take_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen(monkeypatch, {1: 1000.0, 2: 2000.0}, bf16=9.0, cpu="AVX2").config.precision == "fp32"


def test_the_faster_number_of_threads_is_taken_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen(monkeypatch, {1: 1000.0, 2: 2000.0}).threads == 2
    slower = chosen(monkeypatch, {1: 1000.0, 2: 900.0})
    assert slower.threads == 1
    assert "1 thread, measured 1,000 images/s" in slower.text


def test_nothing_is_probed_where_everything_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "speed", lambda *_, **__: pytest.fail("there was nothing to choose"))
    given = {"width": 24, "precision": "fp32", "minutes": 3, "threads": 2}
    for settings in ({"batch_size": 48}, {}):  # images this small take the same batches whatever the speed
        config = resolve(None, {"data": "x", **given, **settings})
        found = size(config, GREY, num_images=1000, threads=2)
        assert found.config.batch_size == settings.get("batch_size", 64)
        assert found.nimg_per_second is None
        assert "images/s" not in found.text
    config = resolve(None, {"data": "x", "precision": "fp32", "kimg": 1})
    assert size(config, LARGE, num_images=1000, threads=1).config.width == 8


def test_wider_networks_are_taken_the_more_images_there_are_and_every_width_at_some_time() -> None:
    taken = [width_for(10**power) for power in (0, 4, 5, 5.5, 6, 6.6, 7, 8, 12)]
    assert taken == sorted(taken)
    assert set(taken) == set(WIDTHS)


def test_one_way_of_training_is_probed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(probing, "speed", lambda config, spec, threads, **_: asked.append(config) or 1000.0)
    config = resolve(None, {"data": "x", "width": 8, "precision": "fp32"})
    probe = Probe(GREY)
    found = size(config, GREY, num_images=1000, threads=2, probe=probe)
    assert probe(found.config, found.threads) == found.nimg_per_second == 1000.0
    assert len(asked) == 2  # with one thread, and with two


def test_networks_of_one_size_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen(monkeypatch, {}, architecture="conv").text == ""
    with pytest.raises(ConfigError, match="have one size"):
        chosen(monkeypatch, {}, architecture="conv", width=16)


@pytest.mark.parametrize(
    ("images", "told"),
    [(10, "10 images"), (499.6, "500 images"), (9_999, "9,999 images"), (72_400, "72 thousand images")],
)
def test_few_images_are_told_to_the_last_one(images: float, told: str) -> None:
    assert in_words(images) == told


def test_the_width_of_a_short_run_is_told_with_its_images(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "for 500 images at width 8" in chosen(monkeypatch, {1: 1000.0, 2: 2000.0}, kimg=0.5).text


def test_what_is_left_is_told_in_words() -> None:
    def told(speed: float | None, nimg: int = 0, **length: float) -> str:
        return sizing.expected(resolve(None, {"data": "x", **length}), 1000, nimg=nimg, nimg_per_second=speed)

    assert told(None, minutes=3) == "3 minutes in all, as asked for"
    assert told(None, minutes=1) == "1 minute in all, as asked for"
    assert told(None, kimg=3) == "its speed is not known yet"
    assert told(100.0, kimg=3) == "3,000 images in about 30 seconds"
    assert told(1000.0, nimg=30_000, kimg=150) == "120 thousand images in about 2 minutes"
    assert told(2000.0, kimg=3) == "3,000 images in about 2 seconds"
    assert told(2001.0, kimg=3) == told(1e6, kimg=3) == "3,000 images in about 1 second"
    assert told(10.0, nimg=2_999, kimg=3) == "1 image in about 1 second"
    assert told(1000.0, epochs=36_000) == "36,000 thousand images in about 10.0 hours"
