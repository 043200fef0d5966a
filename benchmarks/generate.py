"""How long do 10,000 samples take, and how much memory, against 1,000? (issue A, line 6)

    python benchmarks/generate.py RUN [RUN ...]

Each number of samples is generated twice by the command line; the two files must be the same to the byte. The time
and the peak of memory are those of the whole process, as the operating system counts them.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def generate(run: str, n: int, out: Path) -> tuple[float, float, str]:
    """Return seconds, peak memory in MiB and SHA-256 of one generation."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "faussaire", "generate", run, "-n", str(n), "--out", str(out)],
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"generate failed with exit code {process.returncode}")
    return time.monotonic() - began, usage.ru_maxrss / 1024, hashlib.sha256(out.read_bytes()).hexdigest()


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        for run in arguments.runs:
            for n in (1_000, 10_000, 100_000):
                first, again = (generate(run, n, Path(scratch) / "s.npy") for _ in range(2))
                same = "same bytes twice" if first[2] == again[2] else "OTHER BYTES THE SECOND TIME"
                print(
                    f"{run}: {n:7,} samples in {first[0]:.1f} s and {again[0]:.1f} s, "
                    f"peak memory {first[1]:.0f} MiB and {again[1]:.0f} MiB, {same}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
