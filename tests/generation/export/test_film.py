"""Films: as long as asked, with no jump where they loop, and written here or said why not."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from faussaire.cli.main import run as command
from faussaire.core.errors import ConfigError
from faussaire.generation.export import _encoding, export
from faussaire.generation.export._film import great_circles
from faussaire.generation.generator import Generator

OLD = Path(__file__).parents[2] / "fixtures" / "run-0.1.0"
SHORT = {"seconds": 0.5, "fps": 20, "seeds": (3, 4, 5), "pixels": 16}


def frames_of(path: Path) -> np.ndarray:
    """Decode a film to uint8 `[frames, H, W, 3]`."""
    if path.suffix != ".mp4":
        with Image.open(path) as film:
            return np.stack([np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(film)])
    command = [_encoding.ffmpeg(), "-loglevel", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, 16, 16, 3)


@pytest.mark.parametrize("suffix", [".mp4", ".webp", ".gif"])
def test_a_walk_is_as_long_as_asked_and_ends_where_it_began(tmp_path: Path, suffix: str) -> None:
    path, told = export(OLD, "film", tmp_path / f"walk{suffix}", **SHORT)
    frames = frames_of(path)
    assert len(frames) == 10
    assert np.array_equal(frames[0], frames[-1])
    assert not np.array_equal(frames[0], frames[5])
    assert told[0].endswith("its last frame is its first")


def test_a_walk_passes_the_samples_of_its_seeds(tmp_path: Path) -> None:
    path, _ = export(OLD, "film", tmp_path / "walk.webp", **SHORT, once=True, label="7")
    frames, generator = frames_of(path), Generator.load(OLD)
    for seed, frame in ((3, frames[0]), (5, frames[-1])):
        sample = generator.sample(1, seed=seed, label="7")[0].repeat(2, axis=0).repeat(2, axis=1)
        assert np.abs(frame.astype(int) - sample).max() <= 1


def test_a_film_in_gif_takes_as_long_as_asked(tmp_path: Path) -> None:
    path, _ = export(OLD, "film", tmp_path / "walk.gif", **{**SHORT, "fps": 30})
    with Image.open(path) as film:
        assert sum(frame.info["duration"] for frame in ImageSequence.Iterator(film)) == 500


def test_great_circles_stay_as_far_from_the_middle_as_their_keys() -> None:
    keys = np.random.default_rng(0).standard_normal((3, 50)).astype(np.float32)
    way = great_circles(keys, 301, closed=True)
    lengths, ends = np.linalg.norm(way, axis=1), np.linalg.norm(keys, axis=1)
    np.testing.assert_array_equal(way[-1], way[0])
    np.testing.assert_allclose(way[[0, 100, 200]], keys, atol=1e-5)
    assert lengths.min() > 0.95 * ends.min()
    assert lengths.max() < 1.05 * ends.max()
    opposite = great_circles(np.array([[1.0, 0], [-1, 0]], np.float32), 5, closed=False)
    assert np.isfinite(opposite).all()


def test_a_grid_shows_many_walks_and_a_training_its_pictures(tmp_path: Path) -> None:
    grid, _ = export(OLD, "film", tmp_path / "grid.webp", **SHORT, kind="grid", tiles=4)
    with Image.open(grid) as film:
        assert film.n_frames == 10
        assert film.width == 2 * 56 + 3 * 2  # two tiles in a row, and the gaps
    training, _ = export(OLD, "film", tmp_path / "training.gif", seconds=1, fps=10, kind="training")
    with Image.open(training) as film:
        assert film.n_frames == 5  # one for each picture: those that are the same are one, and stay for as long


def test_without_ffmpeg_a_webp_is_written_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_encoding, "ffmpeg", lambda: None)
    monkeypatch.setattr("faussaire.generation.export._film.ffmpeg", lambda: None)
    monkeypatch.chdir(tmp_path)
    path, told = export(OLD, "film", **SHORT)
    assert path.suffix == ".webp"
    assert told[1] == "There is no ffmpeg here, which an MP4 takes: pip install 'faussaire[film]'"
    with pytest.raises(ConfigError, match=r"an MP4 takes ffmpeg.*faussaire\[film\]"):
        export(OLD, "film", tmp_path / "walk.mp4", **SHORT)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--kind carousel", "walk, grid or training"), ("--fps 0", "1 to 120"), ("--seconds nan", "number of seconds"),
        ("--seconds 1e9", "--seconds times"), ("--seeds 1", "two samples or more"), ("--tiles 0", "1 to 400"),
        ("--pixels 9999", "1 to 4096"), ("--truncation 5", "truncation"), ("--class 9", "no class '9'"),
        ("--out walk.avi", ".mp4, .webp or .gif"), ("--n 5", "--n is no option of --to film"),
        ("--seconds 200 --out walk.gif", "too large"), ("--seeds -1 --seeds 2", "0 or more"),
    ],
)  # fmt: skip
def test_what_no_film_can_be_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], flags: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command(["export", str(OLD), "--to", "film", *flags.split()]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert message in line
    assert list(tmp_path.iterdir()) == []


def test_a_training_without_pictures_is_told(tmp_path: Path) -> None:
    alone = Path(shutil.copytree(OLD / "generator", tmp_path / "alone"))
    with pytest.raises(ConfigError, match="no pictures of a training"):
        export(alone, "film", tmp_path / "training.gif", kind="training")
