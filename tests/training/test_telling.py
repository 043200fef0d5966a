"""What telling may cost a training: nothing that it loses, little time, and memory that does not grow."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.verdicts.test_training import report
from faussaire.api import train as train_on
from faussaire.core.errors import CheckpointError, ConfigError
from faussaire.evaluation.verdicts.training import PATIENCE, SWINGS, judge, landmarks
from faussaire.modalities import modality
from faussaire.modalities.pictures import write
from faussaire.runs.folder import RunFolder
from faussaire.training.cadence import REFRESH_SECONDS, VIEWS_SHARE
from faussaire.training.loop import train
from faussaire.views import curves
from faussaire.views.curves import MAX_FRAMES, refresh
from runs.test_control import recorder_of
from toy import POINTS


def warnings(run: RunFolder) -> list[str]:
    return [event.data["text"] for event in run.events("warning")]


def raising(error: Exception) -> Callable[..., None]:
    def fail(*given: object) -> None:
        raise error

    return fail


reports = st.builds(
    report,
    r_v=st.sampled_from([None, None, 0.1, 0.9]),
    diversity=st.sampled_from([0.01, 0.9, 40.0]),
    accuracy_real=st.sampled_from([0.0, 0.3, 0.9, 1.0]),
    accuracy_fake=st.sampled_from([0.0, 0.3, 0.9, 1.0]),
    lr=st.sampled_from([1e-3, 2e-3]),
)


@settings(max_examples=50)
@given(st.lists(reports, max_size=60))
def test_a_run_is_judged_by_a_few_of_its_reports_as_by_all(told: list[dict[str, float | None]]) -> None:
    kept: list = []
    for number, each in enumerate(told, 1):
        kept = landmarks([*kept, each])
        assert judge(kept) == judge(told[:number])
        assert len(kept) <= PATIENCE + SWINGS


def test_a_long_training_keeps_no_more_than_a_short_one(tmp_path: Path) -> None:
    recorder = recorder_of(tmp_path, kimg=1000)
    recorder.begin()
    for _ in range(60):
        recorder.take_in(recorder.trainer.step())
        recorder.report()
    assert len(recorder._reports) <= 1 + PATIENCE + SWINGS
    assert len(list(recorder.run.judged.iterdir())) == 16
    assert len(list(recorder.run.events("stats"))) == 60


def test_views_that_fail_are_told_of_once_and_training_goes_on(tmp_path: Path) -> None:
    recorder = recorder_of(tmp_path, kimg=2)
    recorder.redraw = raising(RuntimeError("no font"))
    assert train(recorder.trainer, recorder)
    (text,) = warnings(recorder.run)
    assert text == "the views of the folder could not be drawn (RuntimeError: no font); the training goes on"
    assert recorder.run.history()[-1].kind == "done"


@pytest.mark.parametrize("picture", ["write_grid", "write_strip", "write_latents"])
@pytest.mark.parametrize("error", [ValueError("odd"), OSError("broken data stream"), MemoryError()])
def test_a_picture_that_cannot_be_drawn_is_told_of_once_and_training_goes_on(
    picture: str, error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(modality(POINTS.modality), picture, raising(error))
    recorder = recorder_of(tmp_path, kimg=1)
    assert train(recorder.trainer, recorder)
    assert len(warnings(recorder.run)) == len(set(warnings(recorder.run))) > 0
    assert not list(tmp_path.rglob(".tmp-*"))


def test_a_disk_that_is_full_still_ends_a_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        modality(POINTS.modality), "write_strip", raising(OSError(errno.ENOSPC, "No space left on device"))
    )
    recorder = recorder_of(tmp_path, kimg=10)
    with pytest.raises(CheckpointError, match="No space left on device; what was saved before is intact"):
        train(recorder.trainer, recorder)


@pytest.mark.parametrize("failing", ["write_film", "draw_curves"])
def test_curves_and_film_fail_each_for_itself(failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunFolder(tmp_path)
    run.samples.mkdir()
    write(np.zeros((4, 4, 1), np.uint8), run.samples / "0.png")
    run.emit("samples", nimg=0, path="samples/0.png")
    run.emit("stats", nimg=64, loss_D="odd", accuracy_real=None)
    monkeypatch.setattr(curves, failing, raising(RuntimeError("no")))
    refresh(run)
    assert (tmp_path / "curves.png").exists() == (failing != "draw_curves")
    assert (tmp_path / "progress.gif").exists() == (failing != "write_film")
    assert len(warnings(run)) == 1


def test_a_damaged_picture_is_left_out_of_the_film(tmp_path: Path, images_folder: Path) -> None:
    quick = {"architecture": "dense", "batch_size": 10, "pictures": 4}
    run = RunFolder(train_on(images_folder, run=tmp_path / "r", kimg=0.2, **quick))
    pictures = sorted(run.samples.iterdir())
    pictures[0].write_bytes(pictures[0].read_bytes()[:100])
    pictures[1].write_bytes(b"")
    (run.path / "progress.gif").unlink()
    refresh(run)
    assert warnings(run) == []
    assert (run.path / "progress.gif").stat().st_size > 0
    for picture in pictures:
        picture.write_bytes(b"")
    refresh(run)
    assert ["progress.gif could not be drawn (ValueError: none of its pictures" in text for text in warnings(run)]


def test_a_run_that_was_extended_many_times_has_a_film_of_no_more_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curves, "write_film", lambda path, frames: path.write_text("\n".join(f.name for f in frames)))
    run = RunFolder(tmp_path)
    run.samples.mkdir()
    for nimg in range(500):
        (run.samples / f"{nimg:04}.png").write_bytes(b"")
        run.emit("samples", nimg=nimg, path=f"samples/{nimg:04}.png")
    refresh(run)
    frames = (tmp_path / "progress.gif").read_text().split()
    assert len(frames) == MAX_FRAMES
    assert (frames[0], frames[-1]) == ("0000.png", "0499.png")


def test_views_are_drawn_no_more_often_than_their_cost_allows(tmp_path: Path) -> None:
    recorder = recorder_of(tmp_path, kimg=1000)
    drawn: list[float] = []
    now = 0.0
    recorder.seconds = lambda: now  # type: ignore[method-assign]

    def draw() -> None:
        nonlocal now
        now += 3.0
        drawn.append(now)

    recorder.redraw = draw
    recorder.begin()
    for _ in range(60):
        now += REFRESH_SECONDS
        recorder.after_step(recorder.trainer.step())
    gaps = [after - before for before, after in pairwise(drawn[1:])]
    assert len(gaps) >= 2  # the first time, which waits for imports, is no measure
    assert min(gaps) >= 3.0 / VIEWS_SHARE


@pytest.mark.parametrize("how", ["a folder in its place", "the whole folder gone"])
def test_events_that_cannot_be_written_end_a_training_by_one_clear_error_and_nothing_is_lost(
    how: str, tmp_path: Path
) -> None:
    recorder = recorder_of(tmp_path / "run", kimg=1000)
    recorder.begin()
    for _ in range(5):
        recorder.take_in(recorder.trainer.step())
    if how.startswith("a"):
        recorder.run.events_file.unlink()
        recorder.run.events_file.mkdir()
    else:
        shutil.rmtree(recorder.run.path)
    with pytest.raises(CheckpointError, match=r"events\.jsonl|removed or moved while it was in use"):
        recorder.report()
    recorder.rescue()
    if how.startswith("a"):
        saved = sorted(path.name for path in recorder.run.checkpoints.iterdir())
        assert saved[-1] == f"{recorder.trainer.state.nimg:012d}"


@pytest.mark.parametrize("lines", [0, 3])
def test_a_run_whose_events_were_replaced_is_not_replayed(lines: int, tmp_path: Path, squares_run: Path) -> None:
    shutil.copytree(squares_run, tmp_path / "r")
    events = RunFolder(tmp_path / "r").events_file
    last = b"".join(events.read_bytes().splitlines(keepends=True)[-lines:]) if lines else b""
    later_plan = b'{"kind": "plan", "nimg": 64, "time": 1.0, "data": {"progress": 0.5, "end_nimg": 640}}\n'
    events.write_bytes(last + later_plan * (lines > 0))
    with pytest.raises(ConfigError, match="has lost the plan"):
        train_on(replay=tmp_path / "r", run=tmp_path / "s")
