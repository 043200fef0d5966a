"""The class without people of benchmarks/classroom.py, short: no answer is lost, and the board is right."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "classroom.py"


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="it weighs a process by /proc")
def test_a_class_loses_no_answer_though_its_server_is_killed(squares_run: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = squares_run.parents[1] / "squares.npy"
    command = [sys.executable, str(BENCHMARK), "--data", str(data), "--copy", str(squares_run), "--port", str(port)]
    done = subprocess.run([*command, "--pupils", "30", "--seconds", "3", "--kill"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 and 0 lost; 0 figures of the board wrong" in done.stdout
