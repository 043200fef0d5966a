"""Is a time budget kept, alone and beside another process that takes half of the machine? (issue A, the loop)

    python benchmarks/budget.py --minutes 1 2

The time is that of the whole command, from outside: imports, data, training, pictures, exit. Runs alone and beside a
busy process take turns. The busy process multiplies matrices on half of the processors, without a pause.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BUSY = "import torch; torch.set_num_threads({threads}); a = torch.rand(500, 500)\nwhile True: a = (a @ a).tanh()"


def run(minutes: float, architecture: str, *, busy: bool) -> None:
    """Train once and print how long it took."""
    threads = max(1, (os.cpu_count() or 2) // 2)
    other = subprocess.Popen([sys.executable, "-c", BUSY.format(threads=threads)]) if busy else None
    time.sleep(3 if busy else 0)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            command = [sys.executable, "-m", "faussaire", "train", "mnist", "--minutes", str(minutes)]
            command += ["--architecture", architecture, "--run", f"{scratch}/run"]
            began = time.monotonic()
            subprocess.run(command, check=True, capture_output=True)
            seconds = time.monotonic() - began
            events = [json.loads(line) for line in (Path(scratch) / "run" / "events.jsonl").open()]
    finally:
        if other is not None:
            other.kill()
    last = next(event for event in reversed(events) if event["kind"] == "stats")
    miss = 100 * (seconds / (60 * minutes) - 1)
    beside = "beside a busy process" if busy else "alone"
    print(
        f"{architecture:6} {minutes:g} min {beside:21}: {seconds:6.1f} s ({miss:+.1f} %), {last['nimg']:,} images, "
        f"progress at the last report {last['data']['progress']:.3f}, learning rate {last['data']['lr']:.2e}",
        flush=True,
    )


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, nargs="+", default=[1.0])
    parser.add_argument("--architectures", nargs="+", default=["hybrid", "conv"])
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    for _ in range(arguments.rounds):
        for minutes in arguments.minutes:
            for architecture in arguments.architectures:
                for busy in (False, True):
                    run(minutes, architecture, busy=busy)


if __name__ == "__main__":
    main()
