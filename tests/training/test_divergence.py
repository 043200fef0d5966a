"""A training that leaves the finite numbers is rolled back, whoever meets it, and nothing of it is written."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from faussaire.core.config import resolve
from faussaire.core.errors import DivergenceError
from faussaire.evaluation.while_training import training_scorer
from faussaire.runs import control
from faussaire.runs.checkpoint import save_checkpoint
from faussaire.runs.folder import RunFolder
from faussaire.runs.opening import plan_of
from faussaire.runs.standing import standing
from faussaire.training.loop import train
from faussaire.training.recorder import Recorder
from faussaire.training.result import StepResult
from faussaire.training.rollback import against_divergence
from faussaire.training.trainer import Trainer
from runs.test_opening import assert_same_state
from toy import IMAGE, SimulatedClock, image_spec, image_trainer, recorder_by


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


def recorded(folder: Path, *, due: str = "end", **settings: Any) -> Recorder:
    """Return what records the training of a small network, where only one thing is due after a step."""
    trainer = image_trainer(folder, "hybrid", **{"width": 4, "pictures": 4 if due == "picture" else 1} | settings)
    recorder = recorder_by(SimulatedClock(), trainer, folder, image_spec(8, 3))
    recorder.held_out = torch.zeros(4, 3, 8, 8)
    recorder.scorer = training_scorer(
        trainer.batches.samples, IMAGE, trainer.state.forge, z_dim=trainer.config.z_dim, reals="", seed=0
    )
    return recorder


def train_spoilt(recorder: Recorder, spoil: Callable[[Trainer], None], at: set[int], *, due: str = "end") -> bool:
    """Train, and spoil the state after some steps, by their number since the beginning."""
    trainer, made, step, clock = recorder.trainer, 0, recorder.trainer.step, recorder.clock

    def spoilt_step() -> StepResult:
        nonlocal made
        result = step()
        made += 1
        if made in at:
            spoil(trainer)
            if due == "score":
                clock.leave_out(-1000.0)  # a score is due, and a report after it
            if due == "pause":
                control.ask(recorder.run, "pause")
                clock.leave_out(-1000.0)
        elif due == "pause":
            control.forget(recorder.run)
        return result

    trainer.step = spoilt_step  # type: ignore[method-assign]
    return train(trainer, recorder, should_stop=lambda: due == "stop" and made in at)


def assert_all_saved_is_finite(run: RunFolder) -> None:
    files = [*run.path.rglob("*.safetensors")]
    assert files
    for file in files:
        assert [name for name, tensor in load_file(file).items() if not bool(torch.isfinite(tensor).all())] == []


@pytest.mark.parametrize("due", ["picture", "score", "pause", "stop", "end"])
@pytest.mark.parametrize("spoil", SPOILERS)
def test_whoever_meets_it_first_training_goes_back_and_on_with_half_the_learning_rate(
    tmp_path: Path, spoil: Callable[[Trainer], None], due: str
) -> None:
    recorder = recorded(tmp_path, due=due)
    assert train_spoilt(recorder, spoil, {10 if due == "end" else 3}, due=due)
    (told,) = recorder.run.events("rolled_back")
    assert (told.nimg, told.data["halvings"]) == (0, 1)
    assert "no longer finite" in told.data["text"]
    assert "half the learning rate (halving 1 of at most 3)" in told.data["text"]
    assert recorder.trainer.plan.lr_share(0) == 0.5
    assert [event.kind for event in recorder.run.events("done")] == ["done"]
    assert_all_saved_is_finite(recorder.run)


def test_after_three_halvings_it_ends_and_says_what_to_begin_again_with(tmp_path: Path) -> None:
    recorder = recorded(tmp_path)
    with pytest.raises(DivergenceError, match=r"for the 4\. time, though its learning rate was halved 3 times.*--lr"):
        train_spoilt(recorder, spoil_judge, set(range(1, 100)))
    run = RunFolder(tmp_path)
    assert [event.data["halvings"] for event in run.events("rolled_back")] == [1, 2, 3]
    assert standing(run.history(), 0.0).state == "diverged"
    assert_all_saved_is_finite(run)


def spoil_once(trainer: Trainer, where: str) -> None:
    """Let one thing that the next step meets be no number."""
    if where == "data":
        real = trainer.batches.real
        trainer.batches.real = lambda nimg, rows: real(nimg, rows) * math.nan  # type: ignore[method-assign]
    elif where == "loss":
        loss = trainer.passes.loss
        broken = replace(loss, discriminator=lambda real, fake: loss.discriminator(real, fake) + math.nan)
        trainer.passes.loss = broken
    else:
        (spoil_gradient if where == "gradient" else spoil_judge)(trainer)


def spoil_gradient(trainer: Trainer) -> None:
    """Let the next gradient of G overflow, though the loss is a number."""
    next(trainer.state.G.parameters()).register_hook(lambda gradient: gradient * math.inf)


@pytest.mark.parametrize("where", ["data", "loss", "gradient", "parameter"])
def test_no_step_is_taken_down_what_is_not_finite(tmp_path: Path, where: str) -> None:
    trainer = image_trainer(tmp_path, "hybrid", width=4)
    trainer.step()
    spoil_once(trainer, where)
    before = {name: tensor.clone() for name, tensor in trainer.state.weights().items() if name.startswith("G")}
    with pytest.raises(
        DivergenceError, match=f"the loss of {'G' if where == 'gradient' else 'D'}, or its gradient, is"
    ):
        trainer.step()
    assert all(torch.equal(tensor, before[name]) for name, tensor in trainer.state.weights().items() if name in before)


def test_a_run_that_was_rolled_back_resumes_and_replays_bit_by_bit(tmp_path: Path) -> None:
    whole = recorded(tmp_path / "whole")
    save_checkpoint(whole.trainer.state, whole.run.checkpoints)
    train_spoilt(whole, spoil_judge, {4})
    assert whole.trainer.plan.lr_share(0) == 0.5
    plan = plan_of(whole.run)
    again = image_trainer(tmp_path / "again", "hybrid", width=4, pictures=1, replay=plan)
    for _ in range(5):
        again.step()
    save_checkpoint(again.state, tmp_path / "again" / "checkpoints")
    again = image_trainer(tmp_path / "again", "hybrid", width=4, pictures=1)  # interrupted and resumed
    assert again.state.nimg == 40
    while not again.plan.finished(again.state.nimg):
        again.step()
    assert_same_state(again, whole.trainer)


def test_what_is_advised_is_not_on_already() -> None:
    config = resolve(None, {"data": "x", "penalties": ["r1", "r2"], "gamma": 5000})
    assert against_divergence(config) == (
        "begin again in another --run with a smaller --gamma than 5000, or with a smaller --lr"
    )
    config = resolve(None, {"data": "x", "penalties": ["r1"]})
    assert against_divergence(config).endswith("with a smaller --lr, or with --penalties r1 --penalties r2")
    config = resolve(None, {"data": "x", "penalties": [], "gamma": 5000})
    assert "--gamma" not in against_divergence(config)
