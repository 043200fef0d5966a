"""A Python that has only what the base of faussaire and the extra `runtime` bring: no torch, and nothing of its."""

from __future__ import annotations

import subprocess
import sys

from faussaire.core.extras import EXTRAS

ABSENT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
"""


def run_without_torch(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program there; what it wrote is in `stdout` and `stderr`."""
    absent = {module for extra in ("train", "onnx", "hub", "film") for module in EXTRAS[extra]}
    code = ABSENT.format(absent=sorted(absent)) + program
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
