"""Kill a training at random moments and run it again: is the generator the same to the byte? (issue A, line 4)

    python benchmarks/kill.py                     # 20 runs on the embedded MNIST, each killed once
    python benchmarks/kill.py --architecture conv --kimg 10

Each of the runs is killed by SIGKILL at a moment drawn uniformly from the length of the uninterrupted run, begun again
by the same command, and compared with it, file by file. Prints how many of them are the same.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def files(folder: Path) -> dict[str, bytes]:
    """Return the content of each file of a generator."""
    return {path.name: path.read_bytes() for path in sorted((folder / "generator").iterdir())}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--kimg", default="20")
    parser.add_argument("--architecture", default="hybrid")
    parser.add_argument("--threads", default="2")
    arguments = parser.parse_args()
    command = [sys.executable, "-m", "faussaire", "train", "mnist", "--kimg", arguments.kimg]
    command += ["--architecture", arguments.architecture, "--threads", arguments.threads]
    moments = random.Random(0)
    same = 0
    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch) / "whole"
        began = time.monotonic()
        subprocess.run([*command, "--run", str(whole)], check=True, capture_output=True)
        seconds = time.monotonic() - began
        print(f"uninterrupted: {seconds:.1f} s")
        for number in range(arguments.runs):
            run = Path(scratch) / f"killed-{number}"
            moment = moments.uniform(0, seconds)
            process = subprocess.Popen(
                [*command, "--run", str(run)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            time.sleep(moment)
            process.kill()
            process.wait()
            saved = sorted(path.name for path in run.glob("checkpoints/[0-9]*"))
            subprocess.run([*command, "--run", str(run)], check=True, capture_output=True)
            equal = files(run) == files(whole)
            same += equal
            print(
                f"killed after {moment:5.1f} s, went on from {saved[-1:] or 'the start'}: same bytes: {equal}",
                flush=True,
            )
    print(f"{same} of {arguments.runs} the same")


if __name__ == "__main__":
    main()
