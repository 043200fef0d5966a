"""Music from files to a page: prepared by whole pieces, trained on, resumed, generated, measured, shown."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import symusic
from PIL import Image
from rich.console import Console

import faussaire
from faussaire.cli.main import run as command
from faussaire.data import prepare
from faussaire.evaluation.evaluate import evaluate
from faussaire.runs.folder import RunFolder
from midi_files import SCALE, TUNE, midi, notes, track
from web_client import SHOWN, client_of

NUM_PIECES = 60


def tune(number: int) -> bytes:
    """Ten bars in one key, in quarters and halves."""
    rng = np.random.default_rng(number)
    key = int(rng.integers(-5, 7))
    return b"".join(notes(key + SCALE[i], quarters=float(2 ** rng.integers(0, 2))) for i in rng.integers(0, 8, 28))


@pytest.fixture(scope="module")
def tunes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of MIDI files, among them what is none."""
    folder = tmp_path_factory.mktemp("music") / "tunes"
    folder.mkdir()
    for number in range(NUM_PIECES):
        (folder / f"{number:02}.mid").write_bytes(midi(track(tune(number)), form=number % 2))
    odd = {
        "empty.mid": b"",
        "header.mid": b"MThd",
        "torn.mid": midi(track(TUNE))[:-30],
        "noise.midi": midi(track(b"\xde\xad\xbe\xef" * 50)),
        "drums.mid": midi(track(notes(*[35, 38] * 20, channel=9))),
        "short.mid": midi(track(notes(60, 62))),
        "readme.txt": b"tunes of mine",
        "song": midi(track(TUNE)),
    }
    for name, content in odd.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def run(tunes: Path) -> Path:
    """A run on them, interrupted by its length and gone on with."""
    folder = tunes.parent / "run"
    settings = {"width": 1, "z_dim": 8, "batch_size": 16, "precision": "fp32", "threads": 1, "pictures": 3}
    for kimg in (0.3, 0.6):
        faussaire.train(tunes, run=folder, kimg=kimg, console=Console(file=io.StringIO()), **settings)
    return folder


def test_a_folder_of_midi_becomes_windows_and_what_is_no_music_is_left_out_with_a_reason(tunes: Path) -> None:
    dataset = prepare(tunes)
    assert (dataset.spec.modality, dataset.spec.facts["single"]) == ("music", True)
    assert dataset.spec.shape[:2] == (1, 64)
    assert dataset.spec.shape[2] % 12 == 0
    rejected = {record.name: record.note for record in dataset.inventory.rejected}
    assert rejected.keys() == {"empty.mid", "header.mid", "torn.mid", "noise.midi", "drums.mid", "short.mid"}
    assert rejected["short.mid"] == "shorter than four bars"
    assert rejected["empty.mid"] == "an empty file"
    assert "song" in {record.name for record in dataset.inventory.kept}  # known by how it begins


def test_no_piece_lies_on_both_sides_of_the_held_out_split(tunes: Path) -> None:
    dataset = prepare(tunes)
    records = dataset.inventory.records
    files = [record.name.split("[")[0] for record in records]
    sides = [{files[i] for i in part.index.tolist()} for part in (dataset.images, dataset.held_out)]
    assert 0.08 < len(dataset.held_out) / len(dataset.inventory.kept) < 0.16
    assert not sides[0] & sides[1]


def test_a_training_goes_on_where_it_was_and_draws_piano_rolls(run: Path) -> None:
    kinds = [event.kind for event in RunFolder(run).history()]
    assert kinds.count("done") == 2
    assert "score" in kinds
    assert json.loads((run / "config.json").read_text())["config"]["architecture"] == "roll"
    config = json.loads((run / "config.json").read_text())["config"]
    assert (config["augment"], config["gamma"]) == (["transposition"], 40.0)
    with Image.open(run / "reals.png") as picture:
        assert picture.mode == "RGB"
    assert (run / "progress.gif").stat().st_size > 0


