"""A disk that is full at any write of a training: one line, nothing that was saved is lost, and it goes on later."""

from __future__ import annotations

from pathlib import Path

import pytest

from faussaire.core.errors import CheckpointError
from faussaire.core.threads import computing_threads
from faussaire.runs.folder import RunFolder
from faussaire.training.trainer import Trainer
from runs.test_opening import assert_same_state
from toy import SimulatedClock, files_of_at_most, image_spec, image_trainer, train_by

resource = pytest.importorskip("resource")

STEPS = [1.1] * 10  # so that every step is followed by a report, and most by a checkpoint


def trained(folder: Path) -> Trainer:
    """Train a small network to its end, or on from where it stopped."""
    with computing_threads(1):
        trainer = image_trainer(folder, "hybrid", width=4, strength=0.0, pictures=5)
        train_by(SimulatedClock(), trainer, folder, image_spec(8, 3), STEPS)
    return trainer


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trainer, list[int]]:
    """A run that was not disturbed, and the sizes that its files had in the end."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    trainer = trained(folder)
    return trainer, sorted({path.stat().st_size for path in folder.rglob("*") if path.is_file()} - {0})


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 0.99])
def test_whatever_file_there_is_no_room_for_the_training_goes_on_later(
    tmp_path: Path, undisturbed: tuple[Trainer, list[int]], share: float
) -> None:
    expected, sizes = undisturbed
    run = RunFolder(tmp_path / "run")
    with (
        files_of_at_most(sizes[int(share * len(sizes))] - 1),
        pytest.raises(CheckpointError, match="cannot write") as e,
    ):
        trained(run.path)
    assert "\n" not in str(e.value)
    assert [path for path in run.path.rglob("*") if path.name.endswith(".tmp") or path.name.startswith(".tmp")] == []
    assert_same_state(trained(run.path), expected)


def test_a_run_that_could_not_even_begin_is_begun_by_the_same_command(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    with pytest.raises(CheckpointError, match="cannot write"), files_of_at_most(0), run.lock():
        run.emit("plan", nimg=0)
    with run.lock():
        run.emit("plan", nimg=0)
