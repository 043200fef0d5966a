"""Which width and how many threads a run begins with."""

from __future__ import annotations

import pytest

from faussaire import sizing
from faussaire.config import resolve
from faussaire.errors import ConfigError
from faussaire.modalities import SampleSpec
from faussaire.sizing import Size, size

GREY = SampleSpec(modality="image", shape=(1, 28, 28))


def chosen(
    monkeypatch: pytest.MonkeyPatch, speeds: dict[int, float], spec: SampleSpec = GREY, **settings: object
) -> Size:
    """Return what is chosen on a machine that trains so many images a second with so many threads."""
    monkeypatch.setattr(sizing, "speed", lambda config, spec, threads: speeds[threads])
    return size(resolve(None, {"data": "x", **settings}), spec, num_images=1000, threads=2, threads_given=False)


@pytest.mark.parametrize(
    ("settings", "width"),
    [
        ({"minutes": 3}, 8),
        ({"minutes": 10}, 16),
        ({"minutes": 60}, 24),
        ({"minutes": 300}, 32),
        ({"minutes": 300, "width": 12}, 12),
        ({"kimg": 700}, 8),
        ({"epochs": 900}, 16),
    ],
)
def test_the_width_follows_the_images_that_the_budget_allows(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, object], width: int
) -> None:
    assert chosen(monkeypatch, {1: 1000.0, 2: 2000.0}, **settings).config.width == width


def test_large_pictures_are_not_trained_wider_unless_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    large = SampleSpec(modality="image", shape=(3, 64, 64))
    assert chosen(monkeypatch, {1: 1000.0, 2: 2000.0}, large, minutes=300).config.width == 8
    assert chosen(monkeypatch, {1: 1000.0, 2: 2000.0}, large, minutes=300, width=16).config.width == 16


def test_the_faster_number_of_threads_is_taken_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen(monkeypatch, {1: 1000.0, 2: 2000.0}).threads == 2
    slower = chosen(monkeypatch, {1: 1000.0, 2: 900.0})
    assert slower.threads == 1
    assert "1 thread, measured 1,000 images/s" in slower.text


def test_networks_of_one_size_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen(monkeypatch, {}, architecture="conv").text == ""
    with pytest.raises(ConfigError, match="have one size"):
        chosen(monkeypatch, {}, architecture="conv", width=16)
