"""What a run folder holds, wherever a kill, a stop or a resume falls: the best generator or none, pictures, figures."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from faussaire.api import train
from faussaire.core.errors import DivergenceError
from faussaire.generation.generator import Generator
from faussaire.generation.latents import latents
from faussaire.generation.saved import generator_nimg
from faussaire.runs.clock import RunClock
from faussaire.runs.folder import RunFolder
from faussaire.training import recorder as recorder_module
from faussaire.training.recorder import Recorder
from faussaire.views.console import TrainingView
from toy import POINTS, toy_trainer

STEP = 32


class Killed(BaseException):
    """Stands for a kill."""


def opened(folder: Path, *values: float, kimg: float = 100, budget_seconds: float | None = None) -> Recorder:
    """Open a run, and let the scores to come have these values."""
    trainer, left = toy_trainer(folder, kimg=kimg), iter(values)

    def score() -> list[dict[str, object]]:
        value = next(left)
        return [{"metric": "frechet", "value": value, "low": value - 1, "high": value + 1}]

    run = RunFolder(folder)
    told = {"name": "toy", "clock": RunClock(), "budget_seconds": budget_seconds}
    recorder = Recorder(run, trainer, POINTS, **told, redraw=lambda: None, scorer=score)
    recorder.begin()
    return recorder


def step_and_score(recorder: Recorder) -> None:
    recorder.take_in(recorder.trainer.step())
    recorder.take_score()


def test_the_best_of_three_scores_is_kept(tmp_path: Path) -> None:
    recorder = opened(tmp_path / "run", 3.0, 2.0, 4.0)
    z, made = latents(4, 8, seed=0, stream="x"), []
    for _ in range(3):
        step_and_score(recorder)
        made.append(recorder.trainer.state.forge(z))
    best = Generator.load(recorder.run.best)
    assert best.nimg == generator_nimg(recorder.run.best) == 2 * STEP
    assert torch.equal(best(z), made[1])


@contextmanager
def killed_after(kind: str, at_nimg: int) -> Iterator[None]:
    """Let the process die right after it has told an event of that kind."""
    emit = RunFolder.emit

    def told(self: RunFolder, what: str, *, nimg: int, **data: object) -> None:
        emit(self, what, nimg=nimg, **data)  # type: ignore[arg-type]
        if (what, nimg) == (kind, at_nimg):
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunFolder, "emit", told)
        yield


@pytest.mark.parametrize(("kind", "best"), [("checkpoint", STEP), ("score", 2 * STEP)])
def test_a_kill_between_checkpoint_score_and_best_is_made_good(tmp_path: Path, kind: str, best: int) -> None:
    recorder = opened(tmp_path / "run", 3.0, 2.0)
    step_and_score(recorder)
    with killed_after(kind, 2 * STEP), pytest.raises(Killed):
        step_and_score(recorder)
    assert generator_nimg(recorder.run.best) == STEP
    again = opened(tmp_path / "run")
    assert again.trainer.state.nimg == 2 * STEP
    assert generator_nimg(again.run.best) == best


def test_a_resume_from_before_the_best_score_takes_that_which_stands_and_the_next_must_beat_it(tmp_path: Path) -> None:
    recorder = opened(tmp_path / "run", 3.0, 2.0)
    step_and_score(recorder)
    step_and_score(recorder)
    newest = max(recorder.run.checkpoints.glob("[0-9]*"))
    (newest / "state.safetensors").write_bytes(b"damaged")
    again = opened(tmp_path / "run", 3.5, 2.5)
    assert again.trainer.state.nimg == STEP
    assert generator_nimg(again.run.best) == STEP  # it is the generator as it stands
    step_and_score(again)  # 3.5: the score that stands is 3
    assert generator_nimg(again.run.best) == STEP
    step_and_score(again)
    assert generator_nimg(again.run.best) == 3 * STEP


def test_what_cannot_be_made_again_is_removed_with_a_warning(tmp_path: Path) -> None:
    recorder = opened(tmp_path / "run", 3.0, 2.0)
    step_and_score(recorder)
    recorder.trainer.step()
    recorder.save()
    step_and_score(recorder)
    for path in recorder.run.checkpoints.glob("[0-9]*"):
        if int(path.name) == 3 * STEP:
            shutil.rmtree(path)
    again = opened(tmp_path / "run")
    assert again.trainer.state.nimg == 2 * STEP
    assert not again.run.best.exists()  # the generator of the first score is gone
    warnings = [event.data["text"] for event in again.run.events("warning")]
    assert warnings == ["best/ held another generator than that of the best score that stands, and was removed"]


def test_the_same_generator_is_not_scored_twice(tmp_path: Path) -> None:
    recorder = opened(tmp_path / "run", 3.0)
    step_and_score(recorder)
    recorder.take_score()
    assert [event.nimg for event in recorder.run.events("score")] == [STEP]


def pictured(recorder: Recorder) -> list[int]:
    return [event.nimg for event in recorder.run.events("samples")]


def test_a_run_that_is_stopped_between_two_pictures_leaves_one_of_where_it_stands(tmp_path: Path) -> None:
    recorder = opened(tmp_path / "run")
    recorder.take_in(recorder.trainer.step())
    recorder.save()
    told = [event for event in recorder.run.events("checkpoint", "samples", "stopped") if event.nimg == STEP]
    assert [event.kind for event in told] == ["checkpoint", "samples", "stopped"]  # what counts comes first
    assert (recorder.run.path / told[1].data["path"]).is_file()


def test_what_is_pictured_is_not_pictured_again_by_a_stop_or_a_resume_but_where_its_file_is_gone(
    tmp_path: Path,
) -> None:
    recorder = opened(tmp_path / "run")
    recorder.take_in(recorder.trainer.step())
    recorder.save()
    recorder.save()
    again = opened(tmp_path / "run", 3.0)
    again.end()
    assert pictured(again) == [0, STEP]
    (again.run.samples / f"{STEP:012d}.png").unlink()
    again.save()
    assert pictured(again) == [0, STEP, STEP]


def test_a_roll_back_forgets_the_pictures_of_what_is_learnt_anew(tmp_path: Path) -> None:
    recorder = opened(tmp_path / "run")
    recorder.take_in(recorder.trainer.step())
    recorder.pictures.draw_grid()
    recorder.roll_back(DivergenceError("not finite"))
    recorder.take_in(recorder.trainer.step())
    recorder.save()
    assert pictured(recorder) == [0, STEP, STEP]


def test_a_run_killed_in_its_last_moment_is_ended_by_the_same_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = np.random.default_rng(0).integers(0, 256, (220, 8, 8), np.uint8)
    np.save(tmp_path / "x.npy", images)
    settings = {"kimg": 0.5, "batch_size": 25, "architecture": "dense", "threads": 1}
    settle: Callable[[Recorder], None] = recorder_module.Recorder._settle_best

    def killed(self: Recorder) -> None:
        if self.trainer.state.nimg == 500:
            raise Killed
        settle(self)

    monkeypatch.setattr(recorder_module.Recorder, "_settle_best", killed)
    with suppress(Killed):
        train(tmp_path / "x.npy", run=tmp_path / "run", **settings)
    monkeypatch.undo()
    run = RunFolder(train(tmp_path / "x.npy", run=tmp_path / "run", **settings))
    assert [event.nimg for event in run.events("done")] == [500]
    assert [event.nimg for event in run.events("score")] == [500]
    assert generator_nimg(run.best) == 500


def test_the_last_frame_of_a_run_that_ends_before_its_minutes_says_that_nothing_is_left(tmp_path: Path) -> None:
    recorder = opened(tmp_path / "run", 3.0, kimg=2 * STEP / 1000, budget_seconds=3600.0)
    recorder.take_in(recorder.trainer.step())
    recorder.take_in(recorder.trainer.step())
    recorder.end()
    out = io.StringIO()
    console = Console(file=out, width=80, force_terminal=True, color_system=None)
    view = TrainingView(recorder.run, title="toy", console=console)
    (last,) = recorder.run.events("stats")
    view.show(last)
    console.print(view.display())
    assert "100%  0:00 left" in out.getvalue()
