"""Sounds from a folder to a page: trained on, resumed, generated, heard and asked about."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console

import faussaire
from faussaire.cli.main import run as command
from faussaire.generation.generator import Generator
from faussaire.runs.folder import RunFolder
from sounds import write_tones
from web_client import client_of


@pytest.fixture(scope="module")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """240 tones of two pitches."""
    return write_tones(tmp_path_factory.mktemp("sounds") / "tones", 120)


@pytest.fixture(scope="module")
def run(tones: Path) -> Path:
    """A run on them, gone on with once."""
    folder = tones.parent / "run"
    settings = {"width": 2, "precision": "fp32", "batch_size": 16, "threads": 1, "pictures": 2}
    for kimg in (0.1, 0.2):
        faussaire.train(tones, run=folder, kimg=kimg, console=Console(file=io.StringIO()), **settings)
    return folder


def test_sounds_with_classes_are_learnt_under_their_names_unasked(run: Path) -> None:
    config = RunFolder(run).record()["config"]
    assert (config["conditional"], config["architecture"]) == (True, "hybrid")
    generator = Generator.load(run)
    assert generator.spec.classes == ("high", "low")
    samples = generator.sample(3, label="low")
    assert (samples.shape, samples.dtype) == ((3, 64, 64, 1), np.uint8)
    assert {"reals.png", "progress.gif"} <= {path.name for path in run.iterdir()}


def test_sounds_are_generated_as_wav_one_each_or_all_in_a_row(run: Path, tmp_path: Path) -> None:
    assert command(["generate", str(run), "-n", "3", "--out", f"{tmp_path}/some/"]) == 0
    files = sorted((tmp_path / "some").iterdir())
    assert [path.suffix for path in files] == [".wav"] * 3
    waves = [soundfile.read(path, dtype="int16")[0] for path in files]
    assert command(["generate", str(run), "-n", "3", "--out", str(tmp_path / "all.wav")]) == 0
    together, rate = soundfile.read(tmp_path / "all.wav", dtype="int16")
    np.testing.assert_array_equal(together, np.concatenate([np.pad(wave, (0, rate // 4)) for wave in waves]))


def test_the_page_of_places_has_a_player(run: Path) -> None:
    client = client_of(run)
    answer = client.get("/api/latent?z=7.3&format=wav")
    assert answer.headers["content-type"] == "audio/wav"
    assert soundfile.read(io.BytesIO(answer.content))[1] == 8000
    assert '<audio id="player"' in client.get("/runs/run/explore").text
    assert "media-src 'self'" in client.get("/runs/run/explore").headers["content-security-policy"]
    refused = client.get("/api/latent?z=7.3&format=mid")
    assert (refused.status_code, "wav" in refused.text) == (422, True)


def test_the_public_page_says_and_plays_what_does_not_exist(run: Path) -> None:
    client = client_of(run)
    page = client.get("/runs/run/visit/5")
    assert '<audio controls src="/runs/run/visit/5.wav">' in page.text
    assert "Nobody said or played it" in page.text
    assert client.get("/runs/run/visit/5.wav").headers["content-type"] == "audio/wav"
    assert client.get("/runs/run/visit/5.mid").status_code == 404


def test_the_quiz_is_by_ear(run: Path) -> None:
    client = client_of(run)
    quiz = client.post("/api/quiz").json()
    assert quiz["shown"] == "player"
    lengths = {
        len(soundfile.read(io.BytesIO(client.get(f"/api/quiz/{quiz['id']}/{i}.file").content))[0]) for i in (0, 7)
    }
    assert len(lengths) == 1
    assert client.get(f"/api/quiz/{quiz['id']}/20.file").status_code == 404
    answered = client.post(f"/api/quiz/{quiz['id']}/answers", json={"said_real": [True] * 20}).json()
    assert answered["said_by_D"] is not None


def test_the_sheet_of_inspect_can_be_listened_to(tones: Path, tmp_path: Path) -> None:
    assert command(["inspect", str(tones), "--out", f"{tmp_path}/"]) == 0
    (page,) = tmp_path.glob("*.html")
    text = page.read_text()
    assert text.count('src="data:audio/wav;base64,') == 20
    assert "8,000 Hz" in text
