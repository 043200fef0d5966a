"""Many processes against one: the same tensors, how much faster, and what happens when one is killed.

    python benchmarks/scale.py                # all of it; quiet machine, some minutes
    python benchmarks/scale.py --only same    # two and four processes against one of as many shards, 50 steps
    python benchmarks/scale.py --only speed   # two processes of one thread against one, default width

`same` trains with R1 and R2, augmentation, classes and the average on, and prints the largest difference of any
parameter; `speed` takes turns, and prints the median and the range of the ratios; `killed` kills a process at a random
moment, and prints how long the others live on, what they say, and whether going on ends at the same tensors.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from safetensors.torch import load_file

DATA = "fashion-mnist"
SAME = (
    *("--kimg", "3.2", "--batch-size", "64", "--width", "8", "--precision", "fp32", "--conditional"),
    *("--augment", "translation", "--augment", "cutout", "--shards", "4"),
)
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}


def command(folder: Path, processes: int, *settings: str) -> list[str]:
    """Return how a training is begun, by torchrun where it is by several processes."""
    program = [sys.executable, "-m", "faussaire"]
    if processes > 1:
        program = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(processes), "-m", "faussaire"]
    return [*program, "train", DATA, "--folder", str(folder), *settings]


def train(folder: Path, processes: int, *settings: str) -> None:
    """Train to the end."""
    subprocess.run(command(folder, processes, *settings), env=ENVIRONMENT, check=True, capture_output=True)


def difference(one: Path, other: Path) -> float:
    """Return the largest difference of any number in two states, those of Adam included."""
    states = [load_file(max((run / "checkpoints").glob("0*")) / "state.safetensors") for run in (one, other)]
    return max(float((a.double() - states[1][name].double()).abs().max()) for name, a in states[0].items())


def compare_same(scratch: Path) -> None:
    """Compare two and four processes with one."""
    train(scratch / "alone", 1, *SAME)
    for processes in (2, 4):
        folder = scratch / f"by-{processes}"
        train(folder, processes, *SAME)
        print(
            f"{processes} processes, 50 steps: largest difference {difference(scratch / 'alone', folder):g}", flush=True
        )


def images_per_second(folder: Path) -> float:
    """Return the median of what the reports of a run say, less the first."""
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    speeds = [event["data"]["nimg_per_second"] for event in events if event["kind"] == "stats"][1:]
    return statistics.median(speeds)


def compare_speed(scratch: Path, rounds: int, widths: list[int], minutes: float) -> None:
    """Let one and two processes of one thread take turns."""
    for width in widths:
        ratios = []
        for turn in range(rounds):
            speeds = []
            for processes in (1, 2):
                folder = scratch / f"speed-{width}-{turn}-{processes}"
                settings = ("--width", str(width), "--precision", "fp32", "--batch-size", "64", "--threads", "1")
                train(folder, processes, "--minutes", str(minutes), "--augment", "none", *settings)
                speeds.append(images_per_second(folder))
            ratios.append(speeds[1] / speeds[0])
        print(
            f"width {width}: two processes of one thread are {statistics.median(ratios):.2f} times one "
            f"({min(ratios):.2f} to {max(ratios):.2f}, n = {rounds})",
            flush=True,
        )


def compare_killed(scratch: Path, rounds: int) -> None:
    """Kill one of two processes at a random moment, and go on with two."""
    moments = random.Random(0)
    if not (scratch / "alone").exists():
        train(scratch / "alone", 1, *SAME)
    for turn in range(rounds):
        folder = scratch / f"killed-{turn}"
        program = subprocess.Popen(
            command(folder, 2, *SAME), env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        events = folder / "events.jsonl"
        while not (events.exists() and '"stats"' in events.read_text()):
            time.sleep(0.05)
        time.sleep(moments.uniform(0, 2))
        children = Path(f"/proc/{program.pid}/task/{program.pid}/children").read_text().split()
        os.kill(int(moments.choice(children)), signal.SIGKILL)
        began = time.monotonic()
        _, said = program.communicate()
        took = time.monotonic() - began
        named = next((line for line in said.splitlines() if "is gone" in line), "nobody was named")
        train(folder, 2, *SAME)
        print(
            f"killed: all ended after {took:.1f} s; {named}; then {difference(scratch / 'alone', folder):g}", flush=True
        )


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["same", "speed", "killed"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--widths", type=int, nargs="+", default=[8, 16])
    parser.add_argument("--minutes", type=float, default=0.4, help="of each turn of the comparison of speed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        if options.only in (None, "same"):
            compare_same(scratch)
        if options.only in (None, "speed"):
            compare_speed(scratch, options.rounds, options.widths, options.minutes)
        if options.only in (None, "killed"):
            compare_killed(scratch, options.rounds)


if __name__ == "__main__":
    main()
