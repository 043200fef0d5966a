"""How fast training goes on this machine, and in how many parts a batch fits into the memory of a card: by trying."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import torch

from faussaire.core.config import Config
from faussaire.core.devices import CPU, is_host, use_tensor_cores, wait_for
from faussaire.core.errors import DeviceError
from faussaire.core.rng import numpy_generator_for
from faussaire.core.threads import computing_threads
from faussaire.core.world import ALONE, World
from faussaire.data.batches import Batches
from faussaire.modalities import SampleSpec
from faussaire.runs.checkpoint import fresh_state
from faussaire.runs.plan import endless
from faussaire.training.shards import cut, is_cuttable
from faussaire.training.trainer import Trainer

PROBE_SECONDS = 0.5
STOOD_STILL = 10
"""Times as long as the median step: who takes that long was suspended."""


class Probe:
    """The speed of a training, measured when it is asked for, and once for each way of training.

    A card that has too little memory for a batch gets it in parts.
    """

    def __init__(self, spec: SampleSpec, device: torch.device = CPU, world: World = ALONE) -> None:
        self.spec, self.device, self.world = spec, device, world
        self.measured: dict[tuple[Config, int], tuple[int | None, float]] = {}

    def __call__(self, config: Config, threads: int) -> float:
        """Return the images a second."""
        return self.fitted(config, threads)[1]

    def fitted(self, config: Config, threads: int) -> tuple[Config, float]:
        """Return the settings, with as many shards as there must be, and the images a second.

        Raises:
            DeviceError: the device has not memory enough for one image, or one of several has not for its part.
        """
        way = (_way(config), threads)
        if way not in self.measured:
            fitted, found = in_parts_that_fit(
                config,
                lambda cut: speed(cut, self.spec, threads, device=self.device, world=self.world),
                at_most=config.batch if self.world.size == 1 else 1,
            )
            self.measured[way] = (fitted.shards, found)
        shards, found = self.measured[way]
        return replace(config, shards=shards), found

    def known(self, config: Config, threads: int) -> float | None:
        """Return the images a second where they were measured."""
        return self.measured.get((_way(config), threads), (None, None))[1]


def in_parts_that_fit(config: Config, measure: Callable[[Config], float], *, at_most: int) -> tuple[Config, float]:
    """Return the settings, a batch cut in as few shards as the memory of a card is enough for, and what was measured.

    Raises:
        DeviceError: it is not enough for one part of so many.
    """
    while True:
        try:
            return config, measure(config)
        except torch.OutOfMemoryError:
            shards = 2 * (config.shards or 1)
        if shards > at_most:
            parts = f", even in {config.shards} parts" if config.shards else ""
            raise DeviceError(
                f"the memory of the device is too small for a batch of {config.batch}{parts}: give a smaller "
                "--batch-size, --width or --resolution"
            )
        config = replace(config, shards=shards)


def _way(config: Config) -> Config:
    """Return the settings with the batch that they mean, whole: what says 64 and what says nothing is one way."""
    return replace(config, batch_size=config.batch, shards=None)


def speed(
    config: Config,
    spec: SampleSpec,
    threads: int,
    *,
    device: torch.device = CPU,
    world: World = ALONE,
    seconds: float | None = None,
) -> float:
    """Return the images a second at which noise in the shape of `spec` is trained on, with so many threads.

    Of several processes all train, and the clock of the first counts. It takes so many `seconds`, PROBE_SECONDS if not
    given; three steps where they are 0.
    """
    seconds = PROBE_SECONDS if seconds is None else seconds
    noise = numpy_generator_for(0, "probe").uniform(-1, 1, (config.batch, *spec.shape)).astype(np.float32)
    num_classes = len(spec.classes) if config.conditional else 0
    labels = numpy_generator_for(0, "probe").integers(0, num_classes, config.batch) if num_classes else None
    batches = Batches(
        noise,
        to_real=torch.as_tensor,
        batch_size=config.batch,
        seed=0,
        labels=labels,
        num_classes=num_classes,
        device=device,
        is_resident=not is_host(device),
    )
    use_tensor_cores(device, config.precision)
    state = fresh_state(config, spec, device)
    sharing = threads if is_host(device) else 1
    shards = cut(config, is_cuttable=is_cuttable(state.G, state.D), threads=sharing, size=world.size)
    with computing_threads(threads if shards == 1 else 1):
        trainer = Trainer(config, batches, state, endless(), shards=shards, threads=sharing, world=world)
        for _ in range(trainer.compute.slow_rounds):
            trainer.step()
        wait_for(device)
        ends = [time.monotonic()]
        least = config.penalty_every if seconds else 1
        while _goes_on(world, ends[-1] - ends[0] < seconds or len(ends) <= least):
            trainer.step()
            wait_for(device)
            ends.append(time.monotonic())
    took = steady([after - before for before, after in pairwise(ends)])
    return world.from_first((len(ends) - 1) * config.batch * config.d_steps / took)


def steady(durations: Sequence[float]) -> float:
    """Return the sum of the seconds of steps, those in which the process stood still counted as the median one.

    No step is ten times as long as another, but for a suspended process (Ctrl-Z, a closed laptop).
    """
    middle = statistics.median(durations)
    return sum(middle if seconds > STOOD_STILL * middle else seconds for seconds in durations)


def _goes_on(world: World, is_wanted: bool) -> bool:
    return bool(world.order([is_wanted])[0])