def test_music_is_generated_as_midi_and_wav_for_each_and_as_one_file_of_all(run: Path, tmp_path: Path) -> None:
    assert command(["generate", str(run), "-n", "3", "--out", f"{tmp_path}/some/"]) == 0
    names = sorted(path.name for path in (tmp_path / "some").iterdir())
    assert names == [f"seed0-{k:06d}{suffix}" for k in range(3) for suffix in (".mid", ".wav")]
    assert command(["generate", str(run), "-n", "3", "--out", str(tmp_path / "all.mid")]) == 0
    together = symusic.Score(tmp_path / "all.mid")
    alone = [symusic.Score(path) for path in sorted((tmp_path / "some").glob("*.mid"))]
    assert together.ticks_per_quarter * 16 * 3 >= together.end()
    assert sum(score.note_num() for score in alone) == together.note_num()


def test_a_generator_knows_its_pitches_without_the_run(run: Path, tmp_path: Path) -> None:
    lowest = prepare(run.parent / "tunes").spec.facts["lowest"]
    from faussaire.generation.generator import Generator

    assert Generator.load(run / "generator").spec.facts == {"lowest": lowest, "single": True}


def test_an_evaluation_tells_the_musical_figures_beside_those_of_held_out_pieces(run: Path) -> None:
    found = evaluate(RunFolder(run), protocols=("music2000-music", "fd2000-music"))
    figures = {score.metric: score for score in found.scores}
    for name in ("empty-bars", "pitch-classes", "polyphony", "scale-consistency", "groove-consistency"):
        assert figures[name].low <= figures[name].value <= figures[name].high
        assert figures[f"{name}-held-out"].n_fake == 0
    assert figures["polyphony-held-out"].value == 1
    assert figures["pitch-divergence-floor"].value < figures["pitch-divergence"].high
    assert {score.extractor for score in found.scores} == {"music 1"}


def test_music_is_inspected(run: Path, tmp_path: Path) -> None:
    assert command(["inspect", str(run.parent / "tunes"), "--out", f"{tmp_path}/"]) == 0
    (page,) = tmp_path.glob("*.html")
    assert "windows of 4 bars" in page.read_text()


@pytest.mark.parametrize(("address", "kind"), SHOWN)
def test_the_page_shows_music(run: Path, address: str, kind: str) -> None:
    answer = client_of(run).get(address)
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, kind)


def test_what_faussaire_made_is_not_learnt_from_amid_other_tunes(run: Path, tmp_path: Path) -> None:
    assert command(["generate", str(run), "-n", "3", "--out", f"{tmp_path}/"]) == 0
    for sound in tmp_path.glob("*.wav"):
        sound.unlink()
    for number in range(3):
        (tmp_path / f"{number}.mid").write_bytes(midi(track(tune(number))))
    dataset = prepare(tmp_path, cache=tmp_path / "cache")
    assert {record.name[0] for record in dataset.inventory.kept} == {"0", "1", "2"}
    assert {record.note for record in dataset.inventory.rejected} == {"made by faussaire"}


def test_without_symusic_a_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from faussaire.core.errors import DataError

    monkeypatch.setitem(__import__("sys").modules, "symusic", None)
    for number in range(3):
        (tmp_path / f"{number}.mid").write_bytes(midi(track(tune(number))))
    with pytest.raises(DataError, match=r"pip install 'faussaire\[music\]'"):
        prepare(tmp_path, workers=0, cache=tmp_path / "cache")


def test_pieces_as_json_are_read_and_of_parts_the_training_part(tmp_path: Path) -> None:
    tops = np.random.default_rng(0).integers(60, 72, (8, 20)).repeat(4, axis=1)
    pieces = [[[p, p - 7, p - 12] for p in piece] for piece in tops.tolist()]
    parts = {"test": pieces[:3], "train": pieces[3:]}
    (tmp_path / "trios.json").write_text(json.dumps(parts))
    dataset = prepare(tmp_path / "trios.json")
    assert dataset.spec.shape[0] == 3
    assert {record.name.split("]")[0] for record in dataset.inventory.kept} == {f"train[{k}" for k in range(5)}
    assert "parts of the file: train is taken, test left out" in dataset.inventory.notes
