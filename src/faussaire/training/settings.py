"""From what was asked for to what is trained: the one place where a setting is resolved.

A flag stands over the recipe, the recipe over the default (`core.config.resolve`); what is left open is chosen here, by
the budget, the machine and the data. What a run that has begun was given or chose stands for it: it asks no clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from faussaire.core.config import Config, flag, resolve
from faussaire.core.devices import CPU, is_host
from faussaire.core.errors import ConfigError
from faussaire.core.suggestions import did_you_mean
from faussaire.core.terminal import speak
from faussaire.core.threads import computing_threads
from faussaire.core.world import ALONE, World
from faussaire.data import Dataset, check_preparation
from faussaire.data.preparation import Acceptance
from faussaire.modalities import of_spec
from faussaire.models.architectures import architecture, check_architecture, sketched
from faussaire.models.augment import policy_for, reason_for
from faussaire.models.augmentations import AUGMENTATIONS
from faussaire.models.losses import LOSSES
from faussaire.models.penalties import PENALTIES
from faussaire.runs.folder import RunFolder
from faussaire.runs.opening import recorded_config
from faussaire.training.probing import speed
from faussaire.training.schedules import SCHEDULES
from faussaire.training.shards import cut, is_cuttable
from faussaire.training.sizing import size

CHOSEN = ("architecture", "conditional", "width", "precision", "batch_size", "lr", "gamma", "augment", "shards")
"""The settings that are chosen where they are not given."""


def settings_asked_for(
    data: str | Path | Sequence[str | Path] | None,
    recipe: str | None,
    settings: Mapping[str, Any],
    original: RunFolder | None,
) -> Config:
    """Return what was asked for, or the settings of the run that is to be made again.

    Raises:
        ConfigError: an unknown setting or name, or an impossible value.
    """
    named = None if data is None else tuple(map(str, [data] if isinstance(data, (str, Path)) else data))
    if original is None:
        config = resolve(recipe, {"data": named, **settings})
    else:
        config = recorded_config(original)
        config = config if named is None else replace(config, data=named)
    _check_names(config)
    return config


def _check_names(config: Config) -> None:
    """Raise ConfigError for a name that no registry has, or a way of preparing that there is not."""
    if config.architecture is not None:
        check_architecture(config.architecture)
    check_preparation(**config.preparation())
    for name, chosen, known in (
        ("loss", (config.loss,), LOSSES),
        ("penalties", config.penalties, PENALTIES),
        ("augment", config.augment or (), AUGMENTATIONS),
        ("lr_schedule", (config.lr_schedule,), SCHEDULES),
    ):
        for one in chosen:
            if one not in known:
                raise ConfigError(f"{flag(name)}: unknown {one!r}{did_you_mean(one, known)}")


def complete(
    config: Config,
    recorded: RunFolder,
    dataset: Dataset,
    console: Console,
    *,
    device: torch.device = CPU,
    world: World = ALONE,
) -> tuple[Config, float | None]:
    """Return the settings with all of CHOSEN: those of the run if it has begun, or chosen now, and said why.

    Every process of several is told the same; only the first looks into the folder. Beside them stands how many images
    a second D will be shown, of a run that begins; None where it has a time budget and nothing had to be measured.

    Raises:
        ConfigError: the architecture cannot make such samples, the data has no classes to be conditional on, or several
            processes cannot share a batch.
    """
    then = _chosen_then(recorded) if world.is_first else None
    then = world.from_first(then)
    if then is not None:
        known = {name: tuple(value) if isinstance(value, list) else value for name, value in then.items()}
        left: dict[str, Any] = {name: known[name] for name in CHOSEN if getattr(config, name) is None}
        config = replace(config, **left)
        _check_data(config, dataset)
        return replace(config, shards=_cut(config, dataset, torch.get_num_threads(), world)), None
    config = _of_its_kind(config, dataset)
    _check_data(config, dataset)
    num_images = len(dataset.images)
    threads = world.from_first(torch.get_num_threads())
    chosen = size(config, dataset.spec, num_images=num_images, threads=threads, device=device, world=world)
    torch.set_num_threads(chosen.threads)
    shards = _cut(chosen.config, dataset, chosen.threads if is_host(device) else 1, world)
    config, threads, nimg_per_second = replace(chosen.config, shards=shards), chosen.threads, chosen.nimg_per_second
    if nimg_per_second is None and config.minutes is None:
        nimg_per_second = speed(config, dataset.spec, threads, device=device, world=world, seconds=0.0)
    if chosen.text:
        speak(console, chosen.text)
    if config.augment is None:
        reason = reason_for(num_images, dataset.spec)
        speak(console, f"{reason[0].upper()}{reason[1:]}.")
        config = replace(config, augment=policy_for(num_images, dataset.spec))
    return config, nimg_per_second


def _of_its_kind(config: Config, dataset: Dataset) -> Config:
    """Return the settings with the defaults of the kind of data; conditional is what is not said and has no classes.

    A width among them is left out for networks that come in one size.
    """
    defaults = {"conditional": False, **of_spec(dataset.spec).defaults}
    if architecture(config.architecture, dataset.spec).width is None:
        defaults.pop("width", None)
    if not _has_classes(dataset):
        defaults["conditional"] = False
    return replace(config, **{name: value for name, value in defaults.items() if getattr(config, name) is None})


def _has_classes(dataset: Dataset) -> bool:
    return dataset.labels is not None and len(dataset.spec.classes) >= 2


def accepting(config: Config, name: str) -> Acceptance:
    """Return what refuses data, `name` being what it is called, that these settings are of no use for."""

    def accept(modality: str, classes: tuple[str, ...]) -> None:
        if config.architecture is not None:
            check_architecture(config.architecture, modality)
        if config.conditional and len(classes) < 2:
            raise ConfigError(
                f"--conditional needs images of two classes or more, and {name} tells of "
                f"{len(classes)}: one sub-folder for each class, or an IDX or .npz with labels"
            )

    return accept


def _check_data(config: Config, dataset: Dataset) -> None:
    accepting(config, dataset.name)(dataset.spec.modality, dataset.spec.classes if dataset.labels is not None else ())
    architecture(config.architecture, dataset.spec)


def _chosen_then(recorded: RunFolder) -> dict[str, Any] | None:
    """Return what was chosen for a run, as JSON types; None where none was begun."""
    if not recorded.exists():
        return None
    settings = recorded_config(recorded).as_dict()
    return {name: settings[name] for name in CHOSEN}


def _cut(config: Config, dataset: Dataset, threads: int, world: World) -> int:
    """Return how many shards a batch is cut in; more than one for each thread are taken one after the other."""
    num_classes = len(dataset.spec.classes) if config.conditional else 0
    networks = sketched(
        config.architecture, dataset.spec, z_dim=config.z_dim, num_classes=num_classes, width=config.width
    )
    return cut(config, is_cuttable=is_cuttable(*networks), threads=threads, size=world.size)


@contextmanager
def threads_of(config: Config, recorded: RunFolder, world: World = ALONE) -> Iterator[None]:
    """Compute with as many threads as asked for, or as the run was begun with; afterwards as before.

    Several processes take as many each as torchrun says (OMP_NUM_THREADS), however many there were then.

    Numbers too small to be normal count as 0: averages and gradients that fade out would cost three times the time.
    """
    count = config.threads
    if count is None:
        is_known = world.size == 1 and recorded.exists()
        count = recorded.record()["threads"] if is_known else torch.get_num_threads()
    with computing_threads(count):
        torch.set_flush_denormal(True)
        try:
            yield
        finally:
            torch.set_flush_denormal(False)
