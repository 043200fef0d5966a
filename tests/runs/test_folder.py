"""The folder of a run: events that survive a kill, a lock, and errors of the disk in one line."""

from __future__ import annotations

import json
import os
import re
import socket
import tempfile
from pathlib import Path

import pytest

from faussaire.core.errors import CheckpointError, ConfigError
from faussaire.runs.folder import RunFolder


def test_events_are_read_back_in_order_and_told_to_listeners(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    heard = []
    run.listeners.append(heard.append)
    run.emit("stats", nimg=64, loss_D=0.5)
    run.emit("done", nimg=128, durable=True)
    assert [(e.kind, e.nimg, e.data) for e in run.events()] == [("stats", 64, {"loss_D": 0.5}), ("done", 128, {})]
    assert heard == list(run.events())


def test_a_line_torn_by_a_kill_is_passed_over_and_the_next_one_is_whole(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.emit("stats", nimg=1)
    run.events_file.write_bytes(run.events_file.read_bytes() + b'{"kind": "sta')
    run.emit("stats", nimg=2)
    assert [event.nimg for event in run.events()] == [1, 2]


def test_history_tells_what_was_run_again_once_and_keeps_the_plan(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    for kind, nimg in (("plan", 0), ("stats", 1), ("stats", 5), ("plan", 6), ("resumed", 2), ("stats", 3)):
        run.emit(kind, nimg=nimg)
    assert [(e.kind, e.nimg) for e in run.history()] == [
        ("plan", 0),
        ("stats", 1),
        ("plan", 6),
        ("resumed", 2),
        ("stats", 3),
    ]


def test_a_number_that_is_not_finite_is_not_written_as_json_that_no_browser_reads(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        RunFolder(tmp_path).emit("stats", nimg=1, loss=float("nan"))


def test_a_second_training_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run"
    with (
        RunFolder(path).lock(),
        pytest.raises(ConfigError, match=rf"\(process {os.getpid()} on {re.escape(socket.gethostname())}\): wait"),
        RunFolder(path).lock(),
    ):
        pass
    with RunFolder(path).lock():
        pass


@pytest.mark.parametrize(
    ("owner", "refused"),
    [
        ({"host": "elsewhere"}, True),  # its file system shares the folder, but no locks
        ({}, False),  # a process of this machine that was killed: the system has let go of its lock
        ({"host": "elsewhere", "lock": -1}, False),  # the folder was copied from there
    ],
)
def test_the_owner_of_a_lock_that_is_free_counts_only_where_it_may_still_train(
    tmp_path: Path, owner: dict[str, object], refused: bool
) -> None:
    run = RunFolder(tmp_path / "run")
    with run.lock():
        run.emit("plan", nimg=0)
        told = json.loads((run.path / ".owner.json").read_text())
    (run.path / ".owner.json").write_text(json.dumps(told | {"pid": 1} | owner))
    if refused:
        with pytest.raises(ConfigError, match=r"\(process 1 on elsewhere\)"), run.lock():
            pass
        os.utime(run.events_file, (0, 0))  # it has told nothing for long
    with run.lock():
        pass
    assert not (run.path / ".owner.json").exists()


def test_a_folder_with_other_things_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ConfigError, match="holds other things"), RunFolder(tmp_path).lock():
        pass


def test_a_run_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="choose another --run"), RunFolder(tmp_path / "file" / "run").lock():
        pass


@pytest.mark.parametrize("mode", [0o000, 0o500])
def test_a_run_folder_without_permission_is_refused(mode: int) -> None:
    as_root = os.geteuid() == 0  # who may write everywhere: become nobody for a moment
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch).chmod(0o755)
        folder = Path(scratch) / "run"
        folder.mkdir()
        folder.chmod(mode)
        try:
            if as_root:
                os.seteuid(65534)
            with pytest.raises(ConfigError, match="choose another --run"), RunFolder(folder).lock():
                pass
        finally:
            if as_root:
                os.seteuid(0)
            folder.chmod(0o755)


def test_a_damaged_config_is_an_error_that_names_it(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.config.write_text("{")
    with pytest.raises(CheckpointError, match=r"config\.json"):
        run.read_json(run.config)
