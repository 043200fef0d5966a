"""What a command that trains does about a run folder that was changed under its feet, or since."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from faussaire.api import Run, train
from faussaire.cli.main import run as command
from faussaire.generation.saved import generator_nimg
from faussaire.runs.checkpoint import TENSORS
from faussaire.runs.folder import RunFolder
from faussaire.training.recorder import Recorder
from faussaire.training.result import StepResult

SETTINGS = {"architecture": "dense", "resolution": 12, "batch_size": 10, "pictures": 3, "kimg": 0.05, "threads": 1}


def trained(data: Path, run: Path) -> tuple[Run, str]:
    """Train, and return the run and what was said."""
    console = Console(file=io.StringIO(), width=1000)
    done = train(data, run=run, console=console, **SETTINGS)
    return done, console.file.getvalue()  # type: ignore[attr-defined]


def generator(run: Path) -> None:
    shutil.rmtree(run / "generator")


def weights(run: Path) -> None:
    (run / "generator" / "generator.safetensors").write_bytes(b"")


def description(run: Path) -> None:
    (run / "generator" / "config.json").write_text("{}")


def older_weights(run: Path) -> None:
    shutil.copytree(run.parent / "shorter" / "generator", run / "generator", dirs_exist_ok=True)


def samples(run: Path) -> None:
    shutil.rmtree(run / "samples")


def pictures(run: Path) -> None:
    for path in run.glob("*.*g*"):
        if path.suffix in (".png", ".gif"):
            path.unlink()


def all_but_the_checkpoint(run: Path) -> None:
    for lose in (generator, samples, pictures):
        lose(run)
    shutil.rmtree(run / "judged")


@pytest.mark.parametrize(
    "lose", [generator, weights, description, older_weights, samples, pictures, all_but_the_checkpoint]
)
def test_what_a_finished_run_has_lost_is_made_again_by_the_same_command(
    tmp_path: Path, images_folder: Path, lose: Callable[[Path], None]
) -> None:
    if lose is older_weights:
        train(images_folder, run=tmp_path / "shorter", console=Console(file=io.StringIO()), **SETTINGS | {"kimg": 0.02})
    run, _ = trained(images_folder, tmp_path / "run")
    expected = run.generator().sample(4)
    (checkpoint,) = (path for path in RunFolder(run).checkpoints.iterdir() if int(path.name) == 50)
    tensors = (checkpoint / TENSORS).read_bytes()
    lose(run.path)
    mended, said = trained(images_folder, run.path)
    assert "had lost" in said
    assert "made again from its last checkpoint" in said
    np.testing.assert_array_equal(mended.generator().sample(4), expected)
    assert generator_nimg(RunFolder(run).generator_folder) == 50
    for name in ("reals.png", "noise.png", "curves.png", "progress.gif", "samples/000000000050.png"):
        assert (run.path / name).is_file(), name
    assert (checkpoint / TENSORS).read_bytes() == tensors
    _, said = trained(images_folder, run.path)
    assert "is finished" in said
    assert "had lost" not in said


def test_a_run_folder_that_is_removed_while_it_is_trained_in_is_told_in_one_line(
    tmp_path: Path, images_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run, after_step = tmp_path / "run", Recorder.after_step

    def removed(self: Recorder, result: StepResult) -> None:
        shutil.rmtree(run, ignore_errors=True)
        after_step(self, result)

    monkeypatch.setattr(Recorder, "after_step", removed)
    flags = [word for name, value in SETTINGS.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    assert command(["train", str(images_folder), "--run", str(run), *flags]) == 1
    said = capsys.readouterr().err
    assert "its folder was removed or moved while it was in use" in said
    assert "unexpected" not in said
    assert not RunFolder(run).exists()


def test_where_what_was_made_lies_is_told_of_what_is_there(
    tmp_path: Path, images_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    flags = [word for name, value in SETTINGS.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    for run, named in (("my run", "'my run'"), ("./-t0", "./-t0"), ("a'b", """'a'"'"'b'""")):
        assert command(["train", str(images_folder), "--run", run, *flags]) == 0
        out = capsys.readouterr().out
        assert f"faussaire generate {named} --out grid.png" in out
