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
from faussaire.views.web.api.generate import Format, drawn, encode

if TYPE_CHECKING:
    from torch import Tensor

    from faussaire.generation.generator import Generator

MOST = 64  # images of a kind; reals.png has so many
FAKES_SEED = 20
KINDS = ("real", "fake")


@dataclass(kw_only=True)
class Pool:
    """What may be asked about."""

    nimg: int
    """After how many images the generator stood as it made the fakes."""

    reals: np.ndarray
    """uint8 `[N, H, W, C]`, from the training data."""

    fakes: np.ndarray
    """uint8 `[N, H, W, C]`."""

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
            yield encode(image[None], Format.png)


def pool_of(run: RunFolder, generator: Generator) -> Pool:
    """Gather the images of a run and let its D judge them.

    Raises:
        RequestError: the run has no picture of its reals.
    """
    reals = _reals(run, generator)
    fakes = in_blocks(generator, [drawn(generator, FAKES_SEED, MOST)])
    return Pool(nimg=generator.nimg, reals=reals, fakes=fakes, verdicts=_verdicts(run, reals, fakes))


def _reals(run: RunFolder, generator: Generator) -> np.ndarray:
    """Cut the reals out of reals.png."""
    from PIL import Image

    from faussaire.modalities.image import tiles

    channels, height, width = generator.spec.shape
    try:
        count = min(MOST, int(run.read_json(run.config)["num_images"]))
        with Image.open(run.path / "reals.png") as opened:
            sheet = np.asarray(opened)
        return tiles(sheet.reshape(*sheet.shape[:2], channels), count, height=height, width=width)
    except (OSError, SyntaxError, ValueError, KeyError, TypeError, CheckpointError):  # SyntaxError: Pillow's, of a PNG
        raise RequestError(
            409, "this run has no picture of its real images: it needs the folder of a training"
        ) from None


def _verdicts(run: RunFolder, reals: np.ndarray, fakes: np.ndarray) -> dict[str, list[bool]] | None:
    """Ask the D of the last checkpoint; its boundary is that of its loss on these very images."""
    import torch

    from faussaire.modalities import SampleSpec
    from faussaire.models.losses import LOSSES
    from faussaire.runs.checkpoint import fresh_state, load_newest
    from faussaire.runs.opening import recorded_config

    def judged(images: np.ndarray) -> Tensor:
        x = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1
        # reals.png tells no classes: of a conditional D, the class that it likes best counts.
        logits: Tensor = state.D(x)
        return logits

    try:
        config = recorded_config(run)
        facts = run.read_json(run.config)["spec"]
        spec = SampleSpec(modality=facts["modality"], shape=tuple(facts["shape"]), classes=tuple(facts["classes"]))
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
