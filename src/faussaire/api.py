"""Training from Python: what `faussaire train` does, as one function that returns the run."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from faussaire.core.config import NAMED, Config, flag, named, resolve
from faussaire.core.errors import CheckpointError, ConfigError, DataError
from faussaire.core.interruption import noted_signals
from faussaire.core.rng import draw_places
from faussaire.core.schedules import SCHEDULES
from faussaire.core.suggestions import did_you_mean
from faussaire.core.terminal import Terminal, say, waiting
from faussaire.core.threads import computing_threads
from faussaire.data import Dataset, locate, prepare
from faussaire.data.batches import Batches, as_real
from faussaire.data.decode.ranges import is_about_range
from faussaire.data.labels.labels import is_about_labels
from faussaire.evaluation.while_training import LEAST_SCORED, training_scorer
from faussaire.generation.generator import Generator
from faussaire.modalities import modality
from faussaire.models.architectures import architecture
from faussaire.models.augment import AUGMENTATIONS, policy_for, reason_for
from faussaire.models.losses import LOSSES
from faussaire.models.penalties import PENALTIES
from faussaire.runs.clock import RunClock
from faussaire.runs.folder import RunFolder
from faussaire.runs.opening import Task, open_run, plan_of, recorded_config, recorded_fingerprint
from faussaire.runs.plan import UNPLANNED_NIMG, Plan
from faussaire.training.loop import train as train_loop
from faussaire.training.recorder import Recorder
from faussaire.training.shards import num_shards
from faussaire.training.sizing import CHOSEN, size
from faussaire.training.trainer import Trainer
from faussaire.views.console import TrainingView
from faussaire.views.curves import refresh

RUNS = Path("runs")
HELD_OUT_JUDGED = 256  # held-out images that D judges at each report, drawn at random


class Run(RunFolder):
    """A trained run: its folder, and its generator."""

    def generator(self) -> Generator:
        """Load the generator as it was last saved."""
        return Generator.load(self.path)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"


def train(
    data: str | Path | Sequence[str | Path] | None = None,
    *,
    recipe: str | None = None,
    run: str | Path | None = None,
    replay: str | Path | None = None,
    console: Console | None = None,
    started: float | None = None,
    begun: Callable[[Path], None] = lambda run: None,
    **settings: Any,
) -> Run:
    """Train a generator on images, showing the progress; the same call again goes on where it stopped.

    Args:
        data: a folder, archive, array, table or list of images, or the name of an embedded set; or several of these.
        recipe: name of a recipe, or a .toml file.
        run: folder of the run; `runs/` and the name of the data if not given.
        replay: folder of a run to make again, tensor by tensor, with its settings and its recorded plan.
        console: where the progress is shown.
        started: `time.monotonic()` from which `minutes` counts; now if not given.
        begun: called with the folder of the run, locked, before anything slow is done.
        settings: any field of `faussaire.Config`.

    Raises:
        ConfigError, DataError: what was asked for is impossible; one line says what to do.
        DivergenceError: the training has left the finite numbers.
        CheckpointError: the run folder cannot be written or read.
        KeyboardInterrupt: Ctrl-C; everything was saved first.
        SystemExit: SIGTERM or SIGHUP, likewise.
    """
    console = console or Terminal(stderr=True)
    if data is not None:
        data = tuple(map(str, [data] if isinstance(data, (str, Path)) else data))
    original = None if replay is None else _to_replay(replay, recipe, settings)
    if original is None:
        config = resolve(recipe, {"data": data, **settings})
    else:
        config = recorded_config(original) if data is None else replace(recorded_config(original), data=data)
    _check_names(config)
    name = _name_of(config, replayed=original is not None)
    folder = Run(run or RUNS / (name if original is None else f"{name}-replay"))
    with RunClock(started) as clock, folder.lock(), _threads(config, original or folder):
        begun(folder.path)
        dataset = _prepare(config, console, recorded_fingerprint(original or folder))
        if original is not None:
            _check_replayed(original, dataset)
        plan = None if original is None else plan_of(original)
        config = _sized(config, original or folder, dataset, console)
        _train(folder, config, dataset, plan, console=console, clock=clock)
    return folder


def _to_replay(replay: str | Path, recipe: str | None, settings: dict[str, Any]) -> RunFolder:
    """Return the run that is to be made again.

    Raises:
        ConfigError: there is none, its plan is not complete, or settings were given besides.
    """
    original = RunFolder(replay)
    if not original.exists():
        raise ConfigError(f"no such run: {replay}")
    given = ["recipe"] if recipe else [name for name, value in settings.items() if value is not None]
    if given:
        raise ConfigError(f"--replay takes every setting from {replay}; leave {flag(given[0])} out")
    segments = plan_of(original).segments
    if not segments or segments[0].nimg > 0:
        raise ConfigError(f"{original.events_file} has lost the plan of the run, which cannot be made again without")
    if segments[-1].end_nimg == UNPLANNED_NIMG:
        raise ConfigError(f"{replay} was stopped before its speed was known: it has no plan to follow")
    return original


def _name_of(config: Config, *, replayed: bool) -> str:
    """Return the short name of the data.

    Raises:
        DataError: there is none.
    """
    try:
        return locate(config.data).name
    except DataError as error:
        if not replayed:
            raise
        raise DataError(f"{error}; name the data as it lies here: faussaire train DATA --replay RUN") from None


def _check_replayed(original: RunFolder, dataset: Dataset) -> None:
    """Raise ConfigError where a run was trained on other images, or in another order."""
    then = original.read_json(original.config)["fingerprint"]
    if not dataset.fits(then):
        raise ConfigError(f"{dataset.name} holds other images than those that {original.path} was trained on")
    if then != dataset.fingerprint:
        raise ConfigError(
            f"{original.path} was trained by version 0.1, with the images of {dataset.name} in another order: "
            "it cannot be made again, but with that version"
        )


def _check_names(config: Config) -> None:
    """Raise ConfigError for a name that no registry has; the architecture is checked once the data is known."""
    for name, chosen, known in (
        ("loss", (config.loss,), LOSSES),
        ("penalties", config.penalties, PENALTIES),
        ("augment", config.augment or (), AUGMENTATIONS),
        ("lr_schedule", (config.lr_schedule,), SCHEDULES),
    ):
        for one in chosen:
            if one not in known:
                raise ConfigError(f"{flag(name)}: unknown {one!r}{did_you_mean(one, known)}")


def _prepare(config: Config, console: Console, fingerprint: str | None) -> Dataset:
    """Read the data, saying so where it takes a while; `fingerprint` is that of a run that goes on."""
    name = named(config.data)
    with waiting(console, f"Reading {name} ...") as change:

        def told(done: int, total: int) -> None:
            change(f"Reading {name}: {done:,} of {total:,} images")

        dataset = prepare(
            config.data,
            **config.preparation(),
            progress=told,
            fingerprint=fingerprint,
        )
    for note in (note for note in dataset.inventory.notes if is_about_labels(note) or is_about_range(note)):
        say(console, note)
    rejected = len(dataset.inventory.rejected)
    if rejected:
        first = dataset.inventory.rejected[0]
        say(
            console,
            f"{rejected} of {len(dataset.inventory.records)} files left out, the first {first.name} ({first.note}); "
            f"faussaire inspect {_typed(config.data)} lists them",
        )
    architecture(config.architecture, dataset.spec)
    if config.conditional and (dataset.labels is None or len(dataset.spec.classes) < 2):
        raise ConfigError(
            f"--conditional needs images of two classes or more, and {dataset.name} tells of "
            f"{len(dataset.spec.classes)}: one sub-folder for each class, or an IDX or .npz with labels"
        )
    return dataset


def _typed(data: Sequence[str]) -> str:
    """Return data as it is written on a command line."""
    return shlex.join(data) if len(data) <= NAMED else f"{shlex.join(data[:NAMED])} ..."


def _sized(config: Config, recorded: RunFolder, dataset: Dataset, console: Console) -> Config:
    """Return the settings with what `size` chooses: those of the run if it has begun, or chosen for the budget."""
    if recorded.exists():
        then = recorded_config(recorded)
        chosen = {name: getattr(then, name) for name in CHOSEN if getattr(config, name) is None}
        return replace(config, **chosen)
    threads = torch.get_num_threads()
    found = size(
        config,
        dataset.spec,
        num_images=len(dataset.images),
        threads=threads,
        threads_given=config.threads is not None,
    )
    torch.set_num_threads(found.threads)
    for line in (found.text, _augmentation(config, dataset)):
        if line:
            say(console, line)
    return found.config


def _augmentation(config: Config, dataset: Dataset) -> str:
    """Say what was chosen by the number of images."""
    if config.augment is not None:
        return ""
    reason = reason_for(len(dataset.images), dataset.spec)
    return f"{reason[0].upper()}{reason[1:]}."


def _train(
    folder: Run, config: Config, dataset: Dataset, replay: Plan | None, *, console: Console, clock: RunClock
) -> None:
    """Begin or resume the run in its locked folder, and train it to its end or to Ctrl-C."""
    task = Task(
        config=config,
        spec=dataset.spec,
        num_images=len(dataset.images),
        fingerprint=dataset.fingerprint,
        formerly=dataset.formerly,
    )
    state, plan = open_run(folder, task, replay=replay)
    if plan.finished(state.nimg) and any(event.nimg == state.nimg for event in folder.events("done")):
        say(
            console,
            f"{folder.path} is finished ({state.nimg / 1000:,.1f} thousand images): its samples are in "
            f"{folder.path}/samples; a larger --minutes, --kimg or --epochs extends it",
        )
        return
    labels, held_out_labels = (dataset.labels, dataset.held_out_labels) if config.conditional else (None, None)
    num_classes = len(dataset.spec.classes)
    batches = Batches(dataset.images, batch_size=config.batch, seed=config.seed, labels=labels, num_classes=num_classes)
    shards = num_shards(state.G, state.D, threads=torch.get_num_threads(), batch_size=config.batch)
    if shards > 1:
        torch.set_num_threads(1)
    judged = draw_places(len(dataset.held_out), HELD_OUT_JUDGED, seed=config.seed, stream="r_v held out")
    augment = policy_for(len(dataset.images), dataset.spec) if config.augment is None else config.augment
    trainer = Trainer(config, batches, state, plan, shards=shards, augment=augment)
    recorder = Recorder(
        folder,
        trainer,
        dataset.spec,
        name=dataset.name,
        clock=clock,
        budget_seconds=None if config.minutes is None or replay else config.minutes * 60,
        redraw=lambda: refresh(folder, modality(dataset.spec.modality)),
        held_out=as_real(dataset.held_out[judged]) if len(judged) else None,
        held_out_labels=None if held_out_labels is None else torch.from_numpy(held_out_labels[judged]),
        scorer=training_scorer(
            dataset.held_out,
            state.forge,
            z_dim=config.z_dim,
            seed=config.seed,
            labels=held_out_labels,
        )
        if len(dataset.held_out) >= LEAST_SCORED
        else None,
    )
    with noted_signals() as interrupted, TrainingView(folder, title=_title(task, dataset), console=console):
        recorder.interrupted = lambda: interrupted() is not None
        try:
            complete = train_loop(trainer, recorder, should_stop=recorder.asked_to_stop)
        except CheckpointError:
            recorder.rescue()
            raise
    if not complete:
        number = interrupted()
        say(
            console,
            f"Stopped after {state.nimg / 1000:,.1f} thousand images and saved in {folder.path}. "
            "The same command goes on from there.",
        )
        raise KeyboardInterrupt("saved") if number in (None, signal.SIGINT) else SystemExit(128 + number)


def _title(task: Task, dataset: Dataset) -> str:
    config = task.config
    length = next(
        f"{getattr(config, name):g} {name}" for name in ("minutes", "kimg", "epochs") if getattr(config, name)
    )
    channels, height, width = dataset.spec.shape
    colour = "grey" if channels == 1 else "colour"
    return (
        f"faussaire: {dataset.name}, {task.num_images:,} {colour} images of {height}x{width}, "
        f"{config.architecture}, {length}"
    )


@contextmanager
def _threads(config: Config, folder: RunFolder) -> Iterator[None]:
    """Compute with as many threads as asked for, or as the run was begun with; afterwards as before.

    Numbers too small to be normal count as 0: averages and gradients that fade out would cost three times the time.
    """
    recorded = folder.read_json(folder.config)["threads"] if folder.exists() else torch.get_num_threads()
    with computing_threads(config.threads or recorded):
        torch.set_flush_denormal(True)
        try:
            yield
        finally:
            torch.set_flush_denormal(False)
