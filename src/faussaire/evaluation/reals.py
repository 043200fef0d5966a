"""Which real images a generator is measured against, and which it was trained on.

They are the held-out part of the run's own data, or all images of another source. Where too few are held out, the
training images stand in, and a note says so: a generator that copies them would score best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from faussaire.core.errors import ConfigError, DataError
from faussaire.data import Dataset, Rows, prepare
from faussaire.evaluation.protocols import mark_of
from faussaire.generation.generator import Generator
from faussaire.modalities import Modality, of_spec
from faussaire.runs.folder import RunFolder
from faussaire.runs.opening import recorded_config, recorded_fingerprint

ENOUGH_HELD_OUT = 100


@dataclass(frozen=True, kw_only=True)
class Reals:
    """Real samples to measure against, as rows `[N, *shape]`."""

    modality: Modality

    images: Rows | np.ndarray
    image_labels: np.ndarray | None = None
    """Of `images`, as numbers of `classes`; None where they are not known."""

    train: Rows
    held_out: Rows
    labels: np.ndarray | None
    """Of `train`."""

    classes: tuple[str, ...]
    key: str
    """Names these images, in the cache and, by its mark (`protocols.mark_of`), in the names of figures."""

    trained_on: str
    """Fingerprint of the data that `train` is of."""

    note: str

    @property
    def labelled(self) -> bool:
        """Whether the training images are of two classes or more."""
        return self.labels is not None and len(self.classes) > 1

    @property
    def label_tensor(self) -> Tensor | None:
        """`image_labels` as int64 `[N]`."""
        return None if self.image_labels is None else torch.from_numpy(self.image_labels.astype(np.int64))


def find_reals(run: RunFolder, generator: Generator, data: str | Path | Sequence[str | Path] | None) -> Reals:
    """Read the images to measure against, brought to what the generator makes."""
    config = recorded_config(run) if run.events_file.is_file() else None
    wanted = generator.modality.options_for(generator.spec)
    own = None
    if config is not None:
        try:
            own = prepare(config.data, **config.preparation(), fingerprint=recorded_fingerprint(run))
            if own.spec.shape != generator.spec.shape:  # the data has changed since
                own = prepare(config.data, **(config.preparation() | wanted))
        except DataError as error:
            if data is None:
                raise DataError(f"the run's own data cannot be read: {error}; name it by --data") from None
    if data is not None:
        other = prepare(data, **wanted)
        images = np.concatenate([other.images[:], other.held_out[:]])
        key = f"all:{other.fingerprint}"
        note = f"reals @{mark_of(key)}: the {len(images):,} images of {other.name}"
        labels = None
        if other.labels is not None and other.spec.classes == (own or other).spec.classes:
            labels = np.concatenate([other.labels, other.held_out_labels])
        return _as_reals(own or other, images, labels, key, note)
    if own is None:
        raise ConfigError(f"{run.path} is a generator without its run: name real images by --data")
    if not own.fits(run.read_json(run.config)["fingerprint"]):
        raise DataError(f"{own.name} holds other images than the run was trained on: name reals by --data")
    if len(own.held_out) >= ENOUGH_HELD_OUT:
        key = held_out_key(own.fingerprint)
        note = f"reals @{mark_of(key)}: the {len(own.held_out):,} images of {own.name} that were held out of training"
        return _as_reals(own, own.held_out, own.held_out_labels, key, note)
    key = f"train:{own.fingerprint}"
    note = (
        f"reals @{mark_of(key)}: the {len(own.images):,} TRAINING images of {own.name}, as fewer than "
        f"{ENOUGH_HELD_OUT} are held out: a generator that copies them would score best; measure against others by "
        "--data"
    )
    return _as_reals(own, own.images, own.labels, key, note)


def held_out_key(fingerprint: str) -> str:
    """Return what names the held-out part of the data of a fingerprint, for an evaluation and for a training alike."""
    return f"held-out:{fingerprint}"


def _as_reals(
    trained_on: Dataset, images: Rows | np.ndarray, image_labels: np.ndarray | None, key: str, note: str
) -> Reals:
    return Reals(
        modality=of_spec(trained_on.spec),
        images=images,
        image_labels=image_labels,
        train=trained_on.images,
        held_out=trained_on.held_out,
        labels=trained_on.labels,
        classes=trained_on.spec.classes,
        key=key,
        trained_on=trained_on.fingerprint,
        note=note,
    )
