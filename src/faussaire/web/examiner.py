"""The images of the quiz, and what the run's own discriminator takes each of them for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from faussaire.errors import CheckpointError, ConfigError, RequestError
from faussaire.run import RunFolder
from faussaire.web.batching import in_blocks
from faussaire.web.generate import drawn

if TYPE_CHECKING:
    from torch import Tensor

    from faussaire.generator import Generator

MOST = 64  # images of a kind; reals.png has so many
FAKES_SEED = 20


@dataclass(frozen=True, kw_only=True)
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

    def image(self, kind: str, index: int) -> np.ndarray:
        """Return an image uint8 `[H, W, C]`."""
        images = self.reals if kind == "real" else self.fakes
        chosen: np.ndarray = images[index]
        return chosen


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

    try:
        count = min(MOST, int(run.read_json(run.config)["num_images"]))
        with Image.open(run.path / "reals.png") as opened:
            sheet = np.asarray(opened)
    except (OSError, CheckpointError, KeyError):
        raise RequestError(
            409, "this run has no picture of its real images: it needs the folder of a training"
        ) from None
    channels, height, width = generator.spec.shape
    return tiles(sheet.reshape(*sheet.shape[:2], channels), count, height=height, width=width)


def _verdicts(run: RunFolder, reals: np.ndarray, fakes: np.ndarray) -> dict[str, list[bool]] | None:
    """Ask the D of the last checkpoint; its boundary is that of its loss on these very images."""
    import torch

    from faussaire.checkpoint import fresh_state, load_newest
    from faussaire.losses import LOSSES
    from faussaire.modalities import SampleSpec
    from faussaire.resume import recorded_config

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
