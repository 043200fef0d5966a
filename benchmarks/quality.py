"""Pictures per CPU minute: the default against the chapter's two networks and a fixed rival, at equal wall clock.

    python benchmarks/quality.py fashion-mnist --minutes 3 --out FOLDER
    python benchmarks/quality.py cifar-10 --minutes 10 --only default chapter --out FOLDER

Contestants take turns, each a process of its own with nothing beside it:
    default        `faussaire train DATA --minutes M`, and nothing else said, seeds 0 1 2
    rival-16, -32  benchmarks/rival.py, which never changes; the wide one only from 6 minutes on, or where named
    chapter-dense, chapter-conv at Adam 1e-3 and 2e-4: `--recipe chapter-… --lr … --resolution SIDE --minutes M`
Minutes include imports and reading the data. Fakes are judged by the Fréchet distance on the 128 hidden features of a
classifier (benchmarks/_judge.py) that no training sees, 10,000 samples against the test images, which nothing trains
on; as many training images against them give the floor. Of CIFAR-10, which lies here as one zip, a random fifth of each
class is the test part. This is for measuring what is done, not for tuning: the test images would not stay unseen.

Rows go to FOLDER/results.jsonl as runs end. The same command again makes only the runs that are missing there for this
very code, data, judge and time. Asked for (issue C): after 3 minutes worst default / best chapter <= 0.125 and worst
default / best rival <= 0.5, after 10 minutes the latter; CIFAR-10, 10 minutes: worst default / best chapter <= 0.333.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

import _judge
import faussaire
from _datasets import LabelledSet, add_data_flag, load
from _runs import append, beside, execute, last_stats, out_folder, read, samples_of, shown, train, write_grid
from faussaire.core.intervals import Estimate
from faussaire.evaluation.metrics.frechet import frechet_estimates

PACKAGE = Path(faussaire.__file__).resolve().parent
RIVAL = Path(__file__).with_name("rival.py")
SAMPLES = 10_000
WIDE_FROM_MINUTES = 6.0
Row = dict[str, Any]


@dataclass(frozen=True)
class Contestant:
    """A way to train."""

    name: str
    flags: tuple[str, ...] = ()

    @property
    def is_rival(self) -> bool:
        """Whether this is not the package but the script beside this one."""
        return self.name.startswith("rival")

    @property
    def version(self) -> str:
        """Digest of the code that it runs."""
        package = [path for path in sorted(PACKAGE.rglob("*")) if path.suffix in (".py", ".toml")]
        files = [RIVAL] if self.is_rival else package
        return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


def contestants(side: int) -> list[Contestant]:
    """Return everybody, for images of that side."""
    everybody = [Contestant("default")]
    everybody += [Contestant(f"rival-{width}", ("--width", str(width))) for width in (16, 32)]
    for name in ("chapter-dense", "chapter-conv"):
        for lr in ("1e-3", "2e-4"):
            flags = ("--recipe", name, "--lr", lr, "--resolution", str(side))
            everybody.append(Contestant(f"{name}@{lr}", flags))
    return everybody


def chosen(side: int, minutes: float, only: Iterable[str]) -> list[Contestant]:
    """Return those whose names begin with a word of `only`; all if none is said, the wide rival where it has time."""
    if only := tuple(only):
        return [c for c in contestants(side) if c.name.startswith(only)]
    return [c for c in contestants(side) if c.name != "rival-32" or minutes >= WIDE_FROM_MINUTES]


class Arena:
    """One data set, its judge, and the folder that results go to."""

    def __init__(self, data: LabelledSet, out: Path, minutes: float) -> None:
        self.data, self.out, self.minutes = data, out, minutes
        self.judge = _judge.judge_of(data)
        self.real: Tensor = self.judge.features(data.test)
        self.results = out / "results.jsonl"
        self.array = out / f"{data.name}.npy"
        np.save(self.array, data.train)
        write_grid(out / f"{data.name}-reals.png", data.test)

    def show_floor(self) -> None:
        """Print what a generator that knows the training images would get."""
        floor = _judge.floor(self.judge, self.data, self.real)
        print(f"floor, training images against the test images, n={len(self.real):,}: {shown(floor.at_n)}", flush=True)

    def place(self, contestant: Contestant, seed: int) -> Row:
        """Return what names a run."""
        return {
            "data": self.data.name,
            "contestant": contestant.name,
            "seed": seed,
            "minutes": self.minutes,
            "judge": self.judge.sha256[:12],
            "version": contestant.version,
        }

    def play(self, contestant: Contestant, seed: int) -> None:
        """Train once, score, and write down."""
        place = self.place(contestant, seed)
        name = f"{self.data.name}-{contestant.name}-{self.minutes:g}min-seed{seed}"
        run = self.out / "runs" / name
        flags = ("--minutes", f"{self.minutes:g}", "--seed", str(seed), *contestant.flags)
        if contestant.is_rival:
            done = execute([str(RIVAL), str(self.array), "--out", str(run), *flags], beside(run, ".log"))
        else:
            done = train(self.data.trainable(self.out), run, *flags)
        row = place | {"commit": commit(), "seconds": round(done.seconds, 2), "failure": done.failure}
        if not done.failure:
            samples, nimg, seconds = collect(contestant, run, done.seconds)
            row |= {"seconds": round(seconds, 2), "nimg": nimg, **self.score(samples)}
            write_grid(self.out / f"{name}.png", samples)
        append(self.results, row)
        print(line(row), flush=True)

    def score(self, samples: np.ndarray) -> Row:
        """Return the distances of samples uint8 `[N, C, H, W]` to the test images."""
        found = frechet_estimates(self.real, self.judge.features(samples))
        row: Row = {"n": len(samples), "n_real": len(self.real)}
        for name, figure in (("fd", found.at_n), ("fd_infinity", found.at_infinity)):
            row[name] = figure and [figure.value, figure.low, figure.high]
        return row


def collect(contestant: Contestant, run: Path, seconds: float) -> tuple[np.ndarray, int, float]:
    """Return samples uint8 `[10000, C, H, W]`, images seen, and the seconds of the training."""
    if contestant.is_rival:  # its process also made the samples, out of its time
        counts = json.loads((run / "rival.json").read_text())
        return np.load(run / "samples.npy"), counts["nimg"], counts["seconds"]
    return samples_of(run, SAMPLES), last_stats(run)["nimg"], seconds


def commit() -> str:
    """Return the commit of the package, with a + where files differ from it."""
    command = ["git", "-C", str(PACKAGE), "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        return subprocess.check_output(command, text=True, stderr=subprocess.DEVNULL).strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


HEADER = (
    f"{'contestant':<18} {'seed':>4} {'min':>4} {'s':>6} {'n':>6}  {'fd [95 %]':<28} "
    f"{'images seen':>11} {'images/s':>8}  commit"
)


def line(row: Row) -> str:
    """Return a row of the table."""
    start = f"{row['contestant']:<18} {row['seed']:>4} {row['minutes']:>4g} {row['seconds']:>6.1f}"
    if row["failure"]:
        return f"{start} not measured: {row['failure']}"
    figure = shown(estimate(row))
    rate = row["nimg"] / row["seconds"]
    return f"{start} {row['n']:>6}  {figure:<28} {row['nimg']:>11,} {rate:>8.0f}  {row['commit']}"


def estimate(row: Row) -> Estimate:
    """Return the distance of a row."""
    value, low, high = row["fd"]
    return Estimate(value=value, low=low, high=high)


def ratio(above: Row, below: Row) -> Estimate:
    """Return a ratio of two distances; the interval is of the samples drawn, not of the seeds, and a little too wide.

    On a logarithmic scale the squared half-widths of independent figures add up; that both are held against the same
    reals makes them move together.
    """
    a, b = estimate(above), estimate(below)
    value = a.value / b.value
    down = math.hypot(math.log(a.value / max(a.low, 1e-9)), math.log(b.high / b.value))
    up = math.hypot(math.log(a.high / a.value), math.log(b.value / max(b.low, 1e-9)))
    return Estimate(value=value, low=value * math.exp(-down), high=value * math.exp(up))


def show_ratios(rows: list[Row]) -> None:
    """Print the two ratios that are asked for."""
    groups = {
        kind: [row for row in rows if row["contestant"].startswith(kind)] for kind in ("default", "chapter", "rival")
    }
    for kind in ("chapter", "rival"):
        ours, others = groups["default"], [row for row in groups[kind] if not row["failure"]]
        what = f"worst default of {len(ours)} / best {kind} of {len(others)}"
        if not ours or not others or any(row["failure"] for row in ours):
            print(f"{what}: not measured")
            continue
        worst, best = max(ours, key=lambda r: r["fd"][0]), min(others, key=lambda r: r["fd"][0])
        found = ratio(worst, best)
        print(
            f"{what}: {worst['fd'][0]:.2f} (seed {worst['seed']}) / {best['fd'][0]:.2f} ({best['contestant']}, "
            f"seed {best['seed']}) = {shown(found)} = 1/{1 / found.value:.1f}"
        )


def standing(arena: Arena) -> list[Row]:
    """Return the newest row of each contestant and seed at this time and by this judge, of this code or older."""
    newest: dict[tuple[str, int], Row] = {}
    for row in read(arena.results):
        same = (row["data"], row["minutes"], row["judge"])
        if same == (arena.data.name, arena.minutes, arena.judge.sha256[:12]):
            newest[row["contestant"], row["seed"]] = row
    return [newest[key] for key in sorted(newest)]


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", nargs="?", default="fashion-mnist", help="fashion-mnist, mnist, cifar-10 …")
    add_data_flag(parser)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="of the default")
    parser.add_argument("--other-seeds", type=int, nargs="+", default=[0], help="of everybody else")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="contestants, by how their names begin")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="a new temporary one if not given")
    options = parser.parse_args()
    data = load(options.data, options.dataset)
    playing = chosen(data.train.shape[2], options.minutes, options.only)
    if not playing:
        parser.error(f"--only: no such contestant; known: {', '.join(c.name for c in contestants(0))}")
    arena = Arena(data, out_folder(options.out, "quality"), options.minutes)
    arena.show_floor()
    places = ("data", "contestant", "seed", "minutes", "judge", "version")
    done = [{key: row[key] for key in places} for row in read(arena.results) if not row["failure"]]
    print(HEADER, flush=True)
    for round_ in range(max(len(options.seeds), len(options.other_seeds))):
        for contestant in playing:
            seeds = options.seeds if contestant.name == "default" else options.other_seeds
            if round_ < len(seeds) and arena.place(contestant, seeds[round_]) not in done:
                arena.play(contestant, seeds[round_])
    print(f"\n{data.name}, {options.minutes:g} minutes: all runs in {arena.results}, older code's too\n{HEADER}")
    rows = standing(arena)
    print("\n".join(line(row) for row in rows))
    show_ratios(rows)


if __name__ == "__main__":
    main()
