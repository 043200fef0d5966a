"""The held-out judge: a small classifier of real images, whose 128 hidden features no part of a GAN's training sees.

Trained once on the training images and their labels (Adam, a cosine to zero, seeded), and kept in
~/.cache/faussaire/judges by a fingerprint of those images and of VERSION; about a minute of one core. Written out here
in plain torch, so that figures of different versions of the package are of one judge. Convolutions 5×5 of 32 and 3×3 of
64 with a stride of 2, 3×3 of 128, batch normalisation after each, dense 128 (the features), one logit a class.
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

from _datasets import LabelledSet
from faussaire.core.intervals import Estimate, wilson
from faussaire.core.rng import generator_for
from faussaire.evaluation.metrics.frechet import FrechetEstimates, frechet_estimates

VERSION = 1  # one more whenever anything below changes what a judge is
SEED = 0
EPOCHS = 4
BATCH_SIZE = 100
PEAK_RATE = 2e-3
FEATURES = 128
PIECE = 500


class Network(nn.Module):
    """Images `[N, C, H, W]` in [-1, 1] → logits `[N, K]`; `hidden` stops at the 128 features."""

    def __init__(self, channels: int, side: int, num_classes: int) -> None:
        super().__init__()
        side = -(-side // 4)
        self.hidden = nn.Sequential(
            *(nn.Conv2d(channels, 32, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(32), nn.ReLU()),
            *(nn.Conv2d(32, 64, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(64), nn.ReLU()),
            *(nn.Conv2d(64, 128, 3, padding=1, bias=False), nn.BatchNorm2d(128), nn.ReLU()),
            nn.MaxPool2d(2, ceil_mode=True),
            *(nn.Flatten(), nn.Linear(128 * (-(-side // 2)) ** 2, FEATURES), nn.ReLU()),
        )
        self.output = nn.Linear(FEATURES, num_classes)

    def initialise(self, generator: torch.Generator) -> None:
        """Draw every weight anew (He et al. 2015, arXiv 1502.01852)."""
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits `[N, K]`."""
        logits: Tensor = self.output(self.hidden(x))
        return logits


@dataclass(frozen=True, kw_only=True)
class Judge:
    """A trained classifier, and how good it is."""

    network: Network
    accuracy: Estimate
    """On the test images."""

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


def judge_of(data: LabelledSet) -> Judge:
    """Return the judge of a data set, from the cache or trained now, and print how good it is."""
    path = _cache() / f"{data.name}-{fingerprint(data)[:16]}.safetensors"
    network = Network(data.train.shape[1], data.train.shape[2], len(data.classes))
    try:
        with safe_open(path, framework="pt") as file:
            network.load_state_dict({key: file.get_tensor(key) for key in file.keys()})  # noqa: SIM118  (no dict)
            how = json.loads(file.metadata()["how"])
    except OSError:
        how = _train(network, data)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}")
        save_file(network.state_dict(), partial, metadata={"how": json.dumps(how)})
        partial.replace(path)
    network.eval().requires_grad_(False)
    judge = Judge(network=network, accuracy=wilson(how["right"], how["n"]), sha256=_digest(network))
    print(
        f"judge of {data.name}: right on {100 * judge.accuracy.value:.2f} % "
        f"[{100 * judge.accuracy.low:.2f}, {100 * judge.accuracy.high:.2f}] of {how['n']:,} test images, trained in "
        f"{how['seconds']:.0f} s on {len(data.train):,} others, SHA-256 {judge.sha256[:12]}, kept in {path}",
        flush=True,
    )
    return judge


def floor(judge: Judge, data: LabelledSet, real: Tensor) -> FrechetEstimates:
    """Return the distance of as many random training images to the `real` features `[N, 128]` of the test images."""
    chosen = torch.randperm(len(data.train), generator=generator_for(SEED, "judge floor"))[: len(real)]
    return frechet_estimates(real, judge.features(data.train[chosen.numpy()]))


def fingerprint(data: LabelledSet) -> str:
    """Return the SHA-256 of all that makes a judge: images, labels, version."""
    digest = hashlib.sha256(json.dumps([VERSION, SEED, EPOCHS, data.train.shape]).encode())
    for part in (data.train, data.train_labels, data.test, data.test_labels):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()


def as_real(images: np.ndarray) -> Tensor:
    """Turn uint8 into float32 in [-1, 1]."""
    return torch.from_numpy(images.astype(np.float32)).div_(127.5).sub_(1.0)


def _train(network: Network, data: LabelledSet) -> dict[str, float]:
    """Train in place; return seconds, and how many of the test images are recognised."""
    began = time.monotonic()
    network.initialise(generator_for(SEED, "judge weights"))
    optimizer = torch.optim.Adam(network.parameters(), lr=PEAK_RATE)
    labels = torch.from_numpy(data.train_labels)
    steps_per_epoch = len(labels) // BATCH_SIZE
    for step in range(EPOCHS * steps_per_epoch):
        epoch, position = divmod(step, steps_per_epoch)
        if position == 0:
            order = torch.randperm(len(labels), generator=generator_for(SEED, "judge order", epoch))
        progress = step / (EPOCHS * steps_per_epoch)
        optimizer.param_groups[0]["lr"] = PEAK_RATE * (1 + math.cos(math.pi * progress)) / 2
        batch = order[position * BATCH_SIZE : (position + 1) * BATCH_SIZE]
        loss = functional.cross_entropy(network(as_real(data.train[batch.numpy()])), labels[batch])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    network.eval()
    seconds = time.monotonic() - began
    judge = Judge(network=network, accuracy=wilson(0, 1), sha256="")
    right = int((judge.classify(data.test) == torch.from_numpy(data.test_labels)).sum())
    return {"right": right, "n": len(data.test), "seconds": seconds}


def _digest(network: Network) -> str:
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        digest.update(name.encode() + value.numpy().tobytes())
    return digest.hexdigest()


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "faussaire" / "judges"
