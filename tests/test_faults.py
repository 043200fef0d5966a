"""The harness of benchmarks/faults.py, short: the default recipe is killed, and its files are damaged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HARNESS = Path(__file__).parents[1] / "benchmarks" / "faults.py"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="it forks")
def test_kills_damage_and_strangers_models_are_survived() -> None:
    command = [sys.executable, str(HARNESS), "kill", "flip", "models", "--n", "3", "--kimg", "0.3", "--seed", "1"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    for fault in ("kill", "flip", "models"):
        assert f"{fault}: 3 of 3 survived" in done.stdout
