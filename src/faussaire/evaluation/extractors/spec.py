"""What an extractor is: samples in, features [N, D] out.

One of images takes floats [N, C, H, W] in [-1, 1], C = 1, 3 or 4, of any size, and does its own resize, which its
name pins together with its weights. Images are first rounded to 8 bits: what is judged is the picture that a user would
save, and reals, which come from files, get no other treatment than fakes. Only features of the same extractor, version
and sha256 may be compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.nn import functional

from faussaire.core.devices import CPU
from faussaire.core.errors import ExtractorError
from faussaire.core.intervals import Estimate


class Extractor(Protocol):
    """Anything that turns images into features, and says exactly how."""

    @property
    def name(self) -> str:
        """Name in the registry, printed with every figure."""
        ...

    @property
    def version(self) -> str:
        """Version of the network and its preparation; another version makes other figures."""
        ...

    @property
    def sha256(self) -> str:
        """SHA-256 of the weights' bytes, in hexadecimal; of nothing at all where there are no weights."""
        ...

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities that it takes; empty for all."""
        ...

    @property
    def input_size(self) -> int:
        """Side in pixels of the square that images are resized to."""
        ...

    @property
    def dimension(self) -> int:
        """Number of features, D."""
        ...

    @property
    def resize(self) -> str:
        """How images are resized, in words."""
        ...

    def __call__(self, samples: Tensor, /) -> Tensor:
        """Return the features [N, D], float32, of images [N, C, H, W] in [-1, 1] with C = 1 or 3.

        Raises:
            ExtractorError: the images have another shape.
        """
        ...


@runtime_checkable
class Classifier(Extractor, Protocol):
    """An extractor that also says the class of a sample."""

    @property
    def num_classes(self) -> int:
        """How many classes there are."""
        ...

    @property
    def accuracy(self) -> Estimate:
        """Share of `num_held_out` images, which it has not seen, on which it is right."""
        ...

    @property
    def num_held_out(self) -> int:
        """Images that the accuracy was measured on."""
        ...

    def classify(self, features: Tensor) -> Tensor:
        """Return the class of each sample by its features [N, D]: int64 [N]."""
        ...


def embed_in_batches(
    images: Tensor, embed: Callable[[Tensor], Tensor], *, batch_size: int, channels: int = 3
) -> Tensor:
    """Return embed(batch) over batches of images [N, C, H, W], 8-bit and with `channels` channels: [N, D].

    The batch size is the extractor's and fixed, so that the last bits of a feature do not depend on the caller.

    Raises:
        ExtractorError: the images are not [N, C, H, W] with 1, 3 or 4 channels, or there are none.
    """
    if images.ndim != 4 or images.shape[1] not in (1, 3, 4) or len(images) == 0:
        raise ExtractorError(f"an extractor takes images [N, 1, 3 or 4, H, W], N >= 1, not {list(images.shape)}")
    features = []
    with torch.inference_mode():
        for batch in torch.split(images, batch_size):
            levels = ((opaque(batch).float().clamp(-1, 1) + 1) * 127.5).round()  # 0 .. 255
            if channels == 1 and levels.shape[1] == 3:
                levels = levels.mean(1, keepdim=True)
            features.append(embed((levels / 127.5 - 1).expand(-1, channels, -1, -1)))
    # A copy outside of inference mode is an ordinary tensor, which a caller may train on.
    return torch.cat(features).clone()


def opaque(images: Tensor) -> Tensor:
    """Lay images `[N, 4, H, W]` in [-1, 1] over white, as `[N, 3, H, W]`: no network sees alpha; others pass."""
    if images.shape[1] != 4:
        return images
    alpha = (images[:, 3:] + 1) / 2
    return images[:, :3] * alpha + (1 - alpha)


def resized(images: Tensor, size: int, *, mode: str, antialias: bool) -> Tensor:
    """Return images [N, C, H, W] resized to [N, C, size, size] with half-pixel centres."""
    if images.shape[-2:] == (size, size):
        return images
    return functional.interpolate(images, size=(size, size), mode=mode, align_corners=False, antialias=antialias)


def load_pinned(path: Path, sha256: str, *, what: str) -> dict[str, Tensor]:
    """Return the state dict in a file of weights, opened as plain tensors, if its SHA-256 is the one pinned.

    Raises:
        ExtractorError: the file cannot be read or is another one.
    """
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ExtractorError(f"{what}: {path} cannot be read ({error.strerror})") from error
    if found != sha256:
        raise ExtractorError(f"{what}: {path} has SHA-256 {found[:12]}…, not {sha256[:12]}…: not the pinned weights")
    state: dict[str, Tensor] = torch.load(path, map_location=CPU, weights_only=True)
    return state
