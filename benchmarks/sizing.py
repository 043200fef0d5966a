"""How wide should the networks be for a budget? Five widths at three budgets on three sets, and the law that fits them.

    python benchmarks/sizing.py fashion-mnist mnist cifar-10 --minutes 1 3 10 --out FOLDER
    python benchmarks/sizing.py --fit

Each run is `faussaire train DATA --minutes M --width W`, a process of its own with nothing beside it; its 10,000
samples go before the five judges of benchmarks/_panel.py. Rows are appended to docs/sizing.jsonl; the same command
again makes only those that are missing for the code as it is. The law: within one set and budget the mean over the
judges of the logarithm of the distance is a parabola in the logarithm of the width, of one curvature k everywhere,
whose vertex moves as a power of the images n that width 8 saw in that budget:

    log FD(set, budget, w) = c(set, budget) + k (log w - p - q log n)^2

which is linear in c, k, k p and k q: ordinary least squares. Its interval is from the delete-one-cell jackknife. What
it prints goes into training/sizing.py, and the table into docs/method/sizing.md.
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from _datasets import add_sets_flag, load
from _methods import PACKAGE, Method, methods
from _panel import Panel
from _runs import append, out_folder, read, warn_if_busy
from faussaire.core.intervals import LEVEL, student_quantile

ROWS = PACKAGE.parents[1] / "docs" / "sizing.jsonl"
WIDTHS = (8, 12, 16, 24, 32)
NARROWEST = 8
AT = 16  # the width at which the law is told
Row = dict[str, Any]


def play(options: argparse.Namespace) -> None:
    """Measure what is missing."""
    version, scratch = methods()[0].version, out_folder(options.out, "sizing")
    for name in options.data:
        panel = Panel(load(options.sets, name))
        for minutes in options.minutes:
            for width in options.widths:
                method = Method(name=f"width-{width}", flags=("--width", str(width)), version=version)
                place = {"data": panel.data.name, "minutes": minutes, "width": width, "seed": options.seed}
                place |= {"version": version}
                if any(all(row[key] == value for key, value in place.items()) for row in read(ROWS)):
                    continue
                warn_if_busy()
                outcome = method.play(panel.data, minutes, options.seed, scratch)
                found = {judge: figure.value for judge, figure in panel.distances(outcome.samples).items()}
                append(ROWS, place | {"nimg": outcome.facts["nimg"], "fd": found})
                print(place, outcome.facts["nimg"], {judge: float(f"{value:.4g}") for judge, value in found.items()})


def cells(rows: list[Row]) -> dict[tuple[str, float], dict[int, tuple[float, float]]]:
    """Return by set and budget, and then by width, images and the mean logarithm of the distance."""
    found: dict[tuple[str, float], dict[int, tuple[float, float]]] = defaultdict(dict)
    for row in rows:
        mean = statistics.fmean(math.log(value) for value in row["fd"].values())
        found[row["data"], row["minutes"]][row["width"]] = (row["nimg"], mean)
    return {cell: by_width for cell, by_width in found.items() if NARROWEST in by_width and len(by_width) >= 3}


def fit(by_cell: dict[tuple[str, float], dict[int, tuple[float, float]]]) -> tuple[float, float, float]:
    """Return the curvature k, the power q, and the logarithm of the images at which width 16 is the best."""
    lines, values = [], []
    for number, by_width in enumerate(by_cell.values()):
        images = math.log(by_width[NARROWEST][0])
        for width, (_, mean) in by_width.items():
            w = math.log(width)
            cell = np.zeros(len(by_cell))
            cell[number] = 1.0
            lines.append([w * w, w, w * images, *cell])
            values.append(mean)
    k, linear, crossed = np.linalg.lstsq(np.array(lines), np.array(values), rcond=None)[0][:3]
    p, q = -linear / (2 * k), -crossed / (2 * k)
    return float(k), float(q), float((math.log(AT) - p) / q)


def show_fit() -> None:
    """Print the table and the law."""
    by_cell = cells(read(ROWS))
    print(f"| set | minutes | thousand images at width 8 | {' | '.join(f'width {w}' for w in WIDTHS)} |")
    print("|---" * (3 + len(WIDTHS)) + "|")
    for (data, minutes), by_width in by_cell.items():
        shown = [f"{math.exp(by_width[w][1]):.3g}" if w in by_width else "–" for w in WIDTHS]
        print(f"| {data} | {minutes:g} | {by_width[NARROWEST][0] / 1000:,.0f} | {' | '.join(shown)} |")
    if len(by_cell) < 3:
        raise SystemExit("a law takes three sets and budgets or more, each with width 8 and two others")
    k, q, images = fit(by_cell)
    left_out = [fit({c: v for c, v in by_cell.items() if c != cell}) for cell in by_cell]
    n = len(by_cell)
    for name, value, others in (
        ("LAW_POWER", q, [found[1] for found in left_out]),
        ("log LAW_IMAGES", images, [found[2] for found in left_out]),
    ):
        spread = math.sqrt((n - 1) / n * sum((x - statistics.fmean(others)) ** 2 for x in others))
        half = student_quantile(LEVEL, n - 1) * spread
        print(f"{name} = {value:.3f} [{value - half:.3f}, {value + half:.3f}], n={n} sets and budgets")
    print(f"LAW_IMAGES = {math.exp(images):,.0f}; curvature {k:.3f}" + ("" if k > 0 else ": NO BEST WIDTH"))


def main() -> None:
    """Measure, or fit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="*", metavar="DATA", help="fashion-mnist mnist cifar-10 …")
    add_sets_flag(parser)
    parser.add_argument("--minutes", type=float, nargs="+", default=[1.0, 3.0, 10.0])
    parser.add_argument("--widths", type=int, nargs="+", default=list(WIDTHS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fit", action="store_true", help="print the table and the law of the rows that there are")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="of runs; a temporary one if not given")
    options = parser.parse_args()
    if not options.data and not options.fit:
        parser.error("name data sets to measure on, or --fit")
    play(options)
    if options.fit:
        show_fit()


if __name__ == "__main__":
    main()
