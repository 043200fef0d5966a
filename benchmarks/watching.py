"""Let three browsers watch a run now and then; print how much slower it is watched.

    python benchmarks/watching.py [--rounds 4] [--browsers 3] [--seconds 20]

One run, of which windows alone and watched alternate, since a machine's speed drifts: each watched window lies between
two alone. Browsers are headless Chromiums with a page each, on the same machine, and have `--settle` seconds to load
before their window begins. Speed is images a second between two reports; the run is not scored meanwhile.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from faussaire.runs.folder import RunFolder

CLOSING = 4.0  # seconds that browsers take to go
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0",
]  # fmt: skip


@contextlib.contextmanager
def browsers(count: int, link: str) -> Iterator[None]:
    """Open a link in so many Chromiums."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            command = ["chromium", *FLAGS, f"--user-data-dir={folder}", "--window-size=1280,900", link]
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.terminate)
        yield


class Watched:
    """A run with a studio, and how fast it is."""

    def __init__(self, folder: Path, minutes: float) -> None:
        command = [sys.executable, "-m", "faussaire", "train", "fashion-mnist", "--run", str(folder), "--studio"]
        command += ["--minutes", str(minutes), "--score-minutes", str(2 * minutes)]
        self.folder = RunFolder(folder)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.link = next(line.split()[-1] for line in self.process.stdout if "Watch it learn" in line)
        # Or the pipe fills up, and the run waits.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def speed(self, seconds: float) -> float:
        """Return images per second over so many seconds from now."""
        first = self._last_report()
        time.sleep(seconds)
        last = self._last_report()
        return (last[1] - first[1]) / (last[0] - first[0])

    def _last_report(self) -> tuple[float, int]:
        """Return when it was, in seconds of the run, and after how many images."""
        report = [event for event in self.folder.history() if event.kind == "stats"][-1]
        return report.data["seconds"], report.nimg


def main() -> None:
    """Train and watch, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--browsers", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each window")
    parser.add_argument("--settle", type=float, default=20.0, help="seconds before each window")
    args = parser.parse_args()
    minutes = (2 * args.rounds + 2) * (args.seconds + args.settle) / 60
    with tempfile.TemporaryDirectory() as scratch:
        run = Watched(Path(scratch) / "run", minutes)
        alone, watched = [], []
        for round_ in range(args.rounds + 1):
            time.sleep(args.settle if round_ == 0 else CLOSING)
            alone.append(run.speed(args.seconds))
            print(f"alone: {alone[-1]:,.0f} images/s", flush=True)
            if round_ < args.rounds:
                with browsers(args.browsers, run.link):
                    time.sleep(args.settle)
                    watched.append(run.speed(args.seconds))
                print(f"{args.browsers} browsers: {watched[-1]:,.0f} images/s", flush=True)
        run.process.terminate()
        run.process.wait()
    slower = [1 - 2 * now / (before + after) for now, before, after in zip(watched, alone, alone[1:], strict=False)]
    shares = ", ".join(f"{100 * share:+.1f}" for share in slower)
    print(f"watched by {args.browsers}, {100 * statistics.median(slower):+.1f} % slower in the median of {shares}")


if __name__ == "__main__":
    main()
