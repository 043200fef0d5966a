"""Interrupted and resumed is the same as uninterrupted, to the last bit; and what may be resumed as what."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from faussaire.api import train
from faussaire.cli.main import run as command
from faussaire.core.errors import CheckpointError, ConfigError
from faussaire.models import augment
from faussaire.runs.checkpoint import save_checkpoint
from faussaire.runs.folder import RunFolder
from faussaire.runs.opening import plan_of
from faussaire.training.trainer import Trainer
from toy import WAYS_TO_TRAIN, SimulatedClock, image_spec, image_trainer, toy_trainer, train_by

DENSE = {"architecture": "dense", "resolution": 12, "batch_size": 10, "pictures": 3}


def generator_bytes(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((run / "generator").iterdir())}


def assert_same_state(found: Trainer, expected: Trainer) -> None:
    """Every tensor is the same, and every number."""
    a, b = expected.state, found.state
    assert (a.nimg, a.augment) == (b.nimg, b.augment)
    tensors, others = a.tensors(), b.tensors()
    assert tensors.keys() == others.keys()
    assert [name for name in tensors if not torch.equal(tensors[name], others[name])] == []


@pytest.mark.parametrize("stop_at", [1, 7, 19])
def test_resume_is_bit_exact_also_with_a_dirtied_global_random_state(tmp_path: Path, stop_at: int) -> None:
    whole = toy_trainer(tmp_path / "whole", kimg=0.64, penalties=["r1", "wgan_gp"], penalty_every=3)
    for _ in range(20):
        whole.step()
    first = toy_trainer(tmp_path / "parts", kimg=0.64, penalties=["r1", "wgan_gp"], penalty_every=3)
    for _ in range(stop_at):
        first.step()
    save_checkpoint(first.state, tmp_path / "parts" / "checkpoints")
    torch.manual_seed(stop_at)
    random.seed(stop_at)
    second = toy_trainer(tmp_path / "parts", kimg=0.64, penalties=["r1", "wgan_gp"], penalty_every=3)
    assert second.state.nimg == stop_at * 32
    for _ in range(20 - stop_at):
        second.step()
    assert_same_state(second, whole)


@pytest.mark.parametrize("way", WAYS_TO_TRAIN)
def test_resume_is_bit_exact_in_every_way_to_train(tmp_path: Path, way: str) -> None:
    settings = WAYS_TO_TRAIN[way]
    whole = image_trainer(tmp_path / "whole", **settings)
    first = image_trainer(tmp_path / "parts", **settings)
    for _ in range(3):
        first.step()
    save_checkpoint(first.state, tmp_path / "parts" / "checkpoints")
    torch.manual_seed(1)
    second = image_trainer(tmp_path / "parts", strength=0.0, **settings)
    assert second.state.nimg == 24
    for _ in range(5):
        whole.step()
    for _ in range(2):
        second.step()
    assert_same_state(second, whole)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_ctrl_c_sigterm_and_sighup_save_first_and_say_how_to_go_on(
    tmp_path: Path, images_folder: Path, number: int, code: int
) -> None:
    run = tmp_path / "run"
    command = [sys.executable, "-m", "faussaire", "train", str(images_folder), "--minutes", "5", "--run", str(run)]
    small = ["--architecture", "dense", "--batch-size", "10", "--pictures", "2"]
    process = subprocess.Popen([*command, *small], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    while not any(event.kind == "stats" for event in RunFolder(run).events()):
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(number)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == code
    assert "The same command goes on from there" in out
    last = list(RunFolder(run).events())[-1]
    assert last.kind == "stopped"
    assert last.nimg > 0


def test_a_finished_run_says_so_and_a_larger_length_extends_it(
    tmp_path: Path, images_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    train(images_folder, run=run, kimg=0.1, **DENSE)
    before = generator_bytes(run)
    train(images_folder, run=run, kimg=0.1, **DENSE)
    assert "is finished" in capsys.readouterr().err
    assert generator_bytes(run) == before
    train(images_folder, run=run, kimg=0.2, **DENSE)
    assert generator_bytes(run) != before
    assert list(RunFolder(run).events())[-1].nimg == 200
    assert plan_of(RunFolder(run)).segments[-1].progress == 0.5


def test_changed_settings_are_refused_with_the_differences_listed(tmp_path: Path, images_folder: Path) -> None:
    run = tmp_path / "run"
    train(images_folder, run=run, kimg=0.05, **DENSE)
    with pytest.raises(
        ConfigError, match=r"--lr was not given, now 0.001; its length was --kimg 0.05, now --minutes 1"
    ):
        train(images_folder, run=run, minutes=1, lr=1e-3, **DENSE)
    with pytest.raises(ConfigError, match="it can only grow"):
        train(images_folder, run=run, kimg=0.01, **DENSE)


def spoil_checkpoints(run: Path, count: int) -> None:
    """Flip a bit in the tensors of the newest `count` checkpoints."""
    for path in sorted((run / "checkpoints").iterdir())[-count:]:
        content = bytearray((path / "state.safetensors").read_bytes())
        content[-1] ^= 1
        (path / "state.safetensors").write_bytes(content)


def run_with_checkpoints(folder: Path) -> Path:
    """Make a run of which checkpoints at 8 and 16 images are kept."""
    trainer = image_trainer(folder, "dense")
    for _ in range(2):
        trainer.step()
        save_checkpoint(trainer.state, folder / "checkpoints")
    RunFolder(folder).emit("checkpoint", nimg=16, path=f"{16:012d}", seconds=1.0)
    return folder


def test_a_run_goes_on_from_the_newest_whole_checkpoint(tmp_path: Path) -> None:
    run = run_with_checkpoints(tmp_path / "run")
    spoil_checkpoints(run, 1)
    assert image_trainer(run, "dense").state.nimg == 8
    assert [event.data["text"] for event in RunFolder(run).events("warning")] == [
        "checkpoint 000000000016 is damaged and was passed over: its state.safetensors has another SHA-256 than the "
        "recorded one"
    ]


def test_a_run_without_a_whole_checkpoint_is_not_begun_again_in_silence(tmp_path: Path) -> None:
    run = run_with_checkpoints(tmp_path / "run")
    spoil_checkpoints(run, 2)
    expected = r"had seen 16 images, and none of its checkpoints is whole \(.*SHA-256.*begin anew .* --run .*run-2"
    for _ in range(2):
        with pytest.raises(CheckpointError, match=expected):
            image_trainer(run, "dense")
    assert len(list((run / "checkpoints").iterdir())) == 2


def test_a_run_whose_checkpoints_are_gone_is_not_begun_again_in_silence(tmp_path: Path) -> None:
    run = run_with_checkpoints(tmp_path / "run")
    shutil.rmtree(run / "checkpoints")
    with pytest.raises(CheckpointError, match="had seen 16 images, and its checkpoints are gone"):
        image_trainer(run, "dense")


def test_a_run_killed_before_its_first_step_was_saved_begins_again(tmp_path: Path) -> None:
    run = tmp_path / "run"
    image_trainer(run, "dense").step()
    assert image_trainer(run, "dense").state.nimg == 0


def test_checkpoints_without_the_settings_are_not_trained_over(tmp_path: Path) -> None:
    run = run_with_checkpoints(tmp_path / "run")
    (run / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"holds checkpoints, but no config\.json"):
        image_trainer(run, "dense")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty, as after a power cut"),
        (bytes(4096), "it is empty, as after a power cut"),
        (b'{"faussaire": "0.2", "conf', "it is damaged"),
        (b"\xff\xfe", "it is damaged"),
        (b"[" * 100_000, "it is damaged"),
        (b"[]", "it holds no JSON object"),
        (b"{}", "it does not hold the config of a run"),
        (b'{"config": {}, "spec": {}, "num_images": "many"}', "it does not hold the num_images of a run"),
    ],
)
def test_damaged_settings_beside_whole_checkpoints_are_told_with_the_way_out(
    tmp_path: Path, images_folder: Path, capsys: pytest.CaptureFixture[str], content: bytes, said: str
) -> None:
    run = run_with_checkpoints(tmp_path / "my run")
    (run / "config.json").write_bytes(content)
    assert command(["train", str(images_folder), "--run", str(run), "--kimg", "0.1"]) == 1
    line = capsys.readouterr().err.strip()
    assert "\n" not in line
    assert f"cannot read {run}/config.json: {said}" in line
    assert f"put a copy of it back, or begin in another folder: --run '{run}-2'" in line


def test_an_extended_run_still_knows_its_data_by_its_whole_path(
    tmp_path: Path, images_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(images_folder.parent)
    for kimg in (0.01, 0.02):
        run = train(images_folder.name, run="run", kimg=kimg, threads=1, **DENSE)
    assert RunFolder(run).record()["config"]["data"] == [str(images_folder)]


@pytest.mark.parametrize("length", [{}, {"kimg": None, "minutes": 1.0}])
def test_a_run_whose_events_are_gone_goes_on_by_a_plan_made_anew(tmp_path: Path, length: dict[str, float]) -> None:
    run = tmp_path / "run"
    trainer = image_trainer(run, "dense", **length)
    trainer.step()
    trainer.state.seconds = 15.0
    save_checkpoint(trainer.state, run / "checkpoints")
    (run / "events.jsonl").unlink()
    again = image_trainer(run, "dense", **length)
    assert again.state.nimg == 8
    assert again.plan.progress(8) == (0.25 if length else 0.1)
    assert "has lost the plan" in next(RunFolder(run).events("warning")).data["text"]
    again.step()


def test_other_images_are_refused(tmp_path: Path, images_folder: Path) -> None:
    run = tmp_path / "run"
    train(images_folder, run=run, kimg=0.05, **DENSE)
    with pytest.raises(ConfigError, match="the images are others than then"):
        train("mnist", run=run, kimg=0.05, **DENSE)


@pytest.mark.slow
def test_a_replay_of_a_time_budget_makes_the_same_generator(tmp_path: Path, images_folder: Path) -> None:
    original, again = tmp_path / "original", tmp_path / "again"
    settings = {name: value for name, value in DENSE.items() if name != "batch_size"}
    train(images_folder, run=original, minutes=0.06, **settings)
    assert len(plan_of(RunFolder(original)).segments) > 1
    train(replay=original, run=again)
    assert generator_bytes(again) == generator_bytes(original)


@pytest.mark.parametrize("seed", range(3))
def test_a_replay_augments_as_the_original_did_whenever_its_plan_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(augment, "SPEED_LEAST", 10)  # so that a change of plan is seen in a run this short
    spec, settings = image_spec(8, 3), {"augment": ("translation", "flip"), "strength": 0.1, "pictures": 1}
    rng = random.Random(seed)
    steps = [rng.choice([0.05, 0.3]) * rng.uniform(0.5, 1.5) for _ in range(200)]
    original = image_trainer(tmp_path / "original", "dense", kimg=None, minutes=0.2, **settings)
    assert train_by(SimulatedClock(), original, tmp_path / "original", spec, steps)
    plan = plan_of(RunFolder(tmp_path / "original"))
    assert len(plan.segments) > 3
    again = image_trainer(tmp_path / "again", "dense", kimg=None, minutes=0.2, replay=plan, **settings)
    while not plan.finished(again.state.nimg):
        again.step()
    assert_same_state(again, original)


def test_a_replay_takes_no_other_settings(tmp_path: Path, images_folder: Path) -> None:
    run = tmp_path / "run"
    train(images_folder, run=run, kimg=0.05, **DENSE)
    with pytest.raises(ConfigError, match="leave --lr out"):
        train(replay=run, run=tmp_path / "again", lr=1e-3)
