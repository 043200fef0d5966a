"""What five judges say of files of samples, and of one contestant against others.

    python benchmarks/judge.py OURS-0.npy OURS-1.npy OURS-2.npy --data fashion-mnist
    python benchmarks/judge.py OURS-*.npy --against XS-*.npy --against S-*.npy --data fashion-mnist

A file is uint8 [N, C, H, W], 10,000 of the data's size; the files of one group are the seeds of one contestant. Printed
are the Fréchet distances under all five judges (benchmarks/_panel.py) with their 95 % intervals, over samples; the
floor, as many training images in the place of samples; and against each contestant named by --against the geometric
mean over judges of the ratio of the distances, with its 95 % interval over seeds. A win before fewer than four of five
judges is none.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from _datasets import add_sets_flag, load
from _panel import FLOOR, Duel, Panel, duel
from faussaire.core.intervals import Estimate

ENOUGH = 4  # judges, of five


def short(figure: Estimate) -> str:
    """Return `value [low, high]` to three digits."""
    return f"{figure.value:.3g} [{figure.low:.3g}, {figure.high:.3g}]"


def read(path: Path) -> np.ndarray:
    """Return the samples in a file, or end with one line."""
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        sys.exit(f"{path} cannot be read as an array of samples: {error}")


def said(found: Duel, seeds: tuple[int, int]) -> str:
    """Return one contestant against another in words."""
    judges = len(found.by_judge)
    interval = (
        f"[{found.ratio.low:.3f}, {found.ratio.high:.3f}] over {seeds[0]} and {seeds[1]} seeds"
        if sum(seeds) > 2
        else "(one seed of each: no interval)"
    )
    each = ", ".join(f"{name} {ratio:.2f}" for name, ratio in found.by_judge.items())
    wins = f"wins before {found.wins} of {judges}" + ("" if found.wins * 5 >= ENOUGH * judges else ": no win")
    return f"{found.ratio.value:.3f} {interval}; worst seed against best {found.worst:.3f}; {wins}; {each}"


def table(rows: Mapping[str, Mapping[str, Estimate]]) -> str:
    """Return lines of a table: a row for each file, a column for each judge."""
    judges = list(next(iter(rows.values())))
    first = max(map(len, rows))
    lines = [f"{'':<{first}}  " + "  ".join(f"{judge:<24}" for judge in judges)]
    for name, figures in rows.items():
        lines.append(f"{name:<{first}}  " + "  ".join(f"{short(figures[judge]):<24}" for judge in judges))
    return "\n".join(line.rstrip() for line in lines)


def main() -> None:
    """Judge, print, and perhaps write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("samples", nargs="+", type=Path, metavar="SAMPLES.npy")
    parser.add_argument("--data", required=True, metavar="NAME", help="fashion-mnist, cifar-10, PATH@64 …")
    parser.add_argument("--against", nargs="+", type=Path, action="append", default=[], metavar="SAMPLES.npy")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, too")
    add_sets_flag(parser)
    options = parser.parse_args()
    groups: Sequence[Sequence[Path]] = [options.samples, *options.against]
    panel = Panel(load(options.sets, options.data))
    rows = {
        str(path): panel.distances(read(path)) for path in dict.fromkeys(path for group in groups for path in group)
    }
    print(table({FLOOR: panel.floor()} | rows))
    duels = {}
    for theirs in options.against:
        seeds = (len(options.samples), len(theirs))
        found = duel([rows[str(path)] for path in options.samples], [rows[str(path)] for path in theirs])
        duels[" ".join(map(str, theirs))] = vars(found) | {"ratio": vars(found.ratio), "wins": found.wins}
        print(f"against {theirs[0]}{f' and {len(theirs) - 1} more' if len(theirs) > 1 else ''}: {said(found, seeds)}")
    if options.json:
        figures = {name: {judge: vars(e) for judge, e in row.items()} for name, row in rows.items()}
        options.json.write_text(json.dumps({"data": options.data, "distances": figures, "duels": duels}, indent=1))


if __name__ == "__main__":
    main()
