"""A run, from its first step to its generator, on each device that this machine has: the same tests on any of them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

import faussaire
from faussaire.core.captured import AtOnce, Captured
from faussaire.core.config import resolve
from faussaire.core.devices import CPU, choose
from faussaire.data.batches import Batches
from faussaire.generation.generator import Generator
from faussaire.runs.checkpoint import fresh_state
from faussaire.runs.folder import RunFolder
from faussaire.runs.plan import endless
from faussaire.training.trainer import Trainer
from toy import IMAGE, image_spec

DEVICES = list(dict.fromkeys([CPU.type, choose("auto").device.type]))


def colours(path: Path) -> Path:
    """Write images of two classes, in folders."""
    rng = np.random.default_rng(0)
    for name, level in (("dark", 40), ("light", 200)):
        (path / name).mkdir(parents=True)
        for number in range(60):
            array = rng.integers(level - 40, level + 40, (1, 16, 16, 3)).astype(np.uint8)
            (path / name / f"{number}.png").write_bytes(IMAGE.png(array))
    return path


@pytest.mark.parametrize("device", DEVICES)
def test_a_run_of_classes_goes_on_elsewhere_and_leaves_a_generator(tmp_path: Path, device: str) -> None:
    data, folder, said = colours(tmp_path / "data"), tmp_path / "run", io.StringIO()
    given = {"batch_size": 8, "width": 4, "z_dim": 8, "conditional": True, "console": Console(file=said, width=200)}
    faussaire.train(data, run=folder, kimg=0.2, device=device, **given)
    faussaire.train(data, run=folder, kimg=0.3, device=CPU.type, **given)
    run = RunFolder(folder)
    assert not list(run.events("warning"))
    assert [event.nimg for event in run.events("done")] == [200, 304]
    assert list(run.events("judged"))
    assert said.getvalue().count("Device: ") == 2
    assert Generator.load(folder).sample(8, label="light").shape == (8, 16, 16, 3)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("architecture", ["lean", "hybrid", "dense"])
@pytest.mark.parametrize("resident", [True, False])
def test_what_a_device_plays_back_is_what_it_would_have_computed(
    device: str, architecture: str, resident: bool
) -> None:
    """At a learning rate at which no rounding grows."""
    settings = {"data": "x", "batch_size": 8, "z_dim": 4, "augment": ("translation", "colour", "cutout"), "lr": 1e-6}
    config = resolve(None, {**settings, "architecture": architecture})
    chosen = choose(device).device
    images = np.random.default_rng(0).integers(0, 256, (40, 3, 16, 16)).astype(np.uint8)
    trainers = []
    for _ in range(2):
        batches = Batches(
            images, to_real=IMAGE.to_real, batch_size=8, seed=0, device=chosen, is_resident=resident and device != "cpu"
        )
        state = fresh_state(config, image_spec(16, 3), chosen)
        state.augment = 0.5
        trainers.append(Trainer(config, batches, state, endless()))
    trainers[1].compute = AtOnce()
    assert isinstance(trainers[0].compute, Captured) == (device == "cuda" and architecture != "dense")
    for _ in range(12):
        ours, plain = (trainer.step() for trainer in trainers)
        for one, other in zip(ours.values, plain.values, strict=True):
            torch.testing.assert_close(one, other, rtol=0.01, atol=0.01)
        torch.testing.assert_close(ours.judged.fake, plain.judged.fake, rtol=0.01, atol=0.01)
    torch.testing.assert_close(trainers[0].state.weights(), trainers[1].state.weights(), rtol=0.01, atol=1e-4)
