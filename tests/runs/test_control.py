"""A training is paused, resumed and stopped through its folder, and its clock stands still meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from faussaire.core.errors import ConfigError
from faussaire.runs import control
from faussaire.runs.clock import RunClock
from faussaire.runs.folder import RunFolder
from faussaire.training.loop import train
from faussaire.training.recorder import Recorder
from toy import POINTS, toy_trainer


def recorder_of(folder: Path, *, budget_seconds: float | None = None, **settings: object) -> Recorder:
    trainer = toy_trainer(folder, **settings)
    return Recorder(
        RunFolder(folder),
        trainer,
        POINTS,
        name="toy",
        clock=RunClock(),
        budget_seconds=budget_seconds,
        redraw=lambda: None,
    )


def run_until(recorder: Recorder, *steps: Callable[[], None]) -> bool:
    """Train while another thread does something to the run."""

    def act() -> None:
        for step in steps:
            step()

    thread = threading.Thread(target=act)
    thread.start()
    complete = train(recorder.trainer, recorder, should_stop=recorder.asked_to_stop)
    thread.join()
    return complete


def wait_for(run: RunFolder, kind: str) -> None:
    deadline = time.monotonic() + 30
    while not any(event.kind == kind for event in run.events()):
        assert time.monotonic() < deadline, kind
        time.sleep(0.02)


def test_a_pause_saves_and_stops_the_clock_and_a_stop_saves_and_ends(tmp_path: Path) -> None:
    recorder = recorder_of(tmp_path, kimg=10_000)
    run = recorder.run
    complete = run_until(
        recorder,
        lambda: wait_for(run, "stats"),
        lambda: control.ask(run, "pause"),
        lambda: wait_for(run, "paused"),
        lambda: time.sleep(1.0),
        lambda: control.ask(run, "resume"),
        lambda: wait_for(run, "continued"),
        lambda: control.ask(run, "stop"),
    )
    assert not complete
    history = list(run.events())
    kinds = [event.kind for event in history]
    assert kinds[kinds.index("paused") - 1] == "checkpoint"
    assert kinds[-3:] == ["checkpoint", "samples", "stopped"]
    paused, continued = (next(e for e in history if e.kind == kind) for kind in ("paused", "continued"))
    assert continued.nimg == paused.nimg
    assert continued.data["paused_seconds"] >= 1.0
    after = next(e for e in history[kinds.index("continued") :] if e.kind in ("stats", "stopped"))
    wall = after.time - paused.time
    assert after.data["seconds"] - paused.data["seconds"] == pytest.approx(wall - 1.0, abs=0.6)


def test_a_paused_run_ends_where_a_signal_asks_it_to(tmp_path: Path) -> None:
    recorder = recorder_of(tmp_path, kimg=10_000)
    signalled = threading.Event()
    recorder.interrupted = signalled.is_set
    run = recorder.run
    assert not run_until(
        recorder,
        lambda: wait_for(run, "stats"),
        lambda: control.ask(run, "pause"),
        lambda: wait_for(run, "paused"),
        signalled.set,
    )
    assert list(run.events())[-1].kind == "stopped"


def test_what_was_asked_of_an_earlier_process_is_forgotten(tmp_path: Path) -> None:
    recorder = recorder_of(tmp_path, kimg=1)
    control.ask(recorder.run, "stop")
    assert train(recorder.trainer, recorder, should_stop=recorder.asked_to_stop)
    assert control.asked(recorder.run) == ""


def test_nonsense_is_refused_or_not_obeyed(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    with pytest.raises(ConfigError, match="no such run"):
        control.ask(run, "pause")
    with pytest.raises(ConfigError, match="unknown command"):
        control.ask(run, "explode")
    for content in (b"", b"{", b"[]", b'{"command": 3}', b'{"command": "explode"}', b"\xff"):
        run.control.write_bytes(content)
        assert control.asked(run) == ""


def test_the_first_step_and_each_report_show_what_D_judged_and_the_latent_of_the_first_fake(tmp_path: Path) -> None:
    recorder = recorder_of(tmp_path, kimg=1)
    train(recorder.trainer, recorder)
    judged = [event for event in recorder.run.events() if event.kind == "judged"]
    assert len(judged) == 1 + sum(event.kind == "stats" for event in recorder.run.events())
    last = judged[-1].data
    assert len(last["real"]) == len(last["fake"]) == 6
    assert last["z"] == [round(number, 2) for number in recorder.trainer.z[0].tolist()]
    assert last["gradient_D"] > 0
    assert last["gradient_G"] > 0
    with Image.open(tmp_path / last["path"]) as strip:
        assert strip.width == 12 * strip.height
    assert len(list((tmp_path / "judged").iterdir())) <= 16
