"""Sound files in every dress: what becomes of each is stated, and none stops the others."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from faussaire.core.errors import ConfigError
from faussaire.data import Dataset, prepare
from faussaire.modalities import SampleSpec
from faussaire.modalities.audio import MODALITY, decode
from faussaire.modalities.audio.decode import decode_windows, num_windows, resampled, trimmed
from faussaire.modalities.audio.rule import Rule
from faussaire.modalities.samples import UNREAD, Decoded
from sounds import RATE, as_file, tone, write_tones

RULE = Rule(seconds=0.6, rate=RATE, window=1.0)


def decoded(data: bytes) -> Decoded:
    (found,) = decode_windows(data, RULE, None)
    return found


def png() -> bytes:
    content = io.BytesIO()
    Image.new("L", (8, 8)).save(content, "PNG")
    return content.getvalue()


@pytest.mark.parametrize(
    ("wave", "rate", "format", "subtype"),
    [
        (tone(), RATE, "WAV", "PCM_U8"),
        (tone(), RATE, "WAV", "PCM_24"),
        (tone(), RATE, "WAV", "FLOAT"),
        (tone(), RATE, "WAV", "ULAW"),
        (tone(rate=96_000), 96_000, "WAV", "PCM_16"),
        (tone(rate=44_100), 44_100, "FLAC", "PCM_16"),
        (tone(rate=44_100), 44_100, "OGG", "VORBIS"),
        (tone(rate=44_100), 44_100, "MP3", "MPEG_LAYER_III"),
        (np.stack([tone()] * 5, axis=1), RATE, "WAV", "PCM_16"),
        (0.01 * tone() + 0.3, RATE, "WAV", "FLOAT"),
    ],
    ids=["8 bits", "24 bits", "float", "mu-law", "96 kHz", "FLAC", "OGG", "MP3", "5 channels", "quiet, off zero"],
)
def test_the_same_sound_in_any_dress_is_nearly_the_same_sample(
    wave: np.ndarray, rate: int, format: str, subtype: str
) -> None:
    plain, found = decoded(as_file(tone())), decoded(as_file(wave, rate, format, subtype))
    assert plain.row is not None
    assert found.row is not None, found.note
    loud = plain.row > 100
    assert np.abs(found.row.astype(float) - plain.row)[loud].mean() < 6
    assert found.height == rate


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (b"", "an empty file"),
        (png(), "an image, whatever its name says"),
        (b"RIFF\0\0\0\0WAVEnothing", "damaged, or truncated within its header"),
        (b"not a sound at all, but a letter", "not a sound that can be read"),
        (as_file(np.zeros(4000, np.float32)), "silence"),
        (as_file(np.zeros(0, np.float32)), "there is no sound in it"),
        (as_file(tone(seconds=0.01)), "too short: less than 0.05 s"),
        (as_file(np.full(4000, np.nan, np.float32), subtype="FLOAT"), "not finite"),
    ],
)
def test_what_is_no_sound_is_left_out_with_a_reason(data: bytes, note: str) -> None:
    found = decoded(data)
    assert found.row is None
    assert note in found.note
    assert found.flags & UNREAD


def test_a_truncated_mp3_is_used_as_far_as_it_goes() -> None:
    whole = as_file(tone(seconds=2, rate=44_100), 44_100, "MP3")
    found = decoded(whole[: len(whole) // 2])
    assert found.row is not None, found.note
    assert found.width < 1900


def test_silence_at_the_ends_is_trimmed_and_what_is_too_long_is_cut() -> None:
    padded = np.concatenate([np.zeros(8000), tone(seconds=0.3), np.zeros(8000)]).astype(np.float32)
    assert len(trimmed(padded, RATE)) == pytest.approx(0.3 * RATE, abs=0.05 * RATE)
    assert decoded(as_file(tone(seconds=2.0))).note == "cut to 0.6 s"


def test_an_hour_is_cut_into_windows_and_only_the_wanted_one_is_read() -> None:
    hour = as_file(np.tile(np.concatenate([tone(300, 0.5), np.zeros(4000, np.float32)]), 3600))
    assert num_windows(hour, 1.0) == 3600
    assert num_windows(as_file(tone(seconds=4.5)), 1.0) == 1
    late, later = decode_windows(hour, RULE, [3000, 3599])
    assert late.row is not None
    assert later.row is not None
    np.testing.assert_array_equal(late.row, later.row)
    assert late.width == 600


def test_a_window_of_silence_in_a_recording_is_left_out() -> None:
    recording = as_file(np.concatenate([tone(seconds=1), np.zeros(5 * RATE, np.float32)]))
    first, second = decode_windows(recording, RULE, [0, 1])
    assert first.row is not None
    assert second.note == "silence"


def test_another_rate_keeps_every_frequency_that_both_hold() -> None:
    np.testing.assert_allclose(resampled(tone(rate=44_100), 44_100, RATE)[400:-400], tone()[400:-400], atol=5e-3)


def test_files_without_soundfile_are_left_out_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with_it = MODALITY.decoders()
    monkeypatch.setattr(decode, "soundfile", None)
    found = decoded(as_file(tone()))
    assert "pip install 'faussaire[sound]'" in found.note
    assert found.flags & UNREAD
    assert MODALITY.decoders() != with_it


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A folder of good sounds and odd ones, prepared."""
    folder = write_tones(tmp_path_factory.mktemp("odd") / "tones")
    (folder / "zz_1.wav").write_bytes(png())
    (folder / "zz_2.wav").write_bytes(b"")
    (folder / "zz_3.wav").write_bytes(as_file(np.zeros(4000, np.float32)))
    return prepare(folder)


