"""How wide the networks are and how many threads train them, by the budget and the speed of this very machine.

Quality is bought with images seen and with width, and a budget buys either: at first images count for more. The first
threshold below is from Fashion-MNIST, the others are guesses (docs/LAB.md). The probe takes a second, and its outcome
is recorded, so a resumed run or a replay asks no clock.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from faussaire.architectures import architecture
from faussaire.checkpoint import fresh_state
from faussaire.config import LENGTHS, Config
from faussaire.data.batches import Batches
from faussaire.errors import ConfigError
from faussaire.modalities import SampleSpec
from faussaire.parallel import num_shards
from faussaire.plan import Plan, Segment
from faussaire.rng import numpy_generator_for
from faussaire.threads import computing_threads
from faussaire.trainer import Trainer

PROBE_SECONDS = 0.5
WIDER_FROM = {16: 800_000, 24: 6_000_000, 32: 16_000_000}
"""Images that the narrowest networks would see in the budget, from which each width is taken."""
WIDER_UP_TO = 32
"""Pixels: above, wider networks collapsed at the default settings (docs/LAB.md), and are taken only if asked for."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """What was chosen, and why in words."""

    config: Config
    """The settings, with a width."""

    threads: int
    """Threads to compute with."""

    text: str
    """One line for the console; empty where there was nothing to choose."""


def size(config: Config, spec: SampleSpec, *, num_images: int, threads: int, threads_given: bool) -> Size:
    """Choose width and threads for a run that begins.

    Args:
        config: the settings; a width in them stands.
        spec: what a sample is.
        num_images: images in the data.
        threads: at most so many.
        threads_given: whether these were asked for, and are not to be chosen.

    Raises:
        ConfigError: a width was asked for, and the architecture has one size only.
    """
    narrowest = architecture(config.architecture, spec).width
    if not narrowest:
        if config.width is not None:
            raise ConfigError(f"the networks of {config.architecture!r} have one size; leave --width out")
        return Size(config=config, threads=threads, text="")
    probed = replace(config, width=config.width or narrowest)
    counts = {threads} if threads_given else {1, threads}
    speeds = {count: speed(probed, spec, count) for count in counts}
    best = max(speeds, key=lambda count: speeds[count])
    length = next(name for name in LENGTHS if getattr(config, name) is not None)
    images = {
        "minutes": 60 * (config.minutes or 0) * speeds[best],
        "kimg": 1000 * (config.kimg or 0),
        "epochs": num_images * (config.epochs or 0),
    }[length]
    paying = [w for w, least in WIDER_FROM.items() if images >= least and spec.shape[-1] <= WIDER_UP_TO]
    width = config.width or max([narrowest, *paying])
    why = "as asked for" if config.width else f"for {images / 1000:,.0f} thousand images at width {narrowest}"
    text = f"Width {width}, {why}; {best} thread{'s' if best > 1 else ''}, measured {speeds[best]:,.0f} images/s."
    return Size(config=replace(config, width=width), threads=best, text=text)


def speed(config: Config, spec: SampleSpec, threads: int) -> float:
    """Return the images a second at which noise in the shape of `spec` is trained on, with so many threads."""
    noise = numpy_generator_for(0, "probe").integers(0, 256, (config.batch_size, *spec.shape), dtype="uint8")
    num_classes = len(spec.classes) if config.conditional else 0
    labels = numpy_generator_for(0, "probe").integers(0, num_classes, config.batch_size) if num_classes else None
    batches = Batches(noise, batch_size=config.batch_size, seed=0, labels=labels, num_classes=num_classes)
    state = fresh_state(config, spec)
    shards = num_shards(state.G, state.D, threads=threads, batch_size=config.batch_size)
    with computing_threads(threads if shards == 1 else 1):
        trainer = Trainer(config, batches, state, Plan([Segment(nimg=0, progress=0.0, end_nimg=2**40)]), shards=shards)
        for _ in range(2):
            trainer.step()
        began, done = time.monotonic(), 0
        while time.monotonic() - began < PROBE_SECONDS or done < config.penalty_every:
            trainer.step()
            done += 1
        return done * config.batch_size * config.d_steps / (time.monotonic() - began)
