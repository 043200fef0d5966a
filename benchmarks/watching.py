"""Train the same run with and without three browsers watching it; print how much slower it is watched.

    python benchmarks/watching.py [--kimg 25] [--rounds 2] [--browsers 3]

Both train for the same number of images with the same seed, so the time differs by the watching alone. Speed is that
of the second half of the reports: pages load in the first. Rounds alternate, since a machine's speed drifts. Browsers
are headless Chromiums with a page each, on the same machine.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from faussaire.runs.folder import RunFolder

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


def train(folder: Path, kimg: float, watched_by: int) -> tuple[float, float]:
    """Train, and return images per second over the second half of the run, and over all of it."""
    command = [sys.executable, "-m", "faussaire", "train", "fashion-mnist", "--run", str(folder), "--kimg", str(kimg)]
    process = subprocess.Popen([*command, *(["--studio"] if watched_by else [])], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with contextlib.ExitStack() as stack:
        for line in process.stdout:
            if "Watch it learn" in line:
                stack.enter_context(browsers(watched_by, line.split()[-1]))
        assert process.wait() == 0
    history = RunFolder(folder).history()
    reports = [(event.data["seconds"], event.nimg) for event in history if event.kind == "stats"]
    late = [report for report in reports if report[1] >= kimg * 500]
    (t0, n0), (t1, n1), (t2, n2) = reports[0], late[0], reports[-1]
    return (n2 - n1) / (t2 - t1), (n2 - n0) / (t2 - t0)


def main() -> None:
    """Train in turn, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kimg", type=float, default=25.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--browsers", type=int, default=3)
    args = parser.parse_args()
    speeds: dict[int, list[tuple[float, float]]] = {0: [], args.browsers: []}
    with tempfile.TemporaryDirectory() as scratch:
        for round_ in range(args.rounds):
            for count in (0, args.browsers) if round_ % 2 == 0 else (args.browsers, 0):
                folder = Path(scratch) / f"{round_}-{count}"
                speeds[count].append(train(folder, args.kimg, count))
                late, whole = speeds[count][-1]
                print(f"{count} browsers: {late:,.0f} images/s in the second half, {whole:,.0f} in all", flush=True)
                shutil.rmtree(folder)
                time.sleep(4)  # until the studio has gone
    for name, column in (("second half", 0), ("in all", 1)):
        alone, watched = (float(np.mean([speed[column] for speed in speeds[count]])) for count in speeds)
        print(f"{name}: watched by {args.browsers}, {100 * (1 - watched / alone):+.1f} % slower")


if __name__ == "__main__":
    main()
