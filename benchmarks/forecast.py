"""Does the forecast keep its promise? Runs that end, and are then continued to twice their images.

    python benchmarks/forecast.py --runs 24 --kimg 4 5 6 --out FOLDER

Short trainings of the default recipe at width 8 on the embedded sets, seeds and lengths in turn. A run of two minutes
has some ten scores; these are scored as often, which is dear at their length, and the only thing that is not as usual.
When a run has ended, what it foretells for twice the images is held against what the same run comes to when it is made
twice as long: at its end, and from the first half of its scores. The 80 % interval is to hold the truth in 80 of 100:
75 % are asked for (issue H, 6). One process and one thread, some ten seconds of processor a run; the same command again
goes on.
"""

from __future__ import annotations

import argparse
import io
import math
import statistics
from pathlib import Path

import torch
from rich.console import Console

import faussaire
from _runs import out_folder
from faussaire.core.config import config_from
from faussaire.core.intervals import wilson
from faussaire.evaluation.forecast import Figure, Seen, forecast
from faussaire.runs.folder import RunFolder
from faussaire.training import cadence
from faussaire.training.schedules import fall_left

SETS = ("fashion-mnist", "mnist")
SCORE_SHARE = 0.25


def train(path: Path, name: str, kimg: float, seed: int) -> None:
    """Train to so many thousand images, from where the run stands."""
    faussaire.train(
        name,
        run=path,
        kimg=kimg,
        seed=seed,
        width=8,
        precision="fp32",
        batch_size=64,
        threads=1,
        pictures=1,
        console=Console(file=io.StringIO()),
    )


def scores_of(run: RunFolder, end_nimg: int) -> tuple[list[Seen], float]:
    """Return the scores of the run's first leg, which ended at `end_nimg`, and the floor of the distance."""
    config = config_from(run.record()["config"])
    seen, floor = [], 0.0
    for event in run.events("score"):
        if event.nimg <= end_nimg:
            rows = {row["metric"]: row["value"] for row in event.data["rows"]}
            left = fall_left(config, event.nimg / end_nimg)
            seen.append(Seen(nimg=event.nimg, value=rows["frechet"], fall_left=left))
            floor = rows.get("frechet-floor", 0.0)  # shown where n is the same on both sides
    return seen, floor


def told(figure: Figure) -> str:
    """Return `value [low, high]`."""
    return f"{figure[0]:.3g} [{figure[1]:.3g}, {figure[2]:.3g}]"


def check(path: Path) -> dict[str, list[bool]]:
    """Hold what a continued run foretold against what it came to; print it; return what held, by what it is."""
    run = RunFolder(path)
    ends = [event.nimg for event in run.events("done")]
    if len(ends) < 2:
        return {}
    end_nimg, twice_nimg = ends[0], ends[-1]
    values = {event.nimg: event.data["rows"][0]["value"] for event in run.events("score")}
    seen, floor = scores_of(run, end_nimg)
    held: dict[str, list[bool]] = {}
    line = f"{path.name:<22} {len(seen):>3} scores  {values[end_nimg]:.3g} -> {values[twice_nimg]:.3g}"
    halfway = [score for score in seen if score.nimg <= end_nimg / 2]
    for what, known in (("at the end", seen), ("halfway", halfway)):
        found = forecast(known, end_nimg=end_nimg, floor=floor)
        if found is None:
            continue
        truths = {f"twice, {what}": (found.twice, values[twice_nimg])}
        if not found.finished:
            truths["end, halfway"] = (found.end, values[end_nimg])
        for name, (figure, truth) in truths.items():
            held.setdefault(name, []).append(figure[1] <= truth <= figure[2])
            line += f"  {name} {told(figure)} {'held' if held[name][-1] else 'MISSED'}"
            held.setdefault(f"{name}: low", []).append(truth < figure[1])
    print(f"{line}  gain {math.log(values[twice_nimg] / values[end_nimg]) / math.log(2):+.2f}", flush=True)
    return held


def main() -> None:
    """Train what is missing, and check everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=24)
    parser.add_argument("--kimg", type=float, nargs="+", default=[4.0, 5.0, 6.0])
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="of the runs; a temporary one if not given")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cadence.SCORE_SHARE, cadence.LEAST_SCORE_SECONDS = SCORE_SHARE, 0.0
    out, every = out_folder(options.out, "forecast"), {}
    for i in range(options.runs):
        name, kimg = SETS[i % len(SETS)], options.kimg[i // len(SETS) % len(options.kimg)]
        for length in (kimg, 2 * kimg):
            path = out / f"{name}-{kimg:g}-{i}"
            if not any(event.nimg >= 1000 * length for event in RunFolder(path).events("done")):
                train(path, name, length, seed=i)
    for path in sorted(one for one in out.iterdir() if (one / "config.json").is_file()):
        for name, found in check(path).items():
            every.setdefault(name, []).extend(found)
    for name, found in every.items():
        share = wilson(sum(found), len(found))
        print(
            f"{'truth below the interval, ' * name.endswith(': low')}{name.removesuffix(': low')}: {share.value:.2f} "
            f"[{share.low:.2f}, {share.high:.2f}] of n={len(found)} ({statistics.fmean(found):.0%})"
        )


if __name__ == "__main__":
    main()
