"""Simulate a week of training, and print what it costs to look at it: the memory and seconds of each view.

    python benchmarks/week.py [--reports 600000] [--folder FOLDER]

A tiny run is trained, and its events.jsonl is written on to a week: a report and its judged samples each second, a
checkpoint each minute, a score every 50 seconds, a picture every 3.5 hours, and some changes of verdict. Each view then
opens it in a process of its own: printed are the seconds that the week takes and the peak of the memory, both with all
that is imported. The last lines are the share of the time that a training spends on reports and views as it goes on.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console

from faussaire.runs.events import Event, line_of
from faussaire.runs.folder import RunFolder

STARTED = time.monotonic()
NIMG_PER_REPORT = 6_400
WORDS = ("D is right 72 % [71, 73] of the time (50 % is chance); fakes vary 0.92 ± 0.05 times as much as reals",)


def begin(folder: Path) -> Path:
    """Train a tiny run, and return its folder."""
    from faussaire import train

    rng = np.random.default_rng(0)
    np.save(folder / "squares.npy", rng.integers(0, 256, (300, 28, 28), np.uint8))
    console = Console(file=io.StringIO())
    return train(folder / "squares.npy", run=folder / "run", kimg=1, threads=1, console=console).path


def write_week(run: RunFolder, reports: int) -> None:
    """Write the events of a week after those that are there."""
    told = {event.kind: event for event in run.events()}
    rng = np.random.default_rng(0)
    started = time.time() - reports

    def line(kind: str, i: int, **data: object) -> bytes:
        nimg = told["done"].nimg + (i + 1) * NIMG_PER_REPORT
        return line_of(Event(kind=kind, nimg=nimg, time=round(started + i, 3), data=told[kind].data | data))

    with run.events_file.open("ab") as file:
        for i in range(reports):
            logits = {side: rng.normal(size=6).round(5).tolist() for side in ("real", "fake")}
            losses = {name: float(f"{rng.uniform(0.5, 2):.6g}") for name in ("loss_D", "loss_G", "diversity")}
            file.write(line("judged", i, path=f"judged/{i % 16}.png", **logits))
            file.write(line("stats", i, **losses, seconds=float(i), progress=round(i / reports, 5)))
            if i % 60 == 0:
                file.write(line("checkpoint", i))
            if i % 50 == 0:
                file.write(line("score", i))
            if i % (reports // 48) == 0:
                file.write(line("samples", i))
            if i % 500 == 0:
                file.write(line("verdict", i, name="learning", text=f"learning: {WORDS[0]}"))


def page(run: RunFolder) -> None:
    """Open the run as the live page does: everything up to the first pulse."""
    from faussaire.runs.history import History
    from faussaire.views.web import app  # noqa: F401  (what the server has in memory)
    from faussaire.views.web.api.stream import stream

    async def read() -> None:
        async for message in stream(History(run.events_file), 0, lambda: False):
            if b"event: pulse" in message:
                return

    asyncio.run(read())


def report(run: RunFolder) -> None:
    """Write report.html, of an evaluation without figures."""
    from faussaire.evaluation.evaluation import NUM_SHOWN, Evaluation
    from faussaire.modalities import SampleSpec
    from faussaire.views.report import write_report

    samples = np.zeros((NUM_SHOWN, 28, 28, 1), np.uint8)
    spec = SampleSpec(modality="image", shape=(1, 28, 28))
    nothing = {"scores": (), "copies": None, "pairs": None, "verdicts": (), "notes": ()}
    write_report(run, Evaluation(name="week", data="week", spec=spec, nimg=1, samples=samples, reals="none", **nothing))


def console(run: RunFolder) -> None:
    """Open the run as the console of a training that goes on does."""
    from faussaire.views.console import TrainingView

    run.history()
    with TrainingView(run, title="week", console=Console(file=io.StringIO(), force_terminal=True, width=80)) as view:
        view.show(run.reports()[0][-1])


def pictures(run: RunFolder) -> None:
    """Draw the pictures of the folder, which a training does now and then."""
    from faussaire.views.curves import refresh

    refresh(run)


VIEWS: dict[str, Callable[[RunFolder], None]] = {
    "console": console,
    "page": page,
    "report": report,
    "pictures": pictures,
}


def peak_bytes() -> int:
    """Return the most memory that this program has had; `getrusage` counts that of the one which started it, too."""
    fields = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmHWM"].split()[0]) * 1024


def measure(view: str, week: Path) -> None:
    """Open the week, and print what that took, imports and all."""
    VIEWS[view](RunFolder(week))
    print(f"{view:<8} {time.monotonic() - STARTED:5.2f} s, {peak_bytes() / 1e6:5.0f} MB", flush=True)


def share(folder: Path, run: Path) -> None:
    """Make the week's run longer by a moment, and print the share of the time that telling takes."""
    from faussaire import train
    from faussaire.training.cadence import (
        MAX_REPORT_SECONDS,
        REFRESH_SECONDS,
        REPORT_SECONDS,
        TELLING_SHARE,
        VIEWS_SHARE,
    )
    from faussaire.training.recorder import Recorder

    costs: dict[str, list[float]] = {"report": [], "views": []}
    report, redraw = Recorder.report, Recorder._redraw

    def timed_report(recorder: Recorder) -> None:
        report(recorder)
        costs["report"].append(recorder.cadence.reports.cost_seconds)

    def timed_redraw(recorder: Recorder) -> None:
        redraw(recorder)
        costs["views"].append(recorder.cadence.views.cost_seconds)

    Recorder.report, Recorder._redraw = timed_report, timed_redraw  # type: ignore[method-assign]
    terminal = Console(file=io.StringIO(), force_terminal=True, width=80)
    train(folder / "squares.npy", run=run, kimg=20, threads=1, console=terminal)
    reported, drawn = (float(np.median(costs[name])) for name in ("report", "views"))
    every = (
        min(MAX_REPORT_SECONDS, max(REPORT_SECONDS, reported / TELLING_SHARE)),
        max(REFRESH_SECONDS, drawn / VIEWS_SHARE),
    )
    for name, cost, seconds in zip(("reports", "views"), (reported, drawn), every, strict=True):
        print(f"{name:<8} {1000 * cost:.1f} ms every {seconds:.0f} s: {100 * cost / seconds:.2f} % of the time")


def main() -> None:
    """Write the week, look at it in every way, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=600_000)
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder if not given")
    parser.add_argument("--view", choices=VIEWS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.view:
        measure(args.view, args.folder / "run")
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        run = begin(folder)
        write_week(RunFolder(run), args.reports)
        size = (run / "events.jsonl").stat().st_size
        print(f"{args.reports:,} reports, {size / 1e6:,.0f} MB of events")
        for view in VIEWS:
            subprocess.run([sys.executable, __file__, "--view", view, "--folder", str(folder)], check=True)
        share(folder, run)


if __name__ == "__main__":
    main()
