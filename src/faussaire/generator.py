"""A trained generator on its own: the only way by which samples are made after training.

It reads two files, `config.json` and `generator.safetensors`: no pickle, so a stranger's generator is safe to open.
Latents are drawn in chunks of fixed size, each a function of the seed and its number: the same seed gives the same
samples, and memory does not grow with their number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from faussaire.architectures import architecture
from faussaire.checkpoint import GENERATOR_CONFIG, GENERATOR_FORMAT, GENERATOR_TENSORS
from faussaire.errors import CheckpointError, ConfigError, FaussaireError
from faussaire.modalities import SampleSpec, modality
from faussaire.rng import latents

CHUNK = 256


class Generator:
    """Makes samples from random input.

    Args:
        module: G, mapping z `[N, z_dim]` to `[N, *spec.shape]` in [-1, 1]; it is put in evaluation mode.
        spec: what a sample is.
        z_dim: numbers in a latent.
        name: of the data that it was trained on.
        nimg: images that its D had seen.
    """

    def __init__(self, module: nn.Module, spec: SampleSpec, *, z_dim: int, name: str, nimg: int) -> None:
        self.module = module.eval().requires_grad_(False)
        self.spec = spec
        self.z_dim = z_dim
        self.name = name
        self.nimg = nimg
        self.modality = modality(spec.modality)

    @classmethod
    def load(cls, path: str | Path) -> Generator:
        """Load a generator from its folder, or from the folder of its run.

        Raises:
            ConfigError: there is none.
            CheckpointError: its files are damaged, or of a faussaire newer than this one.
        """
        folder = _find(Path(path))
        try:
            described = json.loads((folder / GENERATOR_CONFIG).read_text(encoding="utf-8"))
            spec, made_by, z_dim, name = _understand(described)
            found = architecture(made_by, spec)
            with torch.device("meta"):
                module = found.generator(spec, z_dim)
            with safe_open(folder / GENERATOR_TENSORS, framework="pt") as file:
                nimg = int(file.metadata()["nimg"])
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  (no dict)
            module.load_state_dict(tensors, assign=True)
        except FaussaireError:
            raise
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise CheckpointError(f"the generator in {folder} cannot be loaded: {reason}") from None
        return cls(module, spec, z_dim=z_dim, name=name, nimg=nimg)

    def sample(self, n: int = 64, *, seed: int = 0, truncation: float = 1.0) -> np.ndarray:
        """Make `n` samples: for images, uint8 `[n, H, W, C]`.

        Args:
            seed: the same seed gives the same samples.
            truncation: what latents are multiplied by; below 1 they stay nearer to the middle of the prior, and
                samples are more typical and less varied (the truncation trick of Karras et al. 2019,
                arXiv 1812.04948, section B, here in z).

        Raises:
            ConfigError: a number out of its range.
        """
        return np.concatenate([self.modality.to_array(x) for x in self.chunks(n, seed=seed, truncation=truncation)])

    def chunks(self, n: int, *, seed: int = 0, truncation: float = 1.0) -> Iterator[Tensor]:
        """Make the samples of `sample` as tensors `[at most 256, *shape]` in [-1, 1], one after the other.

        Raises:
            ConfigError: a number out of its range, told at once.
        """
        if n < 1:
            raise ConfigError(f"the number of samples must be 1 or more, not {n}")
        if seed < 0:
            raise ConfigError(f"the seed must be 0 or more, not {seed}")
        if not 0 <= truncation <= 2:
            raise ConfigError(f"truncation must be in [0, 2], not {truncation}")
        return (self(z * truncation) for z in self._latents(n, seed))

    def _latents(self, n: int, seed: int) -> Iterator[Tensor]:
        for first in range(0, n, CHUNK):
            z = latents(CHUNK, self.z_dim, seed=seed, stream="sample", position=first // CHUNK)
            yield z[: n - first]

    @torch.no_grad()
    def __call__(self, z: Tensor) -> Tensor:
        """Map latents `[N, z_dim]` to samples `[N, *shape]` in [-1, 1]."""
        out: Tensor = self.module(z)
        return out


def _find(path: Path) -> Path:
    """Return the folder that holds the two files."""
    for folder in (path, path / "generator"):
        if (folder / GENERATOR_TENSORS).is_file():
            return folder
    if not path.exists():
        raise ConfigError(f"no such run or generator: {path}")
    raise ConfigError(f"{path} holds no generator: train first (faussaire train DATA --run {path})")


def _understand(described: dict[str, Any]) -> tuple[SampleSpec, str, int, str]:
    """Read the facts of config.json."""
    if described["format"] > GENERATOR_FORMAT:
        raise CheckpointError(
            f"this generator is of format {described['format']} and this faussaire reads up to {GENERATOR_FORMAT}: "
            "upgrade faussaire"
        )
    facts = described["spec"]
    spec = SampleSpec(modality=facts["modality"], shape=tuple(facts["shape"]), classes=tuple(facts["classes"]))
    return spec, str(described["architecture"]), int(described["z_dim"]), str(described["name"])
