"""What a method of the board is asked for, for peers written in Python: arguments in, samples and counts out.

The protocol itself is in docs/guide/board.md; a method need not be Python, nor use this file.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

BATCH_SIZE = 64
SAMPLES, PIECE = 10_000, 500


@dataclass(frozen=True)
class Trained:
    """What a training leaves."""

    sample: Callable[[int], Tensor]
    """Makes so many images, `[n, C, H, W]` in [-1, 1]."""

    nimg: int
    """Real images seen, repetitions counted."""

    seconds: float
    """From the first step to the end of the last."""


class Clock:
    """The time that the steps may take, from when it is made: just before the first."""

    def __init__(self, minutes: float) -> None:
        self._began, self._seconds = time.monotonic(), 60 * minutes

    def done(self) -> float:
        """Return the share of the time that is over."""
        return self.seconds() / self._seconds

    def seconds(self) -> float:
        """Return the seconds that are over."""
        return time.monotonic() - self._began


class Reals:
    """Batches of real images drawn at random, with repetition.

    Args:
        images: uint8 `[N, C, H, W]`.
        random: what they are drawn with.
    """

    def __init__(self, images: np.ndarray, random: torch.Generator) -> None:
        self._images, self._random = torch.from_numpy(images), random

    def batch(self) -> Tensor:
        """Return the next images, float32 `[64, C, H, W]` in [-1, 1]."""
        drawn = torch.randint(len(self._images), (BATCH_SIZE,), generator=self._random)
        return self._images[drawn].float() / 127.5 - 1


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return the arguments that every method takes."""
    found = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("images", type=Path, metavar="IMAGES.npy")
    found.add_argument("--minutes", type=float, required=True)
    found.add_argument("--out", type=Path, required=True, metavar="SAMPLES.npy")
    found.add_argument("--seed", type=int, default=0)
    return found


def play(
    options: argparse.Namespace, train: Callable[[np.ndarray, float, torch.Generator], Trained], multiple: int
) -> None:
    """Train, write the samples, and print the counts as one line of JSON.

    Args:
        options: as `parser` gives them.
        train: takes images uint8 `[N, C, H, W]`, minutes, and what every random number comes from.
        multiple: what the sides of the images must be divisible by.
    """
    images = np.load(options.images)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[2] % multiple or images.shape[3] != images.shape[2]:
        given = f"{images.dtype} {list(images.shape)}"
        raise SystemExit(f"images must be uint8 [N, C, S, S], S a multiple of {multiple}, not {given}")
    random = torch.Generator().manual_seed(options.seed)
    trained = train(images, options.minutes, random)
    began = time.monotonic()
    with torch.no_grad():
        made = [(trained.sample(PIECE).clamp(-1, 1) * 127.5 + 127.5).round().byte() for _ in range(SAMPLES // PIECE)]
    per_thousand = (time.monotonic() - began) * 1000 / SAMPLES
    np.save(options.out, torch.cat(made).numpy())
    counts = {
        "nimg": trained.nimg,
        "seconds": round(trained.seconds, 2),
        "seconds_per_1000_samples": round(per_thousand, 4),
    }
    print(json.dumps(counts))
