"""Samples from a generator folder: the same seed the same bytes, in flat memory, in every format."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from faussaire.api import train
from faussaire.cli.main import run as command
from faussaire.core.errors import CheckpointError, ConfigError
from faussaire.generation.generator import CHUNK, Generator
from faussaire.generation.samples import write_samples


@pytest.fixture
def run_folder(tmp_path: Path, images_folder: Path) -> Path:
    folder = tmp_path / "run"
    settings = {"architecture": "hybrid", "resolution": 12, "batch_size": 10, "pictures": 2}
    train(images_folder, run=folder, kimg=0.05, **settings)
    return folder


def test_a_sample_is_uint8_n_h_w_c_and_a_function_of_the_seed(run_folder: Path) -> None:
    generator = Generator.load(run_folder)
    first, again, other = generator.sample(7), generator.sample(7), generator.sample(7, seed=1)
    assert (first.shape, first.dtype) == ((7, 12, 12, 1), np.uint8)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_samples_beyond_a_chunk_go_on_with_new_latents(run_folder: Path) -> None:
    samples = Generator.load(run_folder).sample(CHUNK + 5)
    assert len(samples) == CHUNK + 5
    assert not np.array_equal(samples[:5], samples[CHUNK:])


def test_no_truncation_room_gives_one_sample_only(run_folder: Path) -> None:
    samples = Generator.load(run_folder).sample(5, truncation=0.0)
    assert (samples == samples[0]).all()


def test_the_generator_folder_alone_is_enough(run_folder: Path, tmp_path: Path) -> None:
    alone = (run_folder / "generator").rename(tmp_path / "alone")
    generator = Generator.load(alone)
    assert (generator.name, generator.nimg) == ("squares", 50)


def test_damaged_and_missing_generators_are_told_apart(run_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such run"):
        Generator.load(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match=f"no run and no generator; to train on what is in it: .* train {tmp_path}$"):
        Generator.load(tmp_path)  # as a folder of photographs is
    (tmp_path / "events.jsonl").touch()
    with pytest.raises(ConfigError, match=f"holds no generator: train first .*--run {tmp_path}"):
        Generator.load(tmp_path)
    weights = run_folder / "generator" / "generator.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    with pytest.raises(CheckpointError, match="cannot be loaded"):
        Generator.load(run_folder)


def test_a_generator_of_a_newer_faussaire_asks_for_an_upgrade(run_folder: Path) -> None:
    path = run_folder / "generator" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
    with pytest.raises(CheckpointError, match="upgrade faussaire"):
        Generator.load(run_folder)


def test_each_format_holds_the_same_samples(run_folder: Path, tmp_path: Path) -> None:
    generator = Generator.load(run_folder)
    expected = generator.sample(CHUNK + 3, seed=4)
    for name in ("s.npy", "each"):
        write_samples(generator, tmp_path / name, n=CHUNK + 3, seed=4, truncation=1.0)
    assert np.array_equal(np.load(tmp_path / "s.npy"), expected)
    files = sorted((tmp_path / "each").iterdir())
    assert len(files) == CHUNK + 3
    assert np.array_equal(np.asarray(Image.open(files[CHUNK + 1])), expected[CHUNK + 1, ..., 0])


def test_a_grid_shows_every_sample_with_hard_edges(run_folder: Path, tmp_path: Path) -> None:
    generator = Generator.load(run_folder)
    write_samples(generator, tmp_path / "grid.png", n=4, seed=0, truncation=1.0)
    picture = np.asarray(Image.open(tmp_path / "grid.png"))
    side = 60  # 12 pixels, five times enlarged
    assert picture.shape == (2 * side + 6, 2 * side + 6)
    last = picture[side + 4 : 2 * side + 4, side + 4 : 2 * side + 4]
    assert np.array_equal(last[::5, ::5], generator.sample(4)[3, ..., 0])


def spoil(run: Path, value: float) -> None:
    """Let every weight of a saved generator be this one."""
    path = run / "generator" / "generator.safetensors"
    with safe_open(path, framework="pt") as file:
        metadata = {"nimg": file.metadata()["nimg"]}  # as version 0.2 wrote it, without a SHA-256
    tensors = {name: torch.full_like(tensor, value) for name, tensor in load_file(path).items()}
    save_file(tensors, path, metadata=metadata)


@pytest.mark.parametrize(
    ("value", "said"), [(math.nan, "has weights that are not finite"), (3e38, "makes samples that are not finite")]
)
def test_a_generator_that_is_not_finite_is_told_in_one_line_and_writes_nothing(
    tmp_path: Path, squares_run: Path, capsys: pytest.CaptureFixture[str], value: float, said: str
) -> None:
    shutil.copytree(squares_run, tmp_path / "run")
    spoil(tmp_path / "run", value)
    for out in ("grid.png", "samples.npy", "folder/"):
        assert command(["generate", str(tmp_path / "run"), "--out", f"{tmp_path}/out/{out}"]) == 1
        assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    before = sorted((tmp_path / "run").iterdir())
    assert command(["evaluate", str(tmp_path / "run")]) == 1
    assert said in capsys.readouterr().err
    assert sorted((tmp_path / "run").iterdir()) == before
