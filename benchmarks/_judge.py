"""The held-out judges that are classifiers: three small networks, whose features no part of a GAN's training sees.

They differ in architecture (benchmarks/_classifiers.py), in their random weights, and in the random half of the
training images that each learns from (Adam, a cosine to zero, seeded). Where nothing is told of classes, they learn by
how many quarter turns an image was turned (Gidaris et al. 2018, arXiv 1803.07728), and say so; of images that are not
square there is then none. Kept in ~/.cache/faussaire/judges by a digest of all images and labels and of VERSION; a
minute or two of one core each.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from _classifiers import CLASSIFIERS, Classifier
from _datasets import ImageSet
from faussaire.core.intervals import Estimate, wilson
from faussaire.core.rng import generator_for
from faussaire.evaluation.extractors.spec import opaque

VERSION = 2  # one more whenever anything here or in _classifiers.py changes what a judge is
SEED = 0
STEPS, EPOCHS = 1_500, 20  # whichever is fewer images
BATCH_SIZE = 100
PEAK_RATE = 2e-3
PIECE = 500
TURNS = 4


@dataclass(frozen=True, kw_only=True)
class Judge:
    """A trained classifier, and how good it is."""

    name: str
    """Of its architecture: one of CLASSIFIERS."""

    network: Classifier
    accuracy: Estimate
    """On the test images: of their classes, or of their turns."""

    sha256: str
    """Of the weights: figures of two judges cannot be compared."""

    def features(self, images: np.ndarray) -> Tensor:
        """Return the features `[N, 128]` of uint8 images `[N, C, H, W]`."""
        return self._apply(self.network.hidden, images)

    def classify(self, images: np.ndarray) -> Tensor:
        """Return the class of each of the uint8 images `[N, C, H, W]`: int64 `[N]`."""
        return self._apply(self.network, images).argmax(1)

    @staticmethod
    @torch.no_grad()
    def _apply(module: nn.Module, images: np.ndarray) -> Tensor:
        return torch.cat([module(as_real(images[i : i + PIECE])) for i in range(0, len(images), PIECE)])


def judges_of(data: ImageSet) -> list[Judge]:
    """Return the three judges of a data set, from the cache or trained now, and print how good they are.

    There is none where there are no classes and the images are not square: that is printed, too.
    """
    if not data.classes and data.train.shape[2] != data.train.shape[3]:
        print(f"{data.name} has no classes, and its images are not square: no classifier can judge it", flush=True)
        return []
    digest = data.digest()
    return [_judge_of(data, name, digest) for name in CLASSIFIERS]


def judge_of(data: ImageSet) -> Judge:
    """Return the first of the judges of labelled data, for those that want to know the class of a sample."""
    assert data.classes
    return _judge_of(data, next(iter(CLASSIFIERS)), data.digest())


def _judge_of(data: ImageSet, name: str, digest: str) -> Judge:
    key = hashlib.sha256(json.dumps([VERSION, SEED, name, digest]).encode()).hexdigest()
    path = cache() / f"{data.name}-{name}-{key[:16]}.safetensors"
    channels, height, width = as_real(data.train[:1]).shape[1:]
    network = Classifier(CLASSIFIERS[name](channels, height, width), len(data.classes) or TURNS)
    try:
        with safe_open(path, framework="pt") as file:
            network.load_state_dict({key: file.get_tensor(key) for key in file.keys()})  # noqa: SIM118  (no dict)
            how = json.loads(file.metadata()["how"])
    except OSError:
        how = _train(network, name, data)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}")
        save_file(network.state_dict(), partial, metadata={"how": json.dumps(how)})
        partial.replace(path)
    network.eval().requires_grad_(False)
    judge = Judge(name=name, network=network, accuracy=wilson(how["right"], how["n"]), sha256=_digest(network))
    print(
        f"judge {name} of {data.name}: right on {100 * judge.accuracy.value:.2f} % "
        f"[{100 * judge.accuracy.low:.2f}, {100 * judge.accuracy.high:.2f}] of {how['n']:,} "
        f"{'test images' if data.classes else 'turned test images (it has no classes)'}, trained in "
        f"{how['seconds']:.0f} s on {how['trained_on']:,} others, SHA-256 {judge.sha256[:12]}, kept in {path}",
        flush=True,
    )
    return judge


def as_real(images: np.ndarray) -> Tensor:
    """Turn uint8 into float32 in [-1, 1]; what is transparent is laid over white."""
    return opaque(torch.from_numpy(images.astype(np.float32)).div_(127.5).sub_(1.0))


def _train(network: Classifier, name: str, data: ImageSet) -> dict[str, float]:
    """Train in place; return seconds, images, and how many of the test images are recognised."""
    began = time.monotonic()
    network.initialise(generator_for(SEED, f"judge weights {name}"))
    half = torch.randperm(len(data.train), generator=generator_for(SEED, f"judge half {name}"))
    half = half[: max(1, len(half) // 2)]
    optimizer = torch.optim.Adam(network.parameters(), lr=PEAK_RATE)
    steps = min(STEPS, 1 + EPOCHS * len(half) // BATCH_SIZE)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = PEAK_RATE * (1 + math.cos(math.pi * step / steps)) / 2
        drawn = torch.randint(len(half), (BATCH_SIZE,), generator=generator_for(SEED, f"judge batch {name}", step))
        places = half[drawn].numpy()
        images, labels = _task(data.train[places], data.train_labels[places], turned=not data.classes)
        loss = functional.cross_entropy(network(images), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    network.eval()
    seconds, right, n = time.monotonic() - began, 0, 0
    with torch.no_grad():
        for first in range(0, len(data.test), PIECE):
            here = slice(first, first + PIECE)
            images, labels = _task(data.test[here], data.test_labels[here], turned=not data.classes)
            right += int((network(images).argmax(1) == labels).sum())
            n += len(labels)
    return {"right": right, "n": n, "seconds": seconds, "trained_on": len(half)}


def _task(images: np.ndarray, labels: np.ndarray, *, turned: bool) -> tuple[Tensor, Tensor]:
    """Return uint8 images `[N, C, H, W]` as a judge sees them, and what it is to tell: labels, or quarter turns."""
    real = as_real(images)
    if not turned:
        return real, torch.from_numpy(labels)
    turns = torch.arange(len(real)) % TURNS
    return torch.stack([image.rot90(int(turn), (1, 2)) for image, turn in zip(real, turns, strict=True)]), turns


def _digest(network: Classifier) -> str:
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        digest.update(name.encode() + value.numpy().tobytes())
    return digest.hexdigest()


def cache() -> Path:
    """Return the folder in which judges, and the figures that they gave, are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "faussaire" / "judges"
