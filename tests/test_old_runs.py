"""Runs and generators of earlier versions: what a user has on the disk goes on to work.

`fixtures/run-0.1.0` was trained by commit 7a9b9c4 (`faussaire train mnist --classes 7 --classes 1 --conditional
--resolution 8 --width 2 --kimg 2 --pictures 4 --seed 1 --threads 2 --precision fp32`), its first checkpoint and the
pictures of its views left out; `run-0.1.0-samples.npy` are its samples `-n 4 --seed 3`. `generators-0.1.0.json` are the
configurations of a `conv` and a `dense` generator of the same commit, with the names and shapes of their tensors.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from faussaire import Generator, train
from faussaire.core.errors import ConfigError
from faussaire.evaluation.evaluate import evaluate
from faussaire.runs.folder import RunFolder

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A copy of the old run."""
    return Path(shutil.copytree(FIXTURES / "run-0.1.0", tmp_path / "run"))


def test_the_generator_of_an_old_run_makes_the_same_samples(old: Path) -> None:
    samples = Generator.load(old).sample(4, seed=3)
    expected = np.load(FIXTURES / "run-0.1.0-samples.npy")
    assert samples.shape == expected.shape
    assert np.abs(samples.astype(int) - expected).max() <= 1  # another processor may round another way


def test_the_best_generator_of_an_old_run_loads(old: Path) -> None:
    assert Generator.load(old / "best").spec.classes == ("1", "7")


@pytest.mark.parametrize("name", ["conv", "dense"])
def test_old_generators_of_the_chapter_load(name: str, tmp_path: Path) -> None:
    old = json.loads((FIXTURES / "generators-0.1.0.json").read_text("utf-8"))[name]
    tensors = {
        key: torch.zeros(shape, dtype=torch.int64 if key.endswith("num_batches_tracked") else torch.float32)
        for key, shape in old["tensors"].items()
    }
    (tmp_path / "config.json").write_text(json.dumps(old["config"]))
    save_file(tensors, tmp_path / "generator.safetensors", metadata={"nimg": "200"})
    assert Generator.load(tmp_path).sample(2).shape == (2, 8, 8, 1)


def test_an_old_run_goes_on_in_the_order_of_today_and_says_so(old: Path) -> None:
    settings = {"classes": ["7", "1"], "conditional": True, "resolution": 8, "width": 2, "pictures": 4}
    run = train("mnist", run=old, kimg=3, seed=1, threads=2, precision="fp32", **settings)
    assert [event.nimg for event in run.events("done")] == [2048, 3008]
    (warning,) = [event.data["text"] for event in run.events("warning") if "version 0.1" in event.data["text"]]
    assert "with its images in another order" in warning


def test_an_old_run_is_evaluated_and_refused_as_a_replay(old: Path) -> None:
    scores = evaluate(RunFolder(old), protocols=["fd2000-pixels-dct"]).scores
    assert {score.metric for score in scores} >= {"frechet"}
    with pytest.raises(ConfigError, match=r"was trained by version 0\.1"):
        train(run=old.with_name("replay"), replay=old)
