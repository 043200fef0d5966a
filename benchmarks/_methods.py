"""The methods of the board: ours, the peers, the chapter's four, and whatever a stranger adds to methods.toml.

Each trains on the images of a data set for so many minutes with a seed, in a process of its own, and leaves 10,000
samples. docs/guide/board.md is the protocol for those that are commands.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import faussaire
from _datasets import ImageSet
from _runs import beside, last_stats, samples_of

HERE = Path(__file__).resolve().parent
SHARED_PEERS = HERE.parents[1] / "shared" / "peers"
PACKAGE = Path(faussaire.__file__).resolve().parent
ADDED = HERE / "methods.toml"
SAMPLES = 10_000
Facts = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a method left."""

    samples: np.ndarray
    """uint8 `[10000, C, H, W]`."""

    facts: Facts
    """nimg, seconds, wall_seconds, seconds_per_1000_samples, peak_mb; None where it was not told."""


@dataclass(frozen=True, kw_only=True)
class Method:
    """A way to train."""

    name: str
    flags: tuple[str, ...] = ()
    """Of `faussaire train`, where it is ours."""

    command: str = ""
    """With {images}, {minutes}, {seed} and {samples} in it, where it is a program; empty where it is ours."""

    version: str = ""
    """Digest of the code that it runs: another one makes another row."""

    def play(self, data: ImageSet, minutes: float, seed: int, scratch: Path) -> Outcome:
        """Train once.

        Raises:
            RuntimeError: it failed, or left something else than samples; the message is its last words.
        """
        run = scratch / f"{data.name}-{self.name}-{minutes:g}min-seed{seed}"
        return self._ours(data, minutes, seed, run) if not self.command else self._program(data, minutes, seed, run)

    def _ours(self, data: ImageSet, minutes: float, seed: int, run: Path) -> Outcome:
        if run.exists():
            shutil.rmtree(run)
        flags = ["--minutes", f"{minutes:g}", "--seed", str(seed), *self.flags]
        source = data.trainable(run.parent)
        arguments = [sys.executable, "-m", "faussaire", "train", str(source), "--run", str(run), *flags]
        wall, peak_mb, _ = execute(arguments, beside(run, ".log"))
        samples_of(run, 500)  # imports and memory are not what a sample costs
        began = time.monotonic()
        samples = samples_of(run, SAMPLES)
        per_thousand = (time.monotonic() - began) * 1000 / SAMPLES
        facts = {"nimg": last_stats(run)["nimg"], "seconds": round(wall, 2), "wall_seconds": round(wall, 2)}
        facts |= {"seconds_per_1000_samples": round(per_thousand, 4), "peak_mb": peak_mb}
        return Outcome(samples=np.ascontiguousarray(samples), facts=facts)

    def _program(self, data: ImageSet, minutes: float, seed: int, run: Path) -> Outcome:
        images, samples = run.parent / f"{data.name}-train.npy", beside(run, ".npy")
        if not images.is_file():
            np.save(images, data.train)
        samples.unlink(missing_ok=True)
        given = {
            "images": images,
            "minutes": f"{minutes:g}",
            "seed": seed,
            "samples": samples,
            "python": sys.executable,
        }
        arguments = [word.format(**given) for word in shlex.split(self.command)]
        wall, peak_mb, said = execute(arguments, beside(run, ".log"))
        try:
            made = np.load(samples, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise RuntimeError(f"it left no samples in {samples}: {error}") from None
        if made.dtype != np.uint8 or made.shape != (SAMPLES, *data.train.shape[1:]):
            raise RuntimeError(f"its samples are {made.dtype} {list(made.shape)}, not uint8 {SAMPLES} of the data's")
        told = _last_json(said)
        keys = ("nimg", "seconds", "seconds_per_1000_samples")
        facts = {key: told.get(key) for key in keys} | {"wall_seconds": round(wall, 2), "peak_mb": peak_mb}
        return Outcome(samples=made, facts=facts)


def execute(arguments: list[str], log: Path) -> tuple[float, float, str]:
    """Run a program to its end; return the seconds from outside, the peak of its memory in MB, and what it said.

    Raises:
        RuntimeError: it failed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with log.open("wb") as file:
        process = subprocess.Popen(arguments, stdout=file, stderr=subprocess.STDOUT)
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - began
    said = log.read_text("utf-8", "replace").strip()
    if process.returncode:
        raise RuntimeError(f"exit code {process.returncode}: {said.splitlines()[-1] if said else 'silent'}")
    return seconds, round(usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)), said


def methods() -> list[Method]:
    """Return everybody, ours first."""
    package = digest(path for path in sorted(PACKAGE.rglob("*")) if path.suffix in (".py", ".toml"))
    found = [Method(name="ours", version=package)]
    for size in ("XS", "S", "M"):
        found.append(_peer(f"hybrid-{size}", "hybrid.py", "hybrid_gan.py", f" --size {size}"))
    found.append(_peer("flow", "flow.py", "flow_matching.py"))
    for recipe in ("chapter-dense", "chapter-conv"):
        for rate in ("2e-4", "1e-3"):
            flags = ("--recipe", recipe, "--lr", rate)
            found.append(Method(name=f"{recipe}@{rate}", flags=flags, version=package))
    for name, command in (tomllib.loads(ADDED.read_text("utf-8")) if ADDED.is_file() else {}).items():
        found.append(Method(name=name, command=command, version=digest([ADDED])))
    return found


def _peer(name: str, ours: str, shared: str, more: str = "") -> Method:
    """Return a peer: the one that lies beside the checkout, or the same written anew here."""
    path = SHARED_PEERS / shared
    path = path if path.is_file() else HERE / "peers" / ours
    command = f"{{python}} {shlex.quote(str(path))} {{images}} --minutes {{minutes}} --seed {{seed}} --out {{samples}}"
    return Method(name=name, command=command + more, version=digest([path]))


def digest(paths: Any) -> str:
    """Return a short digest of the contents of files."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:12]


def _last_json(said: str) -> Facts:
    """Return the last line that is a JSON object; nothing where there is none."""
    for line in reversed(said.splitlines()):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            return found
    return {}
