"""One training, from what was asked for to the last save: `train` reads top to bottom.

What is shown comes from outside: the display of the events, and the redrawing of the folder's curves and film.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from os import PathLike
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from rich.console import Console

from faussaire.core import ranks
from faussaire.core.config import NAMED, Config, named
from faussaire.core.devices import Chosen, choose, device_of, fits, is_host, use_tensor_cores
from faussaire.core.errors import CheckpointError, DataError, DeviceError, FaussaireError
from faussaire.core.interruption import noted_signals
from faussaire.core.notebook import in_notebook
from faussaire.core.rng import draw_places
from faussaire.core.suggestions import typed
from faussaire.core.terminal import speak, waiting
from faussaire.core.world import World, open_world
from faussaire.data import Dataset, Rows, locate, prepare
from faussaire.data.batches import Batches
from faussaire.data.labels.labels import is_about_labels
from faussaire.evaluation.reals import held_out_key
from faussaire.evaluation.while_training import LEAST_SCORED, Scorer, training_scorer
from faussaire.generation.generator import Generator
from faussaire.generation.saved import generator_nimg
from faussaire.modalities import of_spec
from faussaire.models.augment import FEW, LEAST_UNSEEN, UNSEEN
from faussaire.runs.best import best_of
from faussaire.runs.checkpoint import TrainState, fresh_state
from faussaire.runs.clock import RunClock
from faussaire.runs.events import Event
from faussaire.runs.folder import RunFolder
from faussaire.runs.mending import mend
from faussaire.runs.opening import Task, open_run, plan_of, recorded_fingerprint, run_to_replay
from faussaire.runs.others import annealed_ends
from faussaire.runs.plan import Plan
from faussaire.training.distributed import (
    END,
    Leader,
    check_images,
    first_on_each_machine,
    follow,
    scored_by_all,
    share,
    tell,
)
from faussaire.training.loop import train as train_loop
from faussaire.training.outlook import Outlook
from faussaire.training.recorder import Recorder
from faussaire.training.settings import accepting, complete, settings_asked_for, threads_of
from faussaire.training.sizing import expected, in_words
from faussaire.training.trainer import Trainer

RUNS = Path("runs")
HELD_OUT_JUDGED = 256  # held-out images that D judges at each report, drawn at random

Redraw = Callable[[RunFolder], None]
"""Draws the views of a run folder anew."""


class Display(Protocol):
    """Shows the events of a run while it is entered."""

    def __call__(self, run: RunFolder, *, title: str, console: Console) -> AbstractContextManager[object]:
        """Make one for a run; `title` is one line on what is trained."""


def train(
    data: str | Path | Sequence[str | Path] | None,
    *,
    recipe: str | None,
    run: str | PathLike[str] | None,
    replay: str | PathLike[str] | None,
    settings: Mapping[str, Any],
    console: Console,
    started: float | None,
    on_start: Callable[[Path], None],
    display: Display,
    redraw: Redraw,
) -> RunFolder:
    """Train as `faussaire.train` says, whose arguments these are, and return the folder of the run."""
    original = None if replay is None else run_to_replay(replay, recipe, settings)
    config = settings_asked_for(data, recipe, settings, original)
    chosen = choose(config.device, place=ranks.place())
    with _memory_told(chosen.device, config), open_world(chosen.device) as world:
        name = _name_of(config, original)
        folder = RunFolder(run or RUNS / (name if original is None else f"{name}-replay"))
        recorded = original or folder
        console = console if world.is_first else Console(quiet=True)
        with RunClock(started) as clock, _locked(folder, world) as mended, threads_of(config, recorded, world):
            if world.is_first:
                on_start(folder.path)
            fingerprint = world.from_first(recorded_fingerprint(recorded) if world.is_first else None)
            dataset = first_on_each_machine(world, ranks.place(), lambda: _read(config, console, fingerprint))
            check_images(dataset, original, world)
            config, speed = complete(config, recorded, dataset, console, device=chosen.device, world=world)
            if not world.is_first:
                _follow(config, dataset, chosen.device, world)
                return folder
            replayed = None if original is None else plan_of(original)
            with _warnings_said(folder, console):
                state, plan = open_run(
                    folder, _task(config, dataset), replay=replayed, device=chosen.device, mended=mended
                )
            trainer = _trainer(config, dataset, state, plan, world)
            share(state, plan, world)
            recorder = _recorder(folder, trainer, dataset, clock, redraw, is_timed=original is None)
            where = _where(chosen, recorder, len(dataset.images), speed)
            _lead(folder, recorder, console, display, where=where, title=_title(config, dataset))
            tell(world, END)
    return folder


def _lead(folder: RunFolder, recorder: Recorder, console: Console, display: Display, *, where: str, title: str) -> None:
    """Train to the end, or until somebody asks to stop; a run that is finished gets back what it has lost."""
    trainer = recorder.trainer
    state, world = trainer.state, trainer.shards.world
    if _is_finished(folder, state, trainer.plan):
        lost = _lost(folder, state)
        if lost:
            recorder.mend()
            speak(console, f"{folder.path} had lost {', '.join(lost)}: made again from its last checkpoint")
        else:
            speak(console, _finished(folder, state))
        return
    speak(console, where)
    with noted_signals(patient=world.size > 1) as interrupted, display(folder, title=title, console=console):
        recorder.interrupted = lambda: interrupted() is not None
        is_complete = _train(trainer, recorder)
    if not is_complete:
        tell(world, END)
        _leave(folder, state, interrupted(), console)


def _follow(config: Config, dataset: Dataset, device: torch.device, world: World) -> None:
    """Train as the first process does, and write nothing."""
    state, plan = fresh_state(config, dataset.spec, device), Plan()
    share(state, plan, world)
    trainer = _trainer(config, dataset, state, plan, world)
    with noted_signals(patient=True):
        follow(trainer, _scorer(trainer, dataset), world)


@contextmanager
def _memory_told(device: torch.device, config: Config) -> Iterator[None]:
    """Raise DeviceError where a device runs out of memory all the same: others may have taken of it meanwhile."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise DeviceError(
            f"{device} has run out of memory: --shards {2 * (config.shards or 1)} takes each batch in parts; what was "
            "saved is whole, and the same command goes on from there"
        ) from None


