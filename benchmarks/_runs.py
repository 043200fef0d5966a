"""Trainings as a user would start them, one process at a time, and what they leave: samples, pictures, JSON lines."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from faussaire.core.intervals import Estimate
from faussaire.core.rng import draw_places
from faussaire.generation.generator import Generator
from faussaire.modalities import modality
from faussaire.modalities.pictures import picture

GRID = 64
BUSY = 0.2  # of the machine: more than so much by others, and a training is not measured alone


@dataclass(frozen=True, kw_only=True)
class Finished:
    """One finished process."""

    seconds: float
    """From outside: imports, data, training, the last save."""

    failure: str
    """Its last words where it failed, else nothing."""


def out_folder(out: Path | None, name: str) -> Path:
    """Return the folder that was asked for, or a new one among the temporary ones, and say which."""
    folder = out or Path(tempfile.mkdtemp(prefix=f"faussaire-{name}-"))
    folder.mkdir(parents=True, exist_ok=True)
    print(f"everything goes to {folder}", flush=True)
    return folder.resolve()


def beside(run: Path, suffix: str) -> Path:
    """Return the path beside a run's folder, whose name may have dots in it (0.5min)."""
    return run.with_name(run.name + suffix)


def train(data: Path | str, run: Path, *flags: str) -> Finished:
    """Run `faussaire train DATA --run RUN FLAGS`, from the beginning: what is in `run` is removed first."""
    if run.exists():
        shutil.rmtree(run)
    return execute(["-m", "faussaire", "train", str(data), "--run", str(run), *flags], beside(run, ".log"))


def execute(arguments: Sequence[str], log: Path) -> Finished:
    """Run this Python with `arguments`, all that it says going to `log`; Ctrl-C ends both."""
    log.parent.mkdir(parents=True, exist_ok=True)
    warn_if_busy()
    began = time.monotonic()
    with log.open("wb") as file:
        code = subprocess.run([sys.executable, *arguments], stdout=file, stderr=subprocess.STDOUT).returncode
    seconds = time.monotonic() - began
    said = log.read_text("utf-8", "replace").strip().splitlines()
    return Finished(seconds=seconds, failure=f"exit code {code}: {said[-1] if said else 'silent'}" if code else "")


def must(finished: Finished) -> Finished:
    """End the benchmark where a training failed that everything rests on."""
    if finished.failure:
        sys.exit(f"faussaire train failed: {finished.failure}")
    return finished


def warn_if_busy() -> None:
    """Say so where other processes keep the machine busy: the figures of CPU minutes are then too poor."""
    first = _busy_ticks()
    time.sleep(1)
    second = _busy_ticks()
    if first is None or second is None or second[1] == first[1]:
        return
    busy = (second[0] - first[0]) / (second[1] - first[1])
    if busy > BUSY:
        print(f"WARNING: other processes take {100 * busy:.0f} % of the machine", file=sys.stderr, flush=True)


def _busy_ticks() -> tuple[int, int] | None:
    """Return ticks busy and ticks in all since boot; None where there is no /proc."""
    try:
        ticks = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    except (OSError, ValueError):
        return None
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def samples_of(run: Path, n: int, *, seed: int = 0) -> np.ndarray:
    """Return `n` samples of a run, uint8 `[n, C, H, W]`."""
    return Generator.load(run).sample(n, seed=seed).transpose(0, 3, 1, 2)


def last_stats(run: Path) -> dict[str, Any]:
    """Return the last `stats` event of a run: its `nimg`, and its `data`."""
    found: dict[str, Any] = {}
    with (run / "events.jsonl").open(encoding="utf-8") as events:
        for line in events:
            event = json.loads(line)
            if event["kind"] == "stats":
                found = event
    return found


def write_grid(path: Path, images: np.ndarray) -> None:
    """Write 64 random ones of uint8 images `[N, C, H, W]` as a picture, always the same; all of fewer."""
    chosen = images[draw_places(len(images), GRID, seed=0, stream="picture")]
    picture(modality("image").sheet(chosen.transpose(0, 2, 3, 1))).save(path)


def append(path: Path, row: dict[str, Any]) -> None:
    """Add one line of JSON, safely on the disk when this returns."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read(path: Path) -> list[dict[str, Any]]:
    """Return the rows written so far; a line that a cut-off left half is passed over."""
    rows = []
    for line in path.read_text("utf-8").splitlines() if path.is_file() else ():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return rows


def shown(figure: Estimate, digits: int = 3) -> str:
    """Return `value [low, high]`."""
    return f"{figure.value:.{digits}f} [{figure.low:.{digits}f}, {figure.high:.{digits}f}]"