def test_odd_files_are_listed_and_the_others_are_prepared(odd: Dataset) -> None:
    assert {record.name: record.note for record in odd.inventory.rejected} == {
        "zz_1.wav": "an image, whatever its name says",
        "zz_2.wav": "an empty file",
        "zz_3.wav": "silence",
    }
    assert len(odd.inventory.kept) == 40
    assert (odd.spec.modality, odd.spec.shape) == ("audio", (1, 64, 64))
    assert odd.spec.facts == {"seconds": 0.4, "rate": 8000}


def test_names_tell_the_classes_where_folders_do_not(odd: Dataset, tmp_path: Path) -> None:
    assert odd.spec.classes == ("high", "low")
    folders = tmp_path / "folders"
    for name in ("cat", "dog"):
        write_tones(folders / name, 3)
    assert prepare(folders).spec.classes == ("cat", "dog")


def test_length_and_rate_can_be_asked_for(tmp_path: Path) -> None:
    folder = write_tones(tmp_path / "tones", 3)
    dataset = prepare(folder, seconds=2.0, rate=16_000)
    assert dataset.spec.shape == (1, 128, 128)
    assert dataset.spec.facts == {"seconds": 2.0, "rate": 16_000}
    for options, name in (({"seconds": 0.01}, "--seconds"), ({"rate": 100}, "--rate")):
        with pytest.raises(ConfigError, match=name):
            prepare(folder, **options)


def test_what_faussaire_wrote_is_known_amid_recordings(tmp_path: Path) -> None:
    folder = write_tones(tmp_path / "tones", 3)
    kind = MODALITY.of(prepare(folder).spec)
    row = decoded((folder / "low_0.wav").read_bytes()).row
    assert row is not None
    (folder / "low_9.wav").write_bytes(kind.as_wav(kind.from_rows(row[None])))
    (own,) = prepare(folder).inventory.rejected
    assert (own.name, own.note) == ("low_9.wav", "made by faussaire")


def test_a_wave_is_what_was_written_by_libsndfiles_reading() -> None:
    kind = MODALITY.of(SampleSpec(modality="audio", shape=RULE.shape, facts=RULE.facts()))
    row = decoded(as_file(tone())).row
    assert row is not None
    wave, rate = soundfile.read(io.BytesIO(kind.as_wav(kind.from_rows(row[None]))), dtype="int16")
    assert (rate, len(wave)) == (RATE, 4800)
    assert np.abs(wave).max() == pytest.approx(0.9 * 32767, abs=2)