@contextmanager
def _locked(folder: RunFolder, world: World) -> Iterator[list[str]]:
    """Keep others from training in a folder, at which only the first process of several looks; mend what is damaged."""
    with folder.lock() if world.is_first else nullcontext():
        yield mend(folder) if world.is_first else []


@contextmanager
def _warnings_said(folder: RunFolder, console: Console) -> Iterator[None]:
    """Say what is told in warnings while a run is opened and nothing shows its events yet."""

    def tell(event: Event) -> None:
        if event.kind == "warning":
            speak(console, f"warning: {event.data['text']}", style="yellow")

    folder.listeners.append(tell)
    try:
        yield
    finally:
        folder.listeners.remove(tell)


def _train(trainer: Trainer, recorder: Recorder) -> bool:
    """Train, and say whether the run is complete; where its events cannot be written, its tensors are saved first."""
    try:
        world = trainer.shards.world
        steps = Leader(trainer, world) if world.size > 1 else trainer
        return train_loop(steps, recorder, should_stop=recorder.asked_to_stop)
    except CheckpointError:
        recorder.rescue()
        raise


def _name_of(config: Config, original: RunFolder | None) -> str:
    """Return the short name of the data.

    Raises:
        DataError: there is none.
    """
    try:
        return locate(config.data).name
    except DataError as error:
        if original is None:
            raise
        raise DataError(f"{error}; name the data as it lies here: faussaire train DATA --replay RUN") from None


def _read(config: Config, console: Console, fingerprint: str | None) -> Dataset:
    """Read the data, saying so where it takes a while; `fingerprint` is that of a run that goes on."""
    name = named(config.data)
    with waiting(console, f"Reading {name} ...") as change:

        def show(done: int, total: int) -> None:
            change(f"Reading {name}: {done:,} of {total:,} images")

        accept = accepting(config, name)
        dataset = prepare(config.data, **config.preparation(), progress=show, fingerprint=fingerprint, accept=accept)
    kind = of_spec(dataset.spec)
    for note in (note for note in dataset.inventory.notes if is_about_labels(note) or kind.is_told(note)):
        speak(console, note)
    if dataset.few is not None:
        speak(console, dataset.few)
    num_rejected = len(dataset.inventory.rejected)
    if num_rejected:
        first = dataset.inventory.rejected[0]
        words = typed(*config.data[:NAMED]) + (" ..." if len(config.data) > NAMED else "")
        speak(
            console,
            f"{num_rejected:,} of {len(dataset.inventory.records):,} files left out, the first {first.name} "
            f"({first.note}); faussaire inspect {words} lists them",
        )
    if dataset.all_alike:
        raise DataError(
            f"the {len(dataset.images) + len(dataset.held_out):,} images of {dataset.name} are all the same: there is "
            "nothing to learn; give images that differ"
        )
    return dataset


def _task(config: Config, dataset: Dataset) -> Task:
    return Task(
        config=config,
        spec=dataset.spec,
        num_images=len(dataset.images),
        num_held_out=len(dataset.held_out),
        fingerprint=dataset.fingerprint,
        fits=dataset.fits,
    )


def _is_finished(folder: RunFolder, state: TrainState, plan: Plan) -> bool:
    return plan.finished(state.nimg) and any(event.nimg == state.nimg for event in folder.events("done"))


def _lost(folder: RunFolder, state: TrainState) -> list[str]:
    """Name what a finished run should hold and does not, though its state can make it again."""
    pictures = ("reals.png", "noise.png", "curves.png", f"samples/{state.nimg:012d}.png")
    lost = [name for name in pictures if not (folder.path / name).is_file()]
    best = best_of(folder.events("score", "resumed"))
    if best is not None and best.nimg == state.nimg != generator_nimg(folder.best):
        lost.insert(0, "best/")
    try:
        if Generator.load(folder.generator_folder).nimg == state.nimg:
            return lost
    except FaussaireError:
        pass
    return ["generator/", *lost]


