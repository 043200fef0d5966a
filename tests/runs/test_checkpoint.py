"""Checkpoints are whole or absent, damaged ones are passed over, and none is written of a diverged state."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from faussaire.core.errors import CheckpointError, DivergenceError
from faussaire.runs.checkpoint import COUNTS, TENSORS, load_newest, save_checkpoint
from faussaire.training.trainer import Trainer
from toy import toy_config, toy_trainer


@pytest.fixture
def trainer(tmp_path: Path) -> Trainer:
    (tmp_path / "saved").mkdir()
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


def flip(path: Path) -> None:
    content = bytearray((path / TENSORS).read_bytes())
    content[-5] ^= 1
    (path / TENSORS).write_bytes(content)


def truncate(path: Path) -> None:
    os.truncate(path / TENSORS, 1000)


def empty(path: Path) -> None:
    os.truncate(path / TENSORS, 0)


def lose_tensors(path: Path) -> None:
    (path / TENSORS).unlink()


def lose_facts(path: Path) -> None:
    (path / COUNTS).unlink()


def halve_facts(path: Path) -> None:
    os.truncate(path / COUNTS, 20)


def empty_facts(path: Path) -> None:
    (path / COUNTS).write_text("{}")


def listed_facts(path: Path) -> None:
    (path / COUNTS).write_text("[]")


def binary_facts(path: Path) -> None:
    (path / COUNTS).write_bytes(b"\xff\x00")


def infinite_facts(path: Path) -> None:
    facts = json.loads((path / COUNTS).read_text())
    (path / COUNTS).write_text(json.dumps(facts | {"seconds": math.inf}))


def facts_of_another(path: Path) -> None:
    facts = json.loads((path / COUNTS).read_text())
    (path / COUNTS).write_text(json.dumps(facts | {"nimg": 5}))


def fold_tensors(path: Path) -> None:
    (path / TENSORS).unlink()
    (path / TENSORS).mkdir()


def flatten(path: Path) -> None:
    shutil.rmtree(path)
    path.write_text("a file")


def hollow(path: Path) -> None:
    shutil.rmtree(path)
    path.mkdir()


def unhook(path: Path) -> None:
    shutil.rmtree(path)
    path.symlink_to(path.parent / "nowhere")


DAMAGES = [flip, truncate, empty, lose_tensors, lose_facts, halve_facts, empty_facts, listed_facts, binary_facts]
DAMAGES += [infinite_facts, facts_of_another, fold_tensors, flatten, hollow, unhook]


def saved(trainer: Trainer, folder: Path, count: int = 1) -> list[Path]:
    """Train and save `count` times, and return the checkpoints."""
    folders = []
    for _ in range(count):
        trainer.step()
        folders.append(save_checkpoint(trainer.state, folder))
    return folders


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_passed_over_with_a_word(
    trainer: Trainer, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    first, second = saved(trainer, tmp_path / "saved", 2)
    damage(second)
    path, damaged = load_newest(trainer.state, tmp_path / "saved")
    assert path == first
    assert trainer.state.nimg == 32
    assert len(damaged) == 1
    assert f"checkpoint {second.name} is damaged and was passed over: it" in damaged[0]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_ones_do_not_count_and_the_new_whole_ones_are_kept(
    trainer: Trainer, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    folder = tmp_path / "saved"
    (whole,) = saved(trainer, folder)
    for nimg in (320, 640):  # newer, and both damaged
        shutil.copytree(whole, folder / f"{nimg:012d}")
        damage(folder / f"{nimg:012d}")
    assert load_newest(trainer.state, folder)[0] == whole
    (second,) = saved(trainer, folder)
    assert names(folder) == [whole.name, second.name, "aside-000000000320", "aside-000000000640"]
    (third,) = saved(trainer, folder)
    assert names(folder) == [second.name, third.name, "aside-000000000320", "aside-000000000640"]
    assert load_newest(trainer.state, folder) == (third, [])


@pytest.mark.parametrize("damage", DAMAGES)
def test_one_damaged_while_training_goes_on_does_not_push_out_the_whole_one_before_it(
    trainer: Trainer, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    folder = tmp_path / "saved"
    first, second = saved(trainer, folder, 2)
    damage(second)
    (third,) = saved(trainer, folder)
    assert names(folder) == [first.name, third.name, f"aside-{second.name}"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_one_is_replaced_when_training_comes_by_again(
    trainer: Trainer, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    folder = tmp_path / "saved"
    first, second = saved(trainer, folder, 2)
    damage(second)
    load_newest(trainer.state, folder)
    assert saved(trainer, folder) == [second]
    assert names(folder) == [first.name, second.name]
    assert load_newest(trainer.state, folder) == (second, [])


def test_what_cannot_be_read_is_an_error_of_the_machine_and_no_damage(trainer: Trainer, tmp_path: Path) -> None:
    first, second = saved(trainer, tmp_path / "saved", 2)
    tensors = second / TENSORS
    tensors.unlink()
    tensors.symlink_to(tensors)  # a loop: it may be whole, and the system will not read it
    with pytest.raises(CheckpointError, match=rf"cannot read checkpoint {second}: Too many levels of symbolic links"):
        load_newest(trainer.state, tmp_path / "saved")
    (third,) = saved(trainer, tmp_path / "saved")
    assert names(tmp_path / "saved") == [first.name, second.name, third.name]


def test_other_names_are_neither_loaded_nor_counted_nor_removed(trainer: Trainer, tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    (first,) = saved(trainer, folder)
    mine = ["1", "000000000032 (copy)", "0000000009999", "999-best", "backup", "notes.txt"]
    for name in mine:
        shutil.copytree(first, folder / name)
    second, third = saved(trainer, folder, 2)
    assert names(folder) == sorted([*mine, second.name, third.name])
    assert load_newest(trainer.state, folder) == (third, [])


def test_what_a_kill_left_behind_is_cleared_away_by_the_next_save(trainer: Trainer, tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    (first,) = saved(trainer, folder)
    shutil.copytree(first, folder / ".000000000777.tmp")
    shutil.copytree(first, folder / ".000000000001.old")
    (folder / ".000000000064.tmp").write_text("a file")
    (second,) = saved(trainer, folder)
    assert names(folder) == [first.name, second.name]


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
