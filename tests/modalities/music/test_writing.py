"""What is written is what was made: MIDI that reads back as the same rolls, WAV with the right pitches and length."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest

from faussaire.modalities import SampleSpec, of_spec
from faussaire.modalities.music.reading import read_piece
from faussaire.modalities.music.writing import RATE, midi_of, notes_of, wav_of

LOWEST = 48


def rolls(count: int, voices: int) -> np.ndarray:
    """Rolls uint8 `[count, voices, 64, 24]` of notes of two steps or more, a gap before each that is struck again."""
    rng = np.random.default_rng(0)
    found = np.zeros((count, voices, 64, 24), np.uint8)
    for window in found:
        for voice in window:
            for first in range(0, 64, 4):
                pitch = rng.integers(0, 24)
                if first and voice[first - 1, pitch]:
                    voice[first - 1, pitch] = 0
                voice[first : first + 4, pitch] = 1
    return found


def test_midi_reads_back_as_the_same_rolls() -> None:
    pytest.importorskip("symusic")
    written = rolls(1, 4)
    piece = read_piece(midi_of(written, LOWEST))
    assert piece.num_voices == 4
    again, moved = piece.roll(0, voices=4, lowest=LOWEST, pitches=24, single=True)
    np.testing.assert_array_equal(again, written[0])
    assert moved == 0


def test_a_gap_of_one_step_before_the_same_note_is_closed_and_a_longer_one_stays() -> None:
    roll = np.zeros((1, 1, 64, 12), np.uint8)
    roll[0, 0, [0, 1, 2, 4, 5, 6, 9, 10], 5] = 1
    assert notes_of(roll, 60).tolist() == [[0, 0, 4, 65], [0, 4, 7, 65], [0, 9, 11, 65]]


def test_several_windows_follow_one_another_and_a_silent_one_takes_its_time() -> None:
    several = np.zeros((3, 1, 64, 12), np.uint8)
    several[0, 0, 63, 0] = several[2, 0, 0, 0] = 1
    assert notes_of(several, 60).tolist() == [[0, 63, 64, 60], [0, 128, 129, 60]]


def test_wav_is_mono_of_16_bits_and_lasts_as_long_as_the_music() -> None:
    with wave.open(io.BytesIO(wav_of(rolls(2, 4), LOWEST))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        assert file.getnframes() / RATE == pytest.approx(2 * 9.6, abs=0.1)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert 8_000 < np.abs(samples).max() < 32_000


@pytest.mark.parametrize(("row", "hertz"), [(9, 220.0), (21, 440.0)])
def test_a_note_sounds_at_its_pitch(row: int, hertz: float) -> None:
    roll = np.zeros((1, 1, 64, 24), np.uint8)
    roll[0, 0, :16, row] = 1
    with wave.open(io.BytesIO(wav_of(roll, LOWEST))) as file:
        sound = np.frombuffer(file.readframes(RATE), "<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    assert np.argmax(spectrum) * RATE / len(sound) == pytest.approx(hertz, abs=1.5)


def test_the_lowest_pitch_is_that_of_the_spec() -> None:
    pytest.importorskip("symusic")
    roll = np.zeros((1, 1, 64, 12), np.uint8)
    roll[0, 0, :4, 0] = 1
    for lowest in (36, 60):
        kind = of_spec(SampleSpec(modality="music", shape=(1, 64, 12), facts={"lowest": lowest, "single": True}))
        form = next(form for form in kind.forms if form.suffix == ".mid")
        assert read_piece(form.encode(roll)).notes[:, 3].tolist() == [lowest]
