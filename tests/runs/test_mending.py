"""What is damaged of a run is named, and put back from a checkpoint or made again; nothing in silence."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from faussaire.api import train
from faussaire.core.errors import CheckpointError
from faussaire.runs.checkpoint import checkpoints
from faussaire.runs.folder import RunFolder
from faussaire.runs.mending import damage, mend
from faussaire.runs.opening import plan_of
from runs.test_manifest import flip
from runs.test_opening import DENSE, generator_bytes
from toy import write_squares


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_squares(tmp_path_factory.mktemp("data") / "squares.npy")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    """A run of 200 images; not to be changed."""
    return train(data, run=tmp_path_factory.mktemp("finished") / "run", kimg=0.2, threads=1, **DENSE).path


@pytest.fixture
def run(tmp_path: Path, finished: Path) -> RunFolder:
    shutil.copytree(finished, tmp_path / "run")
    return RunFolder(tmp_path / "run")


def warnings_of(run: RunFolder) -> str:
    return "\n".join(event.data["text"] for event in run.events("warning"))


def files_in(run: Path) -> list[str]:
    names = {".lock", "control.json"}
    return sorted(p.relative_to(run).as_posix() for p in run.rglob("*") if p.is_file() and p.name not in names)


def test_a_flipped_byte_of_any_file_of_a_run_is_named(run: RunFolder) -> None:
    assert damage(run) == {}
    for name in files_in(run.path):
        before = (run.path / name).read_bytes()
        flip(run.path / name, len(before) // 2)
        named = name.rpartition("/")[0] if name.startswith("checkpoints/") else name
        assert list(damage(run)) == [named]
        (run.path / name).write_bytes(before)


@pytest.mark.parametrize("how", ["flipped", "gone", "empty"])
def test_settings_are_put_back_from_the_checkpoint(run: RunFolder, data: Path, how: str) -> None:
    before = run.config.read_bytes()
    if how == "gone":
        run.config.unlink()
    else:
        run.config.write_bytes(b"" if how == "empty" else before.replace(b'"seed": 0', b'"seed": 1'))
    assert train(data, run=run.path, kimg=0.2, threads=1, **DENSE).path == run.path
    assert run.config.read_bytes() == before
    assert "config.json was damaged" in warnings_of(run)
    assert "it was put back from checkpoint 000000000200" in warnings_of(run)
    assert damage(run) == {}


def test_the_plan_is_put_back_from_the_checkpoint(
    run: RunFolder, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = plan_of(run)
    text = run.events_file.read_text().replace('"end_nimg": 200', '"end_nimg": 900', 1)
    run.events_file.write_text(text)
    train(data, run=run.path, kimg=0.2, threads=1, **DENSE)
    assert plan_of(run).segments == before.segments
    assert "the plan was put back from the checkpoint" in warnings_of(run)
    assert "the plan was put back from the checkpoint" in capsys.readouterr().err
    assert damage(run) == {}


@pytest.mark.parametrize("name", ["generator/generator.safetensors", "generator/config.json", "curves.png"])
def test_what_can_be_made_again_is_made_again(run: RunFolder, data: Path, finished: Path, name: str) -> None:
    flip(run.path / name, 9)
    train(data, run=run.path, kimg=0.2, threads=1, **DENSE)
    assert generator_bytes(run.path) == generator_bytes(finished)
    assert f"{name} is damaged" in warnings_of(run)
    assert damage(run) == {}


def test_a_generator_that_was_the_best_is_removed_when_it_is_damaged(run: RunFolder) -> None:
    shutil.copytree(run.generator_folder, run.best)
    for path in run.best.iterdir():
        run.write(path, path.read_bytes())
    flip(run.best / "generator.safetensors")
    with run.lock():
        (line,) = mend(run)
    assert line.startswith("best/generator.safetensors is damaged")
    assert not run.best.exists()
    assert damage(run) == {}


def test_a_run_that_is_whole_is_left_as_it_is(run: RunFolder) -> None:
    before = {name: (run.path / name).stat().st_mtime_ns for name in files_in(run.path)}
    assert mend(run) == []
    assert {name: (run.path / name).stat().st_mtime_ns for name in files_in(run.path)} == before


def test_settings_that_no_checkpoint_can_tell_are_told_with_the_way_out(run: RunFolder, data: Path) -> None:
    for path in checkpoints(run.checkpoints):
        flip(path / "state.json")
    run.config.write_bytes(b"{")
    with pytest.raises(CheckpointError, match=r"cannot read .*config\.json"):
        train(data, run=run.path, kimg=0.2, threads=1, **DENSE)
