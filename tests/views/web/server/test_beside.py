"""The server as a process: beside a training, which it never ends nor outlives, and on its own."""

from __future__ import annotations

import io
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from faussaire.runs.folder import RunFolder
from faussaire.views.web.server.beside import watching
from toy import write_squares
from web_client import serving

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the studio of a training needs a POSIX system")


def told_of(run: Path, ends: Callable[[], bool] = lambda: True) -> str:
    """Return what a training tells of its studio, once `ends` holds."""
    console = Console(file=io.StringIO(), width=200)
    with watching(console, wanted=True, port=0) as begun:
        begun(run)
        until(lambda: ends() and "studio" in console.file.getvalue())
    return console.file.getvalue()


def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("executable", ["/nowhere/python", ""])
def test_a_studio_that_cannot_start_is_said_once(
    squares_run: Path, monkeypatch: pytest.MonkeyPatch, executable: str
) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    told = told_of(squares_run)
    assert told.count("There is no studio, and the training goes on without") == 1
    assert len(told.strip().splitlines()) == 1


def test_a_studio_that_finds_no_port_is_said_once(squares_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faussaire.views.web.server.beside.HOST", "203.0.113.7")
    assert told_of(squares_run).count("the training goes on without") == 1


def test_a_studio_that_dies_is_said_once(squares_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dies = tmp_path / "python"
    dies.write_text("#!/bin/sh\necho out of memory >&2\nexit 3\n")
    dies.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(dies))
    told = told_of(squares_run, ends=lambda: True)
    assert told.count("The studio has ended (out of memory); the training goes on") == 1
    assert str(squares_run) in told


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


SMALL = ["--minutes", "5", "--architecture", "dense", "--batch-size", "20", "--threads", "1", "--pictures", "2"]
HOLDS_THE_PIPE = """
import os, sys, time
from pathlib import Path
from rich.console import Console
from faussaire.views.web.server.beside import beside

with beside(Path(sys.argv[1]), 0, Console()) as studio:
    if os.fork() == 0:
        time.sleep(60)  # a worker, which has inherited the pipe to the studio
        os._exit(0)
    print(studio.link, flush=True)
    time.sleep(60)
"""


@pytest.mark.slow
def test_no_studio_outlives_a_training_that_was_killed_though_a_worker_does(squares_run: Path) -> None:
    training = subprocess.Popen(
        [sys.executable, "-c", HOLDS_THE_PIPE, str(squares_run)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert training.stdout is not None
    try:
        port = int(training.stdout.readline().rstrip("/\n").rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(b"GET /api/runs HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(12).endswith(b"200")
        training.kill()
        training.wait(timeout=20)
        until(lambda: not answers(port))
    finally:
        os.killpg(training.pid, signal.SIGKILL)
        training.stdout.close()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_to_all_of_them_saves_and_leaves_no_server(tmp_path: Path, name: str, code: int) -> None:
    data, run = write_squares(tmp_path / "squares.npy"), tmp_path / "runs" / "r"
    (tmp_path / "random.py").write_text("raise SystemExit('a file of the data was run')\n")
    command = [sys.executable, "-P", "-m", "faussaire", "train", str(data), "--run", str(run), "--studio", *SMALL]
    training = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True, cwd=tmp_path
    )
    assert training.stdout is not None
    told = ""
    while "Watch it learn" not in told:
        told += (line := training.stdout.readline())
        assert line, told
    port = int(re.findall(r":(\d+)/", told)[-1])
    until(lambda: any(event.kind == "checkpoint" for event in RunFolder(run).events()), 60)
    os.killpg(training.pid, getattr(signal, name))
    told += training.communicate(timeout=30)[0]
    assert training.returncode == code, told
    assert "Traceback" not in told
    assert "studio has ended" not in told
    assert [event.kind for event in RunFolder(run).events()][-1] == "stopped"
    until(lambda: not answers(port))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_server_on_its_own_leaves_without_a_traceback_and_needs_no_home(
    squares_run: Path, name: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HOME", "XDG_CACHE_HOME", "USER", "LOGNAME"):
        monkeypatch.delenv(variable, raising=False)
    with serving(squares_run) as (process, port):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(b"GET /api/generate HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(12).endswith(b"200")
        process.send_signal(getattr(signal, name))
        process.wait(timeout=20)
    assert "Traceback" not in capfd.readouterr().err
