"""The toy of the tests: points in the plane, eight Gaussians on a ring, whose modes can be counted.

It has two dimensions, not four: a loss, penalty or loop that takes samples for images fails on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from faussaire import modalities
from faussaire.core.config import Config, resolve
from faussaire.core.moments import Moments
from faussaire.core.rng import numpy_generator_for
from faussaire.data.batches import Batches
from faussaire.modalities import SampleSpec, modality, pictures
from faussaire.runs.clock import RunClock
from faussaire.runs.events import Event
from faussaire.runs.folder import RunFolder
from faussaire.runs.opening import Task, open_run
from faussaire.runs.plan import Plan
from faussaire.training.loop import train
from faussaire.training.recorder import Recorder
from faussaire.training.result import StepResult, Values
from faussaire.training.trainer import Trainer
from faussaire.views import curves
from faussaire.views.words import Words

modalities.__path__.append(str(Path(__file__).parent / "kinds"))  # the folder is the registry

IMAGE = modality("image")
POINTS = SampleSpec(modality="points", shape=(2,))
RADIUS, STD = 0.7, 0.03
TRIED = {"width": 8, "precision": "fp32"}
"""What a training of images would choose by trying, which takes a second each time."""


def centres() -> np.ndarray:
    """The middles `[8, 2]` of the Gaussians."""
    angles = np.arange(8) * np.pi / 4
    return RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=1)


@cache
def eight_gaussians(count: int = 2000) -> np.ndarray:
    """Draw float32 `[count, 2]`."""
    rng = numpy_generator_for(0, "eight gaussians")
    points = centres()[rng.integers(0, 8, count)] + STD * rng.standard_normal((count, 2))
    return points.astype(np.float32)


def modes_found(points: np.ndarray, share: float = 0.02) -> int:
    """Count the Gaussians that have at least `share` of the points within four standard deviations."""
    distances = np.linalg.norm(points[:, None] - centres()[None], axis=2)
    near = np.where(distances.min(1) < 4 * STD, distances.argmin(1), -1)
    return int(sum((near == mode).mean() >= share for mode in range(8)))


def toy_config(**settings: object) -> Config:
    """Settings under which the eight Gaussians are learnt in seconds."""
    toy = {"data": "toy", "architecture": "dense", "z_dim": 8, "batch_size": 32, "kimg": 1, "lr": 1e-3, "augment": ()}
    return resolve(None, {**toy, **settings})


def toy_task(config: Config) -> Task:
    """The eight Gaussians as something to train on."""
    return Task(config=config, spec=POINTS, num_images=len(eight_gaussians()), fingerprint="toy")


def toy_trainer(folder: Path, **settings: object) -> Trainer:
    """Open a run of the eight Gaussians in a folder, and return its trainer as it begins or goes on."""
    config = toy_config(**settings)
    run = RunFolder(folder)
    with run.lock():
        state, plan = open_run(run, toy_task(config))
    batches = Batches(
        eight_gaussians(), to_real=modality(POINTS.modality).to_real, batch_size=config.batch_size, seed=config.seed
    )
    return Trainer(config, batches, state, plan)


def image_spec(resolution: int, channels: int, classes: tuple[str, ...] = ()) -> SampleSpec:
    """A spec of square images."""
    return SampleSpec(modality="image", shape=(channels, resolution, resolution), classes=classes)


def text_spec(letters: int, length: int, classes: tuple[str, ...] = ()) -> SampleSpec:
    """A spec of lines, of an alphabet of so many letters."""
    alphabet = [chr(ord("a") + place) for place in range(letters)]
    return SampleSpec(modality="text", shape=(letters + 1, length), classes=classes, facts={"alphabet": alphabet})


def music_spec(voices: int, pitches: int, classes: tuple[str, ...] = (), *, single: bool = True) -> SampleSpec:
    """A spec of windows of four bars."""
    facts = {"lowest": 48, "single": single}
    return SampleSpec(modality="music", shape=(voices, 64, pitches), classes=classes, facts=facts)


def image_trainer(
    folder: Path,
    architecture: str,
    *,
    shards: int = 1,
    threads: int | None = None,
    num_classes: int = 0,
    augment: Sequence[str] = (),
    strength: float = 0.5,
    replay: Plan | None = None,
    **settings: object,
) -> Trainer:
    """Open a run of noise of 8 x 8 pixels in three colours in a folder, by small networks and batches.

    `shards` are threads unless fewer are given, the game is conditional where there are classes, and a run that begins
    augments by `strength`.
    """
    small = {"data": "noise", "architecture": architecture, "batch_size": 8, "z_dim": 4, "kimg": 0.08}
    config = resolve(None, small | settings | {"conditional": num_classes > 0, "augment": augment})
    rng = numpy_generator_for(0, "noise")
    images = rng.integers(0, 256, (20, 3, 8, 8), dtype=np.uint8)
    spec = image_spec(8, 3, tuple(f"class {number}" for number in range(num_classes)))
    run = RunFolder(folder)
    with run.lock():
        task = Task(config=config, spec=spec, num_images=len(images), fingerprint="noise")
        state, plan = open_run(run, task, replay=replay)
    if state.nimg == 0:
        state.augment = strength
    labels = rng.integers(0, num_classes, len(images)) if num_classes else None
    batches = Batches(
        images, to_real=IMAGE.to_real, batch_size=config.batch, seed=config.seed, labels=labels, num_classes=num_classes
    )
    return Trainer(config, batches, state, plan, shards=shards, threads=threads)


def write_squares(path: Path, count: int = 60) -> Path:
    """Write small grey images that differ from one another as a .npy."""
    rng = np.random.default_rng(0)
    images = np.zeros((count, 12, 12), np.uint8)
    for image in images:
        top, left = rng.integers(0, 8, 2)
        image[top : top + 4, left : left + 4] = rng.integers(100, 256)
    np.save(path, images)
    return path


class SimulatedClock:
    """A clock on the wall, and what the processor has done by it, that move when they are told to."""

    def __init__(self) -> None:
        self.wall = self.worked = 1000.0

    def clock(self) -> RunClock:
        return RunClock(now=lambda: self.wall, worked=lambda: self.worked)


def recorder_by(simulated: SimulatedClock, trainer: Trainer, folder: Path, spec: SampleSpec) -> Recorder:
    """Make what records a training by a simulated clock."""
    minutes = trainer.config.minutes
    return Recorder(
        RunFolder(folder),
        trainer,
        spec,
        name="simulated",
        clock=simulated.clock(),
        budget_seconds=None if minutes is None else 60 * minutes,
        redraw=lambda: None,
    )


def train_by(
    simulated: SimulatedClock,
    trainer: Trainer,
    folder: Path,
    spec: SampleSpec,
    seconds_of_step: Iterable[float],
    *,
    worked_before: float = 0.0,
    works: bool = False,
) -> bool:
    """Train where each step takes `seconds_of_step` on the wall, and every one after the last 0.2 s.

    `worked_before` are the seconds that pass before the first step; the processor `works` all the time, or sleeps.
    """
    durations = iter(seconds_of_step)
    step = trainer.step

    def timed_step() -> StepResult:
        result = step()
        seconds = next(durations, 0.2)
        simulated.wall += seconds
        simulated.worked += seconds if works else 0.0
        return result

    trainer.step = timed_step  # type: ignore[method-assign]
    recorder = recorder_by(simulated, trainer, folder, spec)
    simulated.wall += worked_before
    simulated.worked += worked_before
    return train(trainer, recorder)


def measured(*values: Values) -> dict[str, dict[str, float]]:
    """Return n, mean and std of each figure of some updates."""
    moments = Moments()
    for each in values:
        moments.add(each)
    return moments.read()


WAYS_TO_TRAIN = {
    f"{architecture} {precision} {shards} shards {num_classes} classes {'augmented' if augment else 'plain'}": {
        "architecture": architecture,
        "shards": shards,
        "num_classes": num_classes,
        "augment": augment,
        **({"width": 4, "precision": precision} if architecture == "hybrid" else {}),
    }
    for architecture, precisions, counts in (
        ("hybrid", ("fp32", "bf16"), (1, 2)),
        ("conv", ("fp32",), (1,)),  # these two look across a batch and have one size: no shards, no bf16
        ("dense", ("fp32",), (1,)),
    )
    for precision in precisions
    for shards in counts
    for num_classes in (0, 3)
    for augment in ((), ("translation", "colour", "cutout"))
}
"""Every way in which `image_trainer` may train, by name."""


@contextmanager
def files_of_at_most(num_bytes: int) -> Iterator[None]:
    """Let no file grow beyond a size: the system refuses the write, as that of a full disk does."""
    import resource  # not on Windows

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def without_curves() -> Iterator[None]:
    """Let the curves of a run be an empty picture."""

    def draw_nothing(path: Path, stats: Sequence[Event], words: Words) -> None:
        pictures.save(pictures.picture(np.zeros((8, 8, 1), np.uint8)), path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(curves, "draw_curves", draw_nothing)
        yield
