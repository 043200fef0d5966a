"""The images of the quiz, and what the run's own discriminator takes each of them for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from faussaire.core.errors import CheckpointError, ConfigError, RequestError
from faussaire.runs.folder import RunFolder
from faussaire.views.web.api.batching import in_blocks
from faussaire.views.web.api.generate import drawn

if TYPE_CHECKING:
    from torch import Tensor

    from faussaire.generation.generator import Generator
    from faussaire.modalities import Modality
    from faussaire.modalities.forms import Form

MOST = 64  # images of a kind; reals.png has so many
FAKES_SEED = 20
KINDS = ("real", "fake")


@dataclass(kw_only=True)
class Pool:
    """What may be asked about."""

    nimg: int
    """After how many images the generator stood as it made the fakes."""

    reals: np.ndarray
    """As a user gets them `[N, ...]`, from the training data."""

    fakes: np.ndarray
    """As a user gets them `[N, ...]`."""

    modality: Modality
    """Of both."""

    verdicts: dict[str, list[bool]] | None
    """By kind, whether D takes each image for real; None where the run has no D any more."""

    @cached_property
    def id(self) -> str:
        """A name of all this together: what differs in anything has another."""
        digest = hashlib.sha256(json.dumps([self.nimg, self.verdicts]).encode())
        for images in (self.reals, self.fakes):
            digest.update(repr(images.shape).encode() + images.tobytes())
        return digest.hexdigest()[:32]

    def pictures(self, kind: str) -> Iterator[bytes]:
        """Yield the images of a kind as PNG."""
        for image in self.reals if kind == "real" else self.fakes:
            yield self.modality.png(np.asarray([image]))  # a line of text has no axes

    def files(self, kind: str, form: Form) -> Iterator[bytes]:
        """Yield the images of a kind as files of a form."""
        for image in self.reals if kind == "real" else self.fakes:
            yield form.encode(np.asarray([image]))


def pool_of(run: RunFolder, generator: Generator) -> Pool:
    """Gather the images of a run and let its D judge them.

    Raises:
        RequestError: the run has no picture of its reals.
    """
    reals = _reals(run, generator)
    fakes = in_blocks(generator, [drawn(generator, FAKES_SEED, MOST)])
    verdicts = _verdicts(run, reals, fakes)
    return Pool(nimg=generator.nimg, reals=reals, fakes=fakes, modality=generator.modality, verdicts=verdicts)


def _reals(run: RunFolder, generator: Generator) -> np.ndarray:
    """Read the reals as the run keeps them."""
    from faussaire.generation.reals import read_reals

    reals = read_reals(run.path, generator.modality, generator.spec.shape)
    if reals is None:
        raise RequestError(409, "this run has no picture of its real samples: it needs the folder of a training")
    return reals


def _verdicts(run: RunFolder, reals: np.ndarray, fakes: np.ndarray) -> dict[str, list[bool]] | None:
    """Ask the D of the last checkpoint; its boundary is that of its loss on these very images."""
    import torch

    from faussaire.modalities import SampleSpec, of_spec
    from faussaire.models.losses import LOSSES
    from faussaire.runs.checkpoint import fresh_state, load_newest
    from faussaire.runs.opening import recorded_config

    def judged(images: np.ndarray) -> Tensor:
        kind = of_spec(spec)
        x = kind.to_real(kind.to_rows(images))
        # reals.png tells no classes: of a conditional D, the class that it likes best counts.
        logits: Tensor = state.D(x)
        return logits

    files = [run.checkpoints, *run.checkpoints.glob("*"), *run.checkpoints.glob("*/*")]
    if not all(run.holds(path) for path in files):
        return None
    try:
        config = recorded_config(run)
        facts = run.read_json(run.config)["spec"]
        spec = SampleSpec.from_dict(facts)
        state = fresh_state(config, spec)
        if load_newest(state, run.checkpoints)[0] is None:
            return None
    except (CheckpointError, ConfigError, KeyError):
        return None
    state.D.eval()
    with torch.no_grad():
        real, fake = judged(reals), judged(fakes)
        boundary = LOSSES[config.loss].boundary(real, fake)
        return {"real": (real > boundary).tolist(), "fake": (fake > boundary).tolist()}
