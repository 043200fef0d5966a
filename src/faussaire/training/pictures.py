"""The pictures that a training leaves in its run folder: of a grid that stays the same, of the reals, of what D judged.

What is shown is drawn once, from streams of its own, so that two pictures differ by what was learnt and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from faussaire.core.moments import rounded
from faussaire.core.rng import draw_places
from faussaire.generation.latents import latents
from faussaire.modalities import SampleSpec, of_spec
from faussaire.runs.events import Event
from faussaire.runs.folder import REALS, RunFolder
from faussaire.runs.manifest import digest_of
from faussaire.training.gauges import gradient_norm
from faussaire.training.result import Judged
from faussaire.training.trainer import Trainer

GRID = 64
LATENT_PAIRS = 16
JUDGED = 6  # reals, and as many fakes, shown with D's verdict at each report
STRIPS = 16  # files used in turn for their pictures: a reader has as many seconds to fetch one


class Pictures:
    """Draws into the folder of one training, and emits an event for each picture that a view shows."""

    def __init__(self, run: RunFolder, trainer: Trainer, spec: SampleSpec) -> None:
        self.run, self.trainer = run, trainer
        self.modality = of_spec(spec)
        self._last: tuple[int, str | None] = (-1, None)  # nimg and SHA-256 of the last picture of the grid
        self._num_strips = 0
        config, batches = trainer.config, trainer.batches
        self._z = latents(GRID, config.z_dim, seed=config.seed, stream="grid")
        self._labels: Tensor | None = None
        if config.conditional and batches.classes is not None:
            self._labels = grid_classes(batches.num_classes, seed=config.seed)

    def draw_reals(self) -> None:
        """Picture real samples."""
        reals = self.trainer.batches.samples
        chosen = draw_places(len(reals), GRID, seed=self.trainer.config.seed, stream="reals")
        rows = reals[chosen]
        with self.run.drawing(self.run.path / "reals.png") as beside:
            self.modality.write_grid(beside, self.modality.to_real(rows))
        if not self.modality.rereads:
            with self.run.drawing(self.run.path / REALS) as beside, beside.open("wb") as file:
                np.save(file, self.modality.from_rows(rows), allow_pickle=False)

    def draw_grid(self) -> None:
        """Picture the fixed grid as G_ema makes it now."""
        state, path = self.trainer.state, self._grid_path()
        samples = state.forge(self._z, self._labels)
        with self.run.drawing(path) as beside:
            self.modality.write_grid(beside, samples)
        progress = round(self.trainer.plan.progress(state.nimg), 5)
        digest = digest_of(path) if path.is_file() else None  # one that cannot be drawn is left out
        self.run.emit("samples", nimg=state.nimg, path=f"samples/{path.name}", progress=progress, sha256=digest)
        self._last = state.nimg, digest

    def draw_last(self) -> None:
        """Picture the fixed grid where training ends, between two pictures perhaps; not what is pictured already."""
        path = self._grid_path()
        if self._last != (self.trainer.state.nimg, digest_of(path) if path.is_file() else None):
            self.draw_grid()

    def recall(self, history: Sequence[Event]) -> None:
        """Take over from the events of the run which picture of the grid is the last."""
        drawn = next((event for event in reversed(history) if event.kind == "samples"), None)
        self._last = (-1, None) if drawn is None else (drawn.nimg, drawn.data.get("sha256"))

    def _grid_path(self) -> Path:
        return self.run.samples / f"{self.trainer.state.nimg:012d}.png"

    def forge_pairs(self) -> tuple[Tensor, Tensor]:
        """Return a few latents of the grid `[N, z_dim]`, and the samples `[N, *shape]` that they become.

        Raises:
            DivergenceError: these are not finite.
        """
        z, labels = self._z[:LATENT_PAIRS], None if self._labels is None else self._labels[:LATENT_PAIRS]
        return z, self.trainer.state.forge(z, labels)

    def draw_latents(self, z: Tensor, samples: Tensor) -> None:
        """Picture latents beside the samples that they become."""
        with self.run.drawing(self.run.path / "noise.png") as beside:
            self.modality.write_latents(beside, z, samples)

    def draw_judged(self, judged: Judged, z: Tensor) -> None:
        """Show a few samples of D's last update with its logits, and how strong the gradients of D and G are.

        Args:
            judged: what that update was made of.
            z: the latents `[N, z_dim]` that its fakes were made of; those of the first are told.
        """
        state = self.trainer.state
        path = self.run.judged / f"{self._num_strips % STRIPS}.png"
        self._num_strips += 1
        with self.run.drawing(path) as beside:
            shown = torch.cat([judged.real[:JUDGED], judged.fake[:JUDGED]])
            self.modality.write_strip(beside, shown)
        real, fake = judged.real_logits, judged.fake_logits
        self.run.emit(
            "judged",
            nimg=state.nimg,
            path=f"judged/{path.name}",
            real=[rounded(logit) for logit in real[:JUDGED].tolist()],
            fake=[rounded(logit) for logit in fake[:JUDGED].tolist()],
            boundary=rounded(float(self.trainer.passes.loss.boundary(real, fake))),
            z=[round(number, 2) for number in z[0].tolist()],
            gradient_D=rounded(gradient_norm(state.D)),
            gradient_G=rounded(gradient_norm(state.G)),
        )


def grid_classes(num_classes: int, *, seed: int) -> Tensor:
    """Return the class int64 `[64]` of each picture of the grid: all in turn, or 64 drawn from where there are more."""
    shown = draw_places(num_classes, GRID, seed=seed, stream="grid classes")
    return torch.from_numpy(shown[np.arange(GRID) % len(shown)])
