"""A trained generator on its own: the only way by which samples are made after training.

What it is made of lies in two files (`generation.saved`), or in one that `faussaire export --to onnx` made and that
needs no torch (`generation.runtime`). Latents are drawn in chunks of fixed size, each a function of the seed and its
number: the same seed gives the same samples, and memory does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from faussaire.core.config import check_seed
from faussaire.core.errors import CheckpointError, ConfigError
from faussaire.core.extras import missing
from faussaire.core.marks import SHEET
from faussaire.core.rng import numpy_generator_for
from faussaire.core.suggestions import did_you_mean
from faussaire.generation.hub import fetch, is_on_hub
from faussaire.modalities import SampleSpec, of_spec, pictures

if TYPE_CHECKING:  # an exported one runs where there is none
    from torch import Tensor, nn

CHUNK = 256
STREAM = "sample"
ONNX = ".onnx"
NUM_SHOWN = 20  # samples in a notebook


class Generator:
    """Makes samples from random input.

    Args:
        module: G, mapping z `[N, z_dim]` to `[N, *spec.shape]` in [-1, 1]; it is put in evaluation mode.
        spec: what a sample is.
        z_dim: numbers in a latent.
        name: of the data that it was trained on.
        nimg: images that its D had seen.
        class_shares: how often each class of `spec` comes in the data, where G is conditional; empty where not.
        architecture: name of the pair of networks that `module` is of, and `width` of its layers, where known.
    """

    def __init__(
        self,
        module: nn.Module,
        spec: SampleSpec,
        *,
        z_dim: int,
        name: str,
        nimg: int,
        class_shares: Sequence[float] = (),
        architecture: str = "",
        width: int | None = None,
    ) -> None:
        from faussaire.models.truncation import Truncated

        self._truncated = Truncated(module).eval().requires_grad_(False)
        self.architecture, self.width = architecture, width
        self._describe(spec, z_dim=z_dim, name=name, nimg=nimg, class_shares=class_shares)

    def _describe(
        self, spec: SampleSpec, *, z_dim: int, name: str, nimg: int, class_shares: Sequence[float] = ()
    ) -> None:
        self.spec = spec
        self.z_dim = z_dim
        self.name = name
        self.nimg = nimg
        self.class_shares = tuple(class_shares)
        self.modality = of_spec(spec)

    def __repr__(self) -> str:
        known = f"{len(self.spec.classes)} classes by name" if self.class_shares else ""
        what = (
            self.modality.describe(self.spec.shape),
            self.architecture,
            known,
            f"after {self.nimg / 1000:,.1f} kimg",
        )
        return f"Generator({self.name!r}: {', '.join(filter(None, what))})"

    def _repr_html_(self) -> str:
        shown, words = pictures.embedded(self._repr_png_()), escape(repr(self))
        return (
            f'<figure style="margin:0"><img src="{shown.source}" width="{shown.width}" height="{shown.height}" '
            f'alt="{words}" style="max-width:100%;height:auto"><figcaption>{words}</figcaption></figure>'
        )

    def _repr_png_(self) -> bytes:
        """Return the first samples of seed 0 in rows, as a PNG."""
        return pictures.png(self.modality.sheet(self.sample(NUM_SHOWN, seed=0)), kind=SHEET)

    @property
    def module(self) -> nn.Module:
        """G in evaluation mode."""
        return self._truncated.G

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Generator:
        """Load a generator: from its folder, that of its run, an exported `.onnx`, or `hub:owner/name`.

        Raises:
            ConfigError: there is none, or what opens it is not installed.
            CheckpointError: its files are damaged, or of a faussaire newer than this one.
        """
        path = fspath(path)
        if path.endswith(ONNX) and not Path(path).is_dir():
            from faussaire.generation.runtime import RuntimeGenerator

            return RuntimeGenerator.open(Path(path))
        if is_on_hub(path):
            path = fetch(path)
        try:
            from faussaire.generation.saved import read_generator
        except ModuleNotFoundError as error:
            raise missing(error, what="a generator in a folder (an exported .onnx does not)") or error from None
        return cls(**read_generator(Path(path)))

    def sample(
        self, n: int = 64, *, seed: int = 0, truncation: float = 1.0, label: str | int | None = None
    ) -> np.ndarray:
        """Make `n` samples: for images, uint8 `[n, H, W, C]`.

        Args:
            seed: the same seed gives the same samples.
            truncation: below 1 samples are drawn towards the average one, and are more typical and less varied
                (`models.truncation`).
            label: the class of every sample, by name or number; of a conditional generator only. If not given, such a
                one draws classes in the shares of its data.

        Raises:
            ConfigError: a number out of its range.
        """
        return np.concatenate(
            [self.modality.to_array(x) for x in self.chunks(n, seed=seed, truncation=truncation, label=label)]
        )

    def chunks(
        self, n: int, *, seed: int = 0, truncation: float = 1.0, label: str | int | None = None
    ) -> Iterator[Tensor]:
        """Make the samples of `sample` as tensors `[at most 256, *shape]` in [-1, 1], one after the other.

        Raises:
            ConfigError: a number out of its range, told at once.
        """
        if n < 1:
            raise ConfigError(f"the number of samples must be 1 or more, not {n}")
        check_seed(seed)
        check_truncation(truncation)
        chosen = None if label is None else self.class_number(label)
        return (self(z, labels, truncation) for z, labels in self.inputs(n, seed, chosen))

    def inputs(self, n: int, seed: int, label: int | None = None) -> Iterator[tuple[Tensor, Tensor | None]]:
        """Draw latents `[at most 256, z_dim]` and, where G is conditional, a class `[at most 256]` for each."""
        for first in range(0, n, CHUNK):
            z = self._latents(seed, first // CHUNK)[: n - first]
            labels = self._labels(seed, first // CHUNK)[: n - first] if self.class_shares else None
            if labels is not None and label is not None:
                labels = np.full_like(labels, label)
            yield z, None if labels is None else self.as_input(labels)

    def _latents(self, seed: int, position: int) -> Tensor:
        """Draw the latents `[256, z_dim]` of one chunk."""
        from faussaire.generation.latents import latents

        return latents(CHUNK, self.z_dim, seed=seed, stream=STREAM, position=position)

    def _labels(self, seed: int, position: int) -> np.ndarray:
        """Draw the classes int64 `[256]` of one chunk, in the shares of the data."""
        shares = np.array(self.class_shares) / sum(self.class_shares)
        return numpy_generator_for(seed, "sample classes", position).choice(len(shares), size=CHUNK, p=shares)

    def as_input(self, array: np.ndarray) -> Tensor:
        """Return an array as what G takes."""
        import torch

        return torch.from_numpy(array)

    def class_number(self, label: str | int) -> int:
        """Return the number of a class given by its name, or else its number.

        Raises:
            ConfigError: there is no such class, or the generator is not conditional.
        """
        from faussaire.data.store.selection import class_by

        classes = self.spec.classes
        if not self.class_shares:
            raise ConfigError(
                f"the generator of {self.name} does not know its classes by name: train one with --conditional, "
                "or on one class alone with --classes"
            )
        number, _ = class_by(str(label), classes)
        if number is not None:
            return number
        raise ConfigError(f"no class {str(label)!r}{did_you_mean(str(label), classes)}")

    def __call__(self, z: Tensor, labels: Tensor | None = None, truncation: float | Tensor = 1.0) -> Tensor:
        """Map latents `[N, z_dim]` to samples `[N, *shape]` in [-1, 1], of classes `[N]` where G is conditional, and of
        one truncation, or one `[N]` for each.

        Raises:
            ConfigError: G is conditional, and there are no classes.
            CheckpointError: the samples are not finite, as those of damaged weights.
        """
        import torch

        self._check_classes(labels)
        with torch.no_grad():
            out: Tensor = self._truncated(z, torch.as_tensor(truncation, dtype=z.dtype, device=z.device), labels)
        self._check_finite(bool(torch.isfinite(out).all()))
        return out

    def _check_classes(self, labels: Any) -> None:
        if self.class_shares and labels is None:
            raise ConfigError(f"the generator of {self.name} is conditional: it needs the class of each sample")

    def _check_finite(self, finite: bool) -> None:
        if not finite:
            raise CheckpointError(f"the generator of {self.name} makes samples that are not finite: it is damaged")


def check_truncation(truncation: float) -> None:
    """Raise ConfigError for a truncation out of its range."""
    if not 0 <= truncation <= 2:
        raise ConfigError(f"truncation must be from 0 to 2, not {truncation:g}")
