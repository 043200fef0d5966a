"""How wide the networks are, how large a batch, and the precision and threads, by the budget and the machine.

Quality is bought with images seen and with width, and a budget buys either: at first images count for more. How much
there is to learn grows with the pixels, so wider networks pay sooner where there are more of them. That of width 16 is
read off a few runs (docs/LAB.md), the others are guesses. The probe takes some seconds, and its outcome is recorded, so
a resumed run or a replay asks no clock.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

import numpy as np
import torch

from faussaire.core.config import Config, resolve
from faussaire.core.errors import ConfigError
from faussaire.core.rng import numpy_generator_for
from faussaire.core.threads import computing_threads
from faussaire.data import Dataset
from faussaire.data.batches import Batches
from faussaire.modalities import SampleSpec
from faussaire.models.architectures import architecture
from faussaire.runs.checkpoint import fresh_state
from faussaire.runs.plan import endless
from faussaire.training.shards import num_shards
from faussaire.training.trainer import Trainer

PROBE_SECONDS = 0.5
WIDER_FROM = {16: 350_000, 24: 8_000_000, 32: 32_000_000}
"""Images of WIDER_AT pixels' side that the narrowest networks would see, from which each width is taken."""
WIDER_AT = 28
"""Pixels: at twice the side, a quarter of the images is enough."""
BATCHES = (16, 32, 64)
LEAST_STEPS = 3_000
"""At WIDER_AT pixels' side, and at twice that four times as many: a run of fewer takes the next smaller batch."""
SMALL = 32
"""Pixels: up to this side small batches cost more time than they gain."""
WORTH_IT = 1.05
"""How many times as fast as fp32 a precision must be to be taken."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """What was chosen, and why in words."""

    config: Config
    """The settings, with width, precision and batch_size where the networks come in several sizes."""

    threads: int
    """Threads to compute with."""

    nimg_per_second: float | None
    """Images shown to D in a second, as measured; None where nothing had to be."""

    text: str
    """One line for the console; empty where there was nothing to choose."""


class Probe:
    """The speed of a training, measured when it is asked for, and once for each way of training."""

    def __init__(self, spec: SampleSpec) -> None:
        self.spec = spec
        self.measured: dict[tuple[Config, int], float] = {}

    def __call__(self, config: Config, threads: int) -> float:
        """Return the images a second."""
        if (config, threads) not in self.measured:
            self.measured[config, threads] = speed(config, self.spec, threads)
        return self.measured[config, threads]


def size(config: Config, spec: SampleSpec, *, num_images: int, threads: int) -> Size:
    """Choose width, precision, batch and threads for a run that begins; what is given is neither chosen nor probed.

    Args:
        config: the settings; what they give stands.
        spec: what a sample is.
        num_images: images in the data.
        threads: at most so many, where the settings give no number.

    Raises:
        ConfigError: a width or precision was asked for, and the architecture has one size only.
    """
    narrowest = architecture(config.architecture, spec).width
    if narrowest is None:
        return _only_size(config, threads)
    probe = Probe(spec)
    sized = replace(
        config,
        width=narrowest if config.width is None else config.width,
        precision="fp32" if config.precision is None else config.precision,
    )
    if config.threads is not None:
        threads = config.threads
    elif threads > 1:
        threads = max((1, threads), key=lambda count: probe(sized, count))
    why = "as asked for"
    if config.width is None:
        images = _images(sized, num_images, threads, probe)
        why = f"for {in_words(images)} at width {narrowest}"
        sized = replace(sized, width=max([narrowest, *(w for w, least in thresholds(spec).items() if images >= least)]))
    if config.precision is None:
        sized = _faster(sized, threads, probe)
    if config.batch_size is None:
        is_small = math.prod(spec.shape[1:]) <= SMALL**2
        batch = BATCHES[-1] if is_small else batch_for(_images(sized, num_images, threads, probe), spec)
    else:
        batch = config.batch_size
    text = f"Width {sized.width}, {why}; batches of {batch}; {_measured(sized, threads, probe)}."
    nimg_per_second = probe.measured.get((sized, threads))
    return Size(config=replace(sized, batch_size=batch), threads=threads, nimg_per_second=nimg_per_second, text=text)


def _only_size(config: Config, threads: int) -> Size:
    """Return the size of an architecture that has one."""
    for name in ("width", "precision"):
        if getattr(config, name) is not None:
            raise ConfigError(f"the networks of {config.architecture!r} have one size, in fp32; leave --{name} out")
    return Size(config=replace(config, batch_size=config.batch), threads=threads, nimg_per_second=None, text="")


def _faster(sized: Config, threads: int, probe: Probe) -> Config:
    """Return the settings in bf16 where that is faster.

    Where a processor has not the instructions, bf16 can be a hundred times slower, so it is not even tried there.
    """
    if torch.backends.cpu.get_cpu_capability() != "AVX512":
        return sized
    in_bf16 = replace(sized, precision="bf16")
    return in_bf16 if probe(in_bf16, threads) >= WORTH_IT * probe(sized, threads) else sized


def _measured(sized: Config, threads: int, probe: Probe) -> str:
    """Say by which precision and threads, and what was measured of them."""
    measured, in_fp32 = (probe.measured.get((replace(sized, precision=p), threads)) for p in (sized.precision, "fp32"))
    gain = f", {measured / in_fp32:.1f} times as fast" if sized.precision == "bf16" and measured and in_fp32 else ""
    images = f", measured {measured:,.0f} images/s" if measured else ""
    return f"{sized.precision}{gain}; {threads} thread{'s' if threads > 1 else ''}{images}"


def default_speed(dataset: Dataset) -> float | None:
    """Return the images a second at which training with no settings would go; None where it makes no such images."""
    config = resolve(None, {"data": dataset.name})
    try:
        found = size(config, dataset.spec, num_images=len(dataset.images), threads=torch.get_num_threads())
    except ConfigError:
        return None
    return found.nimg_per_second


def in_words(images: float) -> str:
    """Return a number of images as it is told: to the last one where there are few, and in thousands."""
    return f"{images:,.0f} images" if images < 10_000 else f"{images / 1000:,.0f} thousand images"


def _images(config: Config, num_images: int, threads: int, probe: Probe) -> float:
    """Return the images that D would see, of which a time budget allows as many as the speed does."""
    images = config.images_shown(num_images)
    if images is None:
        assert config.minutes is not None
        images = 60 * config.minutes * probe(config, threads)
    return images


def batch_for(images: float, spec: SampleSpec) -> int:
    """Return the largest batch of BATCHES by which so many images are steps enough, or the smallest."""
    steps = LEAST_STEPS * _pixels(spec)
    return max((batch for batch in BATCHES if images >= batch * steps), default=BATCHES[0])


def thresholds(spec: SampleSpec) -> dict[int, float]:
    """Return the images that the narrowest networks would see, from which each width is taken for such samples."""
    return {width: least / _pixels(spec) for width, least in WIDER_FROM.items()}


def _pixels(spec: SampleSpec) -> float:
    """Return how many times as many pixels a sample has as one of WIDER_AT pixels' side."""
    return math.prod(spec.shape[1:]) / WIDER_AT**2


def speed(config: Config, spec: SampleSpec, threads: int) -> float:
    """Return the images a second at which noise in the shape of `spec` is trained on, with so many threads."""
    noise = numpy_generator_for(0, "probe").uniform(-1, 1, (config.batch, *spec.shape)).astype(np.float32)
    num_classes = len(spec.classes) if config.conditional else 0
    labels = numpy_generator_for(0, "probe").integers(0, num_classes, config.batch) if num_classes else None
    batches = Batches(
        noise, to_real=torch.from_numpy, batch_size=config.batch, seed=0, labels=labels, num_classes=num_classes
    )
    state = fresh_state(config, spec)
    shards = num_shards(state.G, state.D, threads=threads, batch_size=config.batch)
    with computing_threads(threads if shards == 1 else 1):
        trainer = Trainer(config, batches, state, endless(), shards=shards)
        for _ in range(2):
            trainer.step()
        began, done = time.monotonic(), 0
        while time.monotonic() - began < PROBE_SECONDS or done < config.penalty_every:
            trainer.step()
            done += 1
        return done * config.batch * config.d_steps / (time.monotonic() - began)