def _finished(folder: RunFolder, state: TrainState) -> str:
    return (
        f"{folder.path} is finished ({in_words(state.nimg)}): its samples are in "
        f"{folder.path}/samples; a larger --minutes, --kimg or --epochs extends it"
    )


def _trainer(config: Config, dataset: Dataset, state: TrainState, plan: Plan, world: World) -> Trainer:
    """Return the trainer, its batches where it computes: all of the data, where there is room."""
    kind, device = of_spec(dataset.spec), device_of(state.G)

    def batches_of(samples: Rows, labels: np.ndarray | None, batch_size: int) -> Batches:
        return Batches(
            samples,
            to_real=kind.to_real,
            batch_size=batch_size,
            seed=config.seed,
            labels=labels if config.conditional else None,
            num_classes=len(dataset.spec.classes),
            device=device,
            is_resident=kind.takes_tensors and fits(samples.nbytes, device),
        )

    batches = batches_of(dataset.images, dataset.labels, config.batch)
    unseen = None
    if config.augment and len(dataset.images) < FEW and len(dataset.held_out) >= LEAST_UNSEEN:
        unseen = batches_of(dataset.held_out, dataset.held_out_labels, UNSEEN)
    threads = torch.get_num_threads() if is_host(device) else 1
    shards = config.shards or 1
    if shards > 1:
        torch.set_num_threads(1)
    use_tensor_cores(device, config.precision)
    return Trainer(config, batches, state, plan, shards=shards, threads=threads, world=world, unseen=unseen)


def _scorer(trainer: Trainer, dataset: Dataset) -> Scorer | None:
    """Return what scores the generator on the way; None where there is too little to score against."""
    if len(dataset.held_out) < LEAST_SCORED:
        return None
    config = trainer.config
    return training_scorer(
        dataset.held_out,
        of_spec(dataset.spec),
        trainer.state.forge,
        z_dim=config.z_dim,
        reals=held_out_key(dataset.fingerprint),
        seed=config.seed,
        labels=dataset.held_out_labels if config.conditional else None,
        world=trainer.shards.world,
    )


def _recorder(
    folder: RunFolder, trainer: Trainer, dataset: Dataset, clock: RunClock, redraw: Redraw, *, is_timed: bool
) -> Recorder:
    """Return what records the training; it keeps to the time budget where it `is_timed`, and not to a recorded plan."""
    config, kind, device = trainer.config, of_spec(dataset.spec), trainer.device
    labels = dataset.held_out_labels if config.conditional else None
    judged = draw_places(len(dataset.held_out), HELD_OUT_JUDGED, seed=config.seed, stream="r_v held out")
    scorer, world = _scorer(trainer, dataset), trainer.shards.world
    if scorer is not None and world.size > 1:
        scorer = scored_by_all(scorer, world)
    return Recorder(
        folder,
        trainer,
        dataset.spec,
        name=dataset.name,
        clock=clock,
        budget_seconds=60 * config.minutes if is_timed and config.minutes is not None else None,
        redraw=lambda: redraw(folder),
        held_out=kind.to_real(dataset.held_out[judged]).to(device) if len(judged) else None,
        held_out_labels=None if labels is None else torch.from_numpy(labels[judged]).to(device),
        scorer=scorer,
        outlook=Outlook(config, annealed_ends(folder, config.as_dict(), dataset.fingerprint)),
    )


def _where(chosen: Chosen, recorder: Recorder, num_images: int, speed: float | None) -> str:
    """Say what computes, why, and how long it will take: at the speed that was measured, or of the last report."""
    trainer = recorder.trainer
    size = trainer.shards.world.size
    if speed is None:
        reports = [event for event in recorder.run.history() if event.kind == "stats"]
        speed = reports[-1].data.get("nimg_per_second") if reports else None
    left = expected(trainer.config, num_images, nimg=trainer.state.nimg, nimg_per_second=speed)
    return f"Device: {chosen.reason}{f', in {size} processes' if size > 1 else ''}; {left}."


def _title(config: Config, dataset: Dataset) -> str:
    (length,) = (
        f"{value:g} {name.removesuffix('s') if value == 1 else name}" for name, value in config.length().items()
    )
    samples = of_spec(dataset.spec).describe(dataset.spec.shape)
    num, num_held_out = len(dataset.images) + len(dataset.held_out), len(dataset.held_out)
    counted = [f"{num:,} {samples}", *([f"{num_held_out:,} held out"] if num_held_out else [])]
    return ", ".join([f"faussaire: {dataset.name}", *counted, str(config.architecture), length])


def _leave(folder: RunFolder, state: TrainState, number: int | None, console: Console) -> None:
    """Say what was saved, and end as the signal of that number asks to; a request in the folder, None, ends nothing.

    Raises:
        KeyboardInterrupt: Ctrl-C, but not in a notebook: who interrupts a cell wants to see what there is.
        SystemExit: another signal.
    """
    speak(
        console,
        f"Stopped after {in_words(state.nimg)} and saved in {folder.path}. The same command goes on from there.",
    )
    if number is not None and not (number == signal.SIGINT and in_notebook()):
        raise KeyboardInterrupt("saved") if number == signal.SIGINT else SystemExit(128 + number)
