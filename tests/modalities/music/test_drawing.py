"""A piano roll shows every note where it belongs, and can be read off its picture."""

from __future__ import annotations

import numpy as np

from faussaire.modalities import SampleSpec, of_spec

KIND = of_spec(SampleSpec(modality="music", shape=(4, 64, 24), facts={"lowest": 48, "single": True}))


def test_time_runs_to_the_right_and_pitch_upwards_in_the_colour_of_the_voice() -> None:
    rolls = np.zeros((1, 2, 64, 24), np.uint8)
    rolls[0, 0, 4:8, 23] = rolls[0, 1, 60:64, 0] = 1
    tile = KIND.tiles(rolls, 64)[0]
    assert tile.shape == (48, 128, 3)
    upper, lower = tile[0, 8], tile[47, 127]
    assert (tile[:2, 8:16] == upper).all()
    assert (tile[46:, 120:] == lower).all()
    assert upper.tolist() != lower.tolist()
    assert tile[2, 8].tolist() == [255, 255, 255]


def test_rolls_can_be_read_off_their_sheet_also_where_two_voices_meet() -> None:
    rng = np.random.default_rng(0)
    rolls = np.zeros((10, 4, 64, 24), np.uint8)
    for voice in range(4):
        np.put_along_axis(rolls[:, voice], rng.integers(6 * voice, 6 * voice + 6, (10, 64, 1)), 1, axis=2)
    rolls[:, 0, :8] = rolls[:, 1, :8]
    np.testing.assert_array_equal(KIND.reread(KIND.sheet(rolls), 10, (4, 64, 24)), rolls)


def test_silence_is_drawn_too() -> None:
    assert KIND.tiles(np.zeros((1, 4, 64, 24), np.uint8), 1).shape == (1, 24, 64, 3)
