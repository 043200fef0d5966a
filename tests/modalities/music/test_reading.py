"""Files of music become notes on a grid of sixteenths; what is odd has a stated outcome, and none is slow or large."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest

from faussaire.modalities.music.pieces import MOST_WINDOWS, STEPS, Piece, UnreadableError, piece_of
from faussaire.modalities.music.reading import read_piece
from midi_files import DIVISION, SCALE, TUNE, metre, midi, notes, running, time, track

pytest.importorskip("symusic")

QUARTERS = [(4 * k, 4 * k + 4, pitch) for k, pitch in enumerate((*SCALE, *SCALE[::-1]))]


def heard(piece: Piece) -> list[tuple[int, int, int]]:
    return [tuple(note) for note in piece.notes[np.argsort(piece.notes[:, 1], kind="stable"), 1:].tolist()]


@pytest.mark.parametrize(
    "data",
    [
        midi(track(TUNE), form=0),
        midi(track(TUNE), form=1),
        midi(track(b"\0\xff\x51\3\7\xa1\x20"), track(TUNE), form=1),
        midi(track(TUNE), form=2),
        midi(track(running(*SCALE, *SCALE[::-1])), form=0),
        midi(track(TUNE, end=b""), form=0),
        midi(track(b"\0\xf0\5\x43\x12\0\0\xf7" + TUNE), form=0),
        midi(track(TUNE) + b"XFIH\0\0\0\4rest", form=0),
        midi(track(TUNE), track(notes(35, 38, channel=9))),
    ],
    ids=["type 0", "type 1", "a tempo track", "type 2", "running status", "no end", "sysex", "a chunk", "drums beside"],
)
def test_a_tune_is_the_same_however_its_file_is_written(data: bytes) -> None:
    piece = read_piece(data)
    assert piece.num_voices == 1
    assert heard(piece) == QUARTERS


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "an empty file"),
        (b"MThd", "damaged MIDI"),
        (midi(form=0), "no note in it"),
        (midi(track(b"")), "no note in it"),
        (midi(track(notes(35, 38, channel=9))), "no note in it but of drums"),
        (midi(track(TUNE))[:-30], "damaged MIDI"),
        (midi(track(b"\xde\xad\xbe\xef" * 50)), "damaged MIDI"),
        (midi(track(TUNE), division=0), "no ticks in a quarter"),
        (midi(track(TUNE), division=0xE728), "damaged MIDI"),
        (midi(track((time(2**28 - 1) + b"\x90\x3c\x40" + time(2**28 - 1) + b"\x80\x3c\0") * 30)), "beyond any music"),
        (midi()[:10] + b"\0\1\1\xe0MTrk\x7f\xff\xff\xff" + TUNE, "damaged MIDI"),
        (b"a song", "neither MIDI nor JSON"),
        (b"[" * 100_000, "neither MIDI nor JSON"),
        (b'{"notes": 3}', "no list of the pitches"),
        (b"[[60], [200]]", "'200' is no pitch"),
        (b'[[60], ["C4"]]', "'C4' is no pitch"),
        (b"[[], []]", "no note in it"),
    ],
)
def test_what_is_no_music_is_told_why(data: bytes, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        read_piece(data)


def test_ten_megabytes_give_a_bounded_number_of_windows_in_bounded_memory() -> None:
    data = midi(track(TUNE * (10_000_000 // len(TUNE))))
    tracemalloc.start()
    piece = read_piece(data)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(piece.starts) == MOST_WINDOWS
    assert most < 400 * 2**20


def test_a_note_that_lasts_for_weeks_is_read_at_once_and_cut() -> None:
    weeks = b"\0\x90\x3c\x40" + time(2**28 - 1) + b"\x80\x3c\0"
    assert len(read_piece(midi(track(weeks))).starts) == MOST_WINDOWS


def test_windows_begin_with_bar_lines_of_the_files_metre_and_fit_in_whole() -> None:
    jig = midi(track(metre(6, 3) + notes(*[60, 64, 67] * 40, quarters=0.5)))
    piece = read_piece(jig)
    assert piece.bar_lines[:4].tolist() == [0, 12, 24, 36]
    assert piece.starts.tolist() == list(range(0, 240 - STEPS + 1, 12))


def test_silent_bars_before_the_first_note_are_no_music() -> None:
    late = time(7 * 4 * DIVISION + DIVISION) + TUNE[1:]
    assert read_piece(midi(track(late))).bar_lines[0] == 7 * 16


def test_voices_are_read_from_json_and_rests_however_they_are_written() -> None:
    steps = [[72, 67, 64, 48]] * 4 + [[72, -1, 64, 48]] * 4 + [[74, None, float("nan"), 50]] * 4
    piece = read_piece(json.dumps(steps).encode())
    assert piece.num_voices == 4
    upper = [[0, 0, 8, 72], [0, 8, 12, 74], [1, 0, 4, 67]]
    assert piece.notes.tolist() == [*upper, [2, 0, 8, 64], [3, 0, 8, 48], [3, 8, 12, 50]]


def test_where_a_voice_rests_the_others_go_on_as_the_nearest_before() -> None:
    piece = read_piece(json.dumps([[72, 67, 64, 48]] * 4 + [[71, 47]] * 4).encode())
    assert [note for note in piece.notes.tolist() if note[1] == 4] == [[0, 4, 8, 71], [3, 4, 8, 47]]


def test_chords_of_many_notes_are_one_roll() -> None:
    piece = read_piece(json.dumps([[48, 52, 55, 60, 64, 67, 72]] * 8 + [[48]] * 8).encode())
    assert (piece.num_voices, len(piece.notes)) == (1, 7)
    assert [0, 0, 16, 48] in piece.notes.tolist()


def test_a_note_struck_again_is_told_from_a_long_one() -> None:
    struck = np.array([[0, 0, 4, 60], [0, 4, 8, 60], [0, 8, 9, 62], [0, 9, 10, 62]])
    roll, moved = piece_of(struck, num_voices=1).roll(0, voices=1, lowest=60, pitches=12, single=True)
    assert roll[0, :10, 0].tolist() == [1, 1, 1, 0, 1, 1, 1, 1, 0, 0]
    assert roll[0, :10, 2].tolist() == [0, 0, 0, 0, 0, 0, 0, 0, 1, 1]  # of a sixteenth no part can be spared
    assert moved == 0


def test_a_single_voice_has_one_note_at_a_time_and_of_a_chord_the_highest() -> None:
    legato = np.array([[0, 0, 6, 60], [0, 4, 8, 64], [0, 8, 12, 60], [0, 8, 12, 67]])
    piece = piece_of(legato, num_voices=1)
    single, _ = piece.roll(0, voices=1, lowest=60, pitches=12, single=True)
    several, _ = piece.roll(0, voices=1, lowest=60, pitches=12, single=False)
    assert (single[0, :12].sum(1) == 1).all()
    assert single[0, [4, 8]].argmax(1).tolist() == [4, 7]
    assert several[0, [4, 8]].sum(1).tolist() == [2, 2]


def test_notes_beyond_the_pitches_are_moved_by_octaves_and_counted() -> None:
    roll, moved = piece_of(np.array([[0, 0, 4, 47], [0, 4, 8, 86]]), num_voices=1).roll(
        0, voices=1, lowest=60, pitches=24, single=True
    )
    assert roll[0, [0, 4]].argmax(1).tolist() == [11, 14]
    assert moved == 2
