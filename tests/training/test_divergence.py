"""A training that leaves the finite numbers ends by a DivergenceError, whoever meets it, and writes nothing of it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from faussaire.core.config import resolve
from faussaire.core.errors import DivergenceError
from faussaire.evaluation.while_training import training_scorer
from faussaire.runs import control
from faussaire.runs.folder import RunFolder
from faussaire.training.loop import train
from faussaire.training.recorder import Recorder, against_divergence
from faussaire.training.result import StepResult
from faussaire.training.trainer import Trainer
from toy import IMAGE, SimulatedClock, image_spec, image_trainer, recorder_by

STEPS = 12


def spoil_weights(trainer: Trainer) -> None:
    with torch.no_grad():
        for module in (trainer.state.G, trainer.state.G_ema):
            for parameter in module.parameters():
                parameter.fill_(math.nan)


def spoil_average(trainer: Trainer) -> None:
    with torch.no_grad():
        next(trainer.state.G_ema.parameters()).fill_(math.inf)


def spoil_samples(trainer: Trainer) -> None:
    """Leave every weight finite, so large that what they make is not."""
    with torch.no_grad():
        for parameter in trainer.state.G_ema.parameters():
            parameter.fill_(3e38)


def spoil_judge(trainer: Trainer) -> None:
    with torch.no_grad():
        next(trainer.state.D.parameters()).fill_(math.nan)


SPOILERS = [spoil_weights, spoil_average, spoil_samples, spoil_judge]


def train_spoilt(folder: Path, spoil: Callable[[Trainer], None], at: int, *, due: str) -> Recorder:
    """Train a small network that is spoilt in its step number `at`, where only one thing is due after that."""
    trainer = image_trainer(folder, "hybrid", width=4, pictures=4 if due == "picture" else 1)
    recorder = recorder_by(SimulatedClock(), trainer, folder, image_spec(8, 3))
    recorder.held_out = torch.zeros(4, 3, 8, 8)
    recorder.scorer = training_scorer(
        trainer.batches.samples, IMAGE, trainer.state.forge, z_dim=trainer.config.z_dim, seed=0
    )
    made, step = 0, trainer.step
    clock = recorder.clock

    def spoilt_step() -> StepResult:
        nonlocal made
        result = step()
        made += 1
        if made == at:
            spoil(trainer)
            if due == "score":
                clock.leave_out(-1000.0)  # a score is due, and a report after it
            if due == "pause":
                control.ask(recorder.run, "pause")
                clock.leave_out(-1000.0)
        return result

    trainer.step = spoilt_step  # type: ignore[method-assign]
    with pytest.raises(DivergenceError, match="no longer finite"):
        train(trainer, recorder, should_stop=lambda: due == "stop" and made >= at)
    return recorder


@pytest.mark.parametrize("due", ["picture", "score", "pause", "stop", "end"])
@pytest.mark.parametrize("spoil", SPOILERS)
def test_whoever_meets_it_first_ends_the_training(tmp_path: Path, spoil: Callable[[Trainer], None], due: str) -> None:
    at = 10 if due == "end" else 3
    run = train_spoilt(tmp_path, spoil, at, due=due).run
    assert [event.data["name"] for event in run.events("verdict")][-1] == "not finite"
    for folder in (run.generator_folder, run.best):
        for file in folder.glob("*.safetensors"):
            assert all(bool(torch.isfinite(tensor).all()) for tensor in load_file(file).values())
    for path in run.checkpoints.iterdir():
        assert json.loads((path / "state.json").read_text())["nimg"] < 8 * at
    assert not any(event.kind in ("stopped", "done") for event in RunFolder(tmp_path).events())


def test_what_is_advised_is_not_on_already() -> None:
    config = resolve(None, {"data": "x", "penalties": ["r1", "r2"], "gamma": 1e38})
    assert against_divergence(config) == (
        "begin again in another --run with a smaller --gamma than 1e+38, or with a smaller --lr"
    )
    config = resolve(None, {"data": "x", "penalties": ["r1"]})
    assert against_divergence(config).endswith("with a smaller --lr, or with --penalties r1 --penalties r2")
    config = resolve(None, {"data": "x", "penalties": [], "gamma": 1e38})
    assert "--gamma" not in against_divergence(config)
