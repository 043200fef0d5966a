"""The clock of a run: time in which the process stands still does not count, and slow work does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from faussaire.runs.clock import COUNTED_SECONDS, RunClock
from faussaire.runs.folder import RunFolder
from toy import POINTS, SimulatedClock, recorder_by, toy_trainer, train_by


def test_a_gap_in_which_nothing_ran_counts_one_second() -> None:
    simulated = SimulatedClock()
    clock = simulated.clock()
    simulated.wall += 0.5
    assert clock.seconds() == pytest.approx(0.5)
    simulated.wall += 3600
    assert clock.seconds() == pytest.approx(0.5 + COUNTED_SECONDS)
    simulated.wall += 1
    assert clock.seconds() == pytest.approx(1.5 + COUNTED_SECONDS)


def test_a_gap_in_which_the_processor_worked_counts_whole() -> None:
    simulated = SimulatedClock()
    clock = simulated.clock()
    simulated.wall += 30
    simulated.worked += 28
    assert clock.seconds() == pytest.approx(28)


def test_what_is_left_out_does_not_count() -> None:
    simulated = SimulatedClock()
    clock = simulated.clock()
    simulated.wall += 0.9
    clock.leave_out(0.5)
    assert clock.seconds() == pytest.approx(0.4)


def test_slow_work_that_nobody_looks_at_counts_whole() -> None:
    with RunClock() as clock:
        time.sleep(COUNTED_SECONDS + 0.6)
        assert clock.seconds() >= COUNTED_SECONDS + 0.6


@pytest.mark.parametrize("asleep", [[5.0], [3600.0], [90.0, 700.0]])
def test_a_suspended_run_uses_its_budget_and_ends_annealed(tmp_path: Path, asleep: list[float]) -> None:
    steps = [0.2] * 50
    for seconds in asleep:
        steps += [seconds, *([0.2] * 25)]
    trainer = toy_trainer(tmp_path / "run", kimg=None, minutes=40 / 60)
    assert train_by(SimulatedClock(), trainer, tmp_path / "run", POINTS, steps)
    done = list(RunFolder(tmp_path / "run").events())[-1]
    assert done.kind == "done"
    assert done.data["seconds"] == pytest.approx(40, abs=2.5)
    assert trainer.state.nimg / 32 >= 0.9 * (40 - COUNTED_SECONDS * len(asleep)) / 0.2
    config = trainer.config
    assert trainer.state.opt_G.param_groups[0]["lr"] == pytest.approx(config.lr_final * config.peak_lr, rel=0.02)


def test_a_suspension_before_the_first_step_takes_no_budget(tmp_path: Path) -> None:
    simulated = SimulatedClock()
    trainer = toy_trainer(tmp_path, kimg=None, minutes=1)
    recorder = recorder_by(simulated, trainer, tmp_path, POINTS)
    simulated.wall += 7200  # while the data was read
    assert recorder.seconds() <= COUNTED_SECONDS


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this system cannot stop a process")
def test_a_stopped_process_counts_one_second() -> None:
    program = "import sys\nfrom faussaire.runs.clock import RunClock\nwith RunClock() as clock:\n" + (
        "    for _ in sys.stdin:\n        print(clock.seconds(), flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdin=-1, stdout=-1, text=True, bufsize=1) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write("\n")
        before = float(process.stdout.readline())
        process.send_signal(signal.SIGSTOP)
        time.sleep(3 * COUNTED_SECONDS)
        process.send_signal(signal.SIGCONT)
        process.stdin.write("\n")
        assert float(process.stdout.readline()) - before < 2 * COUNTED_SECONDS
        process.stdin.close()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this system cannot stop a process")
def test_a_training_that_was_stopped_has_its_whole_budget_and_ends_annealed(
    tmp_path: Path, images_folder: Path
) -> None:
    run = RunFolder(tmp_path / "run")
    command = [sys.executable, "-m", "faussaire", "train", str(images_folder), "--minutes", "0.25", "--run"]
    small = ["--architecture", "dense", "--batch-size", "10", "--pictures", "2"]
    process = subprocess.Popen([*command, str(run.path), *small], stdout=-3, stderr=-3, env=os.environ)
    while not any(event.kind == "stats" for event in run.events()):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGSTOP)
    time.sleep(8)
    process.send_signal(signal.SIGCONT)
    assert process.wait(timeout=60) == 0
    first, *_, last = [event for event in run.events() if event.kind == "stats"]
    assert (last.time - first.time) - (last.data["seconds"] - first.data["seconds"]) >= 8 - 1.5 * COUNTED_SECONDS
    assert 10 < last.data["seconds"] < 16.5
    assert last.data["lr"] <= 0.1 * first.data["lr"]


@pytest.mark.parametrize(
    ("before", "seconds_of_step", "most_seconds"),
    [
        pytest.param(0.0, [0.9] * 8, 12, id="stopped and woken eight times"),
        pytest.param(9.9, [], 12, id="a slow start"),
        pytest.param(9.9, [0.02] * 1500, 12, id="a slow start, and all is over within a second"),
        pytest.param(30.0, [0.02] * 3000, 31, id="over before the first step"),
        pytest.param(5.0, [5.0, *[0.02] * 1500], 12, id="a slow first step"),
        pytest.param(1.0, [3.0] * 100, 30, id="a slow machine"),
        pytest.param(8.0, [0.9, 0.9, *[0.02] * 1500], 12, id="two slow steps"),
    ],
)
def test_a_budget_that_is_over_before_the_first_report_ends_annealed(
    tmp_path: Path, before: float, seconds_of_step: list[float], most_seconds: float
) -> None:
    trainer = toy_trainer(tmp_path / "run", kimg=None, minutes=0.2)
    simulated = SimulatedClock()
    train_by(simulated, trainer, tmp_path / "run", POINTS, seconds_of_step, worked_before=before, works=True)
    done = list(RunFolder(tmp_path / "run").events())[-1]
    assert done.kind == "done"
    assert done.data["seconds"] <= most_seconds
    config = trainer.config
    assert trainer.state.opt_G.param_groups[0]["lr"] <= (config.lr_final + 0.05) * config.peak_lr
