"""A trained generator on its own: the only way by which samples are made after training.

What it is made of lies in two files: see `generation.saved`.
Latents are drawn in chunks of fixed size, each a function of the seed and its number: the same seed gives the same
samples, and memory does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from faussaire.core.config import check_seed
from faussaire.core.errors import CheckpointError, ConfigError
from faussaire.core.rng import numpy_generator_for
from faussaire.core.suggestions import did_you_mean
from faussaire.data.store.selection import class_by
from faussaire.generation.latents import latents
from faussaire.generation.saved import read_generator
from faussaire.modalities import SampleSpec, of_spec

CHUNK = 256


class Generator:
    """Makes samples from random input.

    Args:
        module: G, mapping z `[N, z_dim]` to `[N, *spec.shape]` in [-1, 1]; it is put in evaluation mode.
        spec: what a sample is.
        z_dim: numbers in a latent.
        name: of the data that it was trained on.
        nimg: images that its D had seen.
        class_shares: how often each class of `spec` comes in the data, where G is conditional; empty where not.
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
    ) -> None:
        self.module = module.eval().requires_grad_(False)
        self.spec = spec
        self.z_dim = z_dim
        self.name = name
        self.nimg = nimg
        self.class_shares = tuple(class_shares)
        self.modality = of_spec(spec)

    @classmethod
    def load(cls, path: str | Path) -> Generator:
        """Load a generator from its folder, or from the folder of its run.

        Raises:
            ConfigError: there is none.
            CheckpointError: its files are damaged, or of a faussaire newer than this one.
        """
        return cls(**read_generator(Path(path)))

    def sample(
        self, n: int = 64, *, seed: int = 0, truncation: float = 1.0, label: str | int | None = None
    ) -> np.ndarray:
        """Make `n` samples: for images, uint8 `[n, H, W, C]`.

        Args:
            seed: the same seed gives the same samples.
            truncation: what latents are multiplied by; below 1 they stay nearer to the middle of the prior, and
                samples are more typical and less varied (the truncation trick of Karras et al. 2019,
                arXiv 1812.04948, section B, here in z).
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
        if not 0 <= truncation <= 2:
            raise ConfigError(f"truncation must be in [0, 2], not {truncation}")
        chosen = None if label is None else self.class_number(label)
        return (self(z * truncation, labels) for z, labels in self.inputs(n, seed, chosen))

    def inputs(self, n: int, seed: int, label: int | None = None) -> Iterator[tuple[Tensor, Tensor | None]]:
        """Draw latents `[at most 256, z_dim]` and, where G is conditional, a class `[at most 256]` for each."""
        for first in range(0, n, CHUNK):
            position = first // CHUNK
            z = latents(CHUNK, self.z_dim, seed=seed, stream="sample", position=position)[: n - first]
            labels = None
            if self.class_shares:
                shares = np.array(self.class_shares) / sum(self.class_shares)
                random = numpy_generator_for(seed, "sample classes", position)
                drawn = torch.from_numpy(random.choice(len(shares), size=CHUNK, p=shares))[: n - first]
                labels = drawn if label is None else torch.full_like(drawn, label)
            yield z, labels

    def class_number(self, label: str | int) -> int:
        """Return the number of a class given by its name, or else its number.

        Raises:
            ConfigError: there is no such class, or the generator is not conditional.
        """
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

    @torch.no_grad()
    def __call__(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Map latents `[N, z_dim]` to samples `[N, *shape]` in [-1, 1], of classes `[N]` where G is conditional.

        Raises:
            ConfigError: G is conditional, and there are no classes.
            CheckpointError: the samples are not finite, as those of damaged weights.
        """
        if self.class_shares and labels is None:
            raise ConfigError(f"the generator of {self.name} is conditional: it needs the class of each sample")
        out: Tensor = self.module(z) if labels is None else self.module(z, labels)
        if not bool(torch.isfinite(out).all()):
            raise CheckpointError(f"the generator of {self.name} makes samples that are not finite: it is damaged")
        return out
