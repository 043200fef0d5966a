"""Checkpoints are whole or absent, damaged ones are passed over, and none is written of a diverged state."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from faussaire.checkpoint import load_newest, save_checkpoint
from faussaire.errors import CheckpointError, DivergenceError
from faussaire.trainer import Trainer
from toy import toy_config, toy_trainer


@pytest.fixture
def trainer(tmp_path: Path) -> Trainer:
    return toy_trainer(tmp_path / "run")


def test_the_last_two_are_kept_and_the_newest_is_loaded(trainer: Trainer, tmp_path: Path) -> None:
    for _ in range(3):
        trainer.step()
        save_checkpoint(trainer.state, tmp_path)
    expected = {name: tensor.clone() for name, tensor in trainer.state.tensors().items()}
    assert sorted(path.name for path in tmp_path.glob("[0-9]*")) == [f"{64:012d}", f"{96:012d}"]
    trainer.step()
    path, damaged = load_newest(trainer.state, tmp_path)
    assert path is not None
    assert path.name == f"{96:012d}"
    assert (trainer.state.nimg, damaged) == (96, [])
    assert all(torch.equal(tensor, expected[name]) for name, tensor in trainer.state.tensors().items())


@pytest.mark.parametrize("damage", ["flip", "truncate", "remove", "facts"])
def test_a_damaged_checkpoint_is_passed_over_with_a_word(trainer: Trainer, tmp_path: Path, damage: str) -> None:
    trainer.step()
    save_checkpoint(trainer.state, tmp_path)
    trainer.step()
    newest = save_checkpoint(trainer.state, tmp_path)
    tensors = newest / "state.safetensors"
    content = bytearray(tensors.read_bytes())
    if damage == "flip":
        content[-5] ^= 1
        tensors.write_bytes(content)
    elif damage == "truncate":
        tensors.write_bytes(content[:1000])
    elif damage == "remove":
        tensors.unlink()
    else:
        (newest / "state.json").write_text("{}")
    path, damaged = load_newest(trainer.state, tmp_path)
    assert path is not None
    assert path.name == f"{32:012d}"
    assert trainer.state.nimg == 32
    assert len(damaged) == 1
    assert "damaged and was passed over" in damaged[0]


def test_a_folder_left_half_written_is_no_checkpoint(trainer: Trainer, tmp_path: Path) -> None:
    (tmp_path / ".000000000032.tmp").mkdir()
    assert load_newest(trainer.state, tmp_path) == (None, [])


def test_a_checkpoint_of_other_networks_is_refused(trainer: Trainer, tmp_path: Path) -> None:
    trainer.step()
    save_checkpoint(trainer.state, tmp_path / "run" / "checkpoints")
    other = toy_trainer(tmp_path / "other", z_dim=5)
    with pytest.raises(CheckpointError, match="does not fit"):
        load_newest(other.state, tmp_path / "run" / "checkpoints")


def test_a_state_that_is_not_finite_is_never_saved(trainer: Trainer, tmp_path: Path) -> None:
    with torch.no_grad():
        next(trainer.state.D.parameters()).fill_(float("nan"))
    with pytest.raises(DivergenceError, match="no longer finite"):
        save_checkpoint(trainer.state, tmp_path)
    assert list(tmp_path.glob("[0-9]*")) == []


def test_adam_goes_on_with_its_own_settings(trainer: Trainer) -> None:
    group = trainer.state.opt_G.param_groups[0]
    assert group["betas"] == (toy_config().beta1, toy_config().beta2)
