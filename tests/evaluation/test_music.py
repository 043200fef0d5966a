"""Musical figures have their closed forms on rolls whose answer is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from faussaire.core.errors import ExtractorError, UnmeasurableError
from faussaire.evaluation.extractors.music import MusicExtractor, beginning, sounding
from faussaire.evaluation.metrics.music import (
    classes_divergence,
    divergence,
    empty_bars,
    figures,
    groove_consistency,
    pitch_classes,
    pitch_classes_of_bars,
    polyphony,
    scale_consistency,
)

MAJOR = (0, 2, 4, 5, 7, 9, 11)


def features_of(*notes: tuple[int, int, int, int], pitches: int = 24, voices: int = 2) -> Tensor:
    """Features `[1, 832]` of notes: voice, first step, end, row."""
    roll = torch.full((1, voices, 64, pitches), -1.0)
    for voice, first, end, row in notes:
        roll[0, voice, first:end, row] = 1
    return MusicExtractor()(roll)


def test_the_extractor_counts_voices_by_pitch_class_and_onsets() -> None:
    features = features_of((0, 0, 8, 0), (1, 4, 8, 12), (0, 8, 9, 13))
    sounds, begins = sounding(features), beginning(features)
    assert sounds[0, [0, 4, 7, 8]].sum(0).tolist() == [1 + 2 + 2, 1] + [0] * 10
    assert begins.nonzero()[:, 1].tolist() == [0, 4, 8]
    with pytest.raises(ExtractorError, match="whole octaves"):
        MusicExtractor()(torch.zeros(1, 1, 64, 13))


def test_empty_bars_and_pitch_classes() -> None:
    sounds = sounding(features_of((0, 0, 4, 0), (0, 4, 8, 12), (0, 8, 12, 3), (0, 32, 48, 3)))
    assert empty_bars(sounds).tolist() == [0.5]
    assert pitch_classes(sounds).tolist() == [2]
    assert pitch_classes_of_bars(sounds).tolist() == [1.5]


def test_polyphony_counts_the_steps_that_sound() -> None:
    assert polyphony(sounding(features_of((0, 0, 8, 0), (1, 4, 8, 7)))).tolist() == [1.5]


@pytest.mark.parametrize("key", range(12))
def test_a_scale_is_consistent_in_every_key_and_a_foreign_note_counts_by_its_length(key: int) -> None:
    scale = [(0, 4 * k, 4 * k + 4, (degree + key) % 12) for k, degree in enumerate(MAJOR)]
    assert scale_consistency(sounding(features_of(*scale))).tolist() == [1]
    foreign = (0, 28, 35, (1 + key) % 12)
    assert scale_consistency(sounding(features_of(*scale, foreign))).tolist() == [pytest.approx(28 / 35)]


def test_groove_compares_neighbouring_bars() -> None:
    same = [(0, 16 * bar + step, 16 * bar + step + 1, 0) for bar in range(4) for step in (0, 4, 8)]
    assert groove_consistency(beginning(features_of(*same))).tolist() == [1]
    assert groove_consistency(beginning(features_of(*same, (0, 50, 51, 0)))).tolist() == [pytest.approx(1 - 1 / 48)]


def test_divergence_is_0_for_the_same_and_1_for_nothing_in_common() -> None:
    a = torch.tensor([3.0, 1, 0, 0])
    assert float(divergence(a, 5 * a)) == pytest.approx(0, abs=1e-12)
    assert float(divergence(a, torch.tensor([0.0, 0, 2, 2]))) == pytest.approx(1)
    half = float(divergence(torch.tensor([1.0, 0]), torch.tensor([1.0, 1])))
    assert half == pytest.approx(1 - 0.75 * math.log2(3) + 0.5)


def random_features(count: int, rows: int) -> Tensor:
    """Features of windows with notes drawn evenly from the first rows."""
    on = torch.rand(count, 1, 64, 12, generator=torch.Generator().manual_seed(rows)) < 0.3
    on[..., rows:] = False
    return MusicExtractor()(2.0 * on - 1)


def test_reals_against_reals_are_near_the_floor_and_other_music_is_far_from_it() -> None:
    real, like, other = random_features(400, 7), random_features(400, 7), random_features(400, 12)
    like_value, floor = classes_divergence(sounding(real), sounding(like))
    far, _ = classes_divergence(sounding(real), sounding(other))
    assert like_value.value < 3 * floor.high
    assert far.low > 10 * floor.high


def test_every_figure_has_an_interval_and_silence_is_measured_by_empty_bars_alone() -> None:
    music = random_features(64, 7)
    silent = torch.zeros_like(music)
    with_silence = figures(torch.cat([music, silent]))
    for name, estimate in figures(music).items():
        assert estimate.low <= estimate.value <= estimate.high
        if name == "empty-bars":
            assert with_silence[name].value == pytest.approx((estimate.value + 1) / 2)
        else:
            assert with_silence[name].value == pytest.approx(estimate.value)
    with pytest.raises(UnmeasurableError, match="8 windows"):
        figures(silent)
