"""The board: generative models by CPU minutes. Method × data set × minutes, before five judges.

    python benchmarks/board.py fashion-mnist mnist cifar-10 --minutes 3 --seeds 0 1 2
    python benchmarks/board.py noto-emoji-128@64 --minutes 10 --only ours flow
    python benchmarks/board.py --render

Each row is one training in a process of its own, with nothing beside it, and what its 10,000 samples are worth: the
Fréchet distances under all five judges (benchmarks/_panel.py), precision and recall on EfficientNet-Lite0's features,
the test for copies, images seen, seconds for 1,000 samples, peak memory, commit and machine. Rows are appended to
docs/board.jsonl as they are measured, so that the board is filled over several sessions: the same command again makes
only those that are missing for the code as it is. --render writes docs/BOARD.md of all rows. Methods are in
benchmarks/_methods.py; a stranger adds one as docs/guide/board.md says.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from _board import render
from _datasets import add_sets_flag, load
from _methods import PACKAGE, Method, methods
from _panel import Panel
from _runs import append, out_folder, read, warn_if_busy, write_grid
from faussaire.evaluation.memorisation import memorisation
from faussaire.evaluation.metrics.precision_recall import precision_recall

ROWS = PACKAGE.parents[1] / "docs" / "board.jsonl"
PAGE = ROWS.with_name("BOARD.md")
Row = dict[str, Any]
KEYS = ("method", "data", "minutes", "seed", "version", "judges")


def measure(method: Method, panel: Panel, minutes: float, seed: int, scratch: Path) -> Row:
    """Train once and judge; a failure is a row, too."""
    row = place(method, panel, minutes, seed) | {"commit": commit(), "machine": machine(), "date": time.strftime("%F")}
    warn_if_busy()
    try:
        outcome = method.play(panel.data, minutes, seed, scratch)
    except RuntimeError as error:
        return row | {"failure": str(error)}
    write_grid(scratch / f"{panel.data.name}-{method.name}-{minutes:g}min-seed{seed}.png", outcome.samples)
    np.save(scratch / f"{panel.data.name}-{method.name}-{minutes:g}min-seed{seed}.npy", outcome.samples)
    distances = panel.distances(outcome.samples)
    return (
        row
        | outcome.facts
        | {
            "failure": "",
            "n": len(outcome.samples),
            "fd": {name: [significant(x) for x in (e.value, e.low, e.high)] for name, e in distances.items()},
            **coverage(panel, outcome.samples),
        }
    )


def coverage(panel: Panel, samples: np.ndarray) -> Row:
    """Return precision and recall on EfficientNet-Lite0's features, and the test for copies on pixels-dct's."""
    efficient, pixels = (
        next(j for j in panel.judges if j.name == name) for name in ("efficientnet-lite0", "pixels-dct")
    )
    precision, recall = precision_recall(panel.real_features(efficient), panel.fake_features(efficient, samples))
    copies = memorisation(
        pixels.features(panel.data.train), panel.real_features(pixels), panel.fake_features(pixels, samples)
    )
    figures = {"precision": precision, "recall": recall}
    return {name: [significant(x) for x in (e.value, e.low, e.high)] for name, e in figures.items()} | {
        "copies_p": significant(copies.p_value),
        "copier": copies.is_copier,
    }


def place(method: Method, panel: Panel, minutes: float, seed: int) -> Row:
    """Return what names a row."""
    judges = "-".join(judge.sha256[:4] for judge in panel.judges)
    named = {"method": method.name, "data": panel.data.name, "minutes": minutes, "seed": seed}
    return named | {"version": method.version, "judges": judges}


def significant(value: float) -> float | None:
    """Return a figure to four digits; None of what is no number."""
    return float(f"{value:.4g}") if math.isfinite(value) else None


def commit() -> str:
    """Return the commit of the package, with a + where files differ from it."""
    command = ["git", "-C", str(PACKAGE), "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        return subprocess.check_output(command, text=True, stderr=subprocess.DEVNULL).strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def machine() -> str:
    """Return the processor and how many cores of it there are to compute with."""
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {cores} cores"


def play(names: Sequence[str], options: argparse.Namespace, playing: Sequence[Method]) -> None:
    """Measure what is missing, a data set after the other, the methods taking turns."""
    scratch = out_folder(options.out, "board")
    for name in names:
        panel = Panel(load(options.sets, name))
        floor = {judge: [e.value, e.low, e.high] for judge, e in panel.floor().items()}
        print(f"floor of {panel.data.name}: " + ", ".join(f"{j} {v:.3g}" for j, (v, _, _) in floor.items()), flush=True)
        for minutes in options.minutes:
            for seed in options.seeds:
                for method in playing:
                    wanted = place(method, panel, minutes, seed)
                    there = [row for row in read(ROWS) if not row["failure"]]
                    if any(all(row[key] == wanted[key] for key in KEYS) for row in there):
                        continue
                    row = measure(method, panel, minutes, seed, scratch) | {"floor": floor}
                    append(ROWS, row)
                    print({key: value for key, value in row.items() if key != "floor"}, flush=True)
                    PAGE.write_text(render(read(ROWS)), "utf-8")


def main() -> None:
    """Measure, or render."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="*", metavar="DATA", help="fashion-mnist, cifar-10, PATH@64 …")
    add_sets_flag(parser)
    parser.add_argument("--minutes", type=float, nargs="+", default=[1.0, 3.0, 10.0, 30.0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="methods, by how their names begin")
    parser.add_argument("--render", action="store_true", help="write the page of the rows that there are")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="of runs and samples; a temporary one if not given")
    options = parser.parse_args()
    everybody = methods()
    playing = [m for m in everybody if not options.only or m.name.startswith(tuple(options.only))]
    if not playing:
        parser.error(f"--only: no such method; known: {', '.join(method.name for method in everybody)}")
    if not options.data and not options.render:
        parser.error("name data sets to measure on, or --render")
    play(options.data, options, playing)
    PAGE.write_text(render(read(ROWS)), "utf-8")
    print(f"written: {PAGE}")


if __name__ == "__main__":
    main()
