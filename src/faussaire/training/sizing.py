"""How wide the networks are, how large a batch, and the precision and threads, by the budget and the machine.

Quality is bought with images seen and with width, and a budget buys either: at first images count for more. The best
width is read off a law that was fitted to measured runs (docs/method/sizing.md, benchmarks/sizing.py). The probe takes
some seconds, and its outcome is recorded, so a resumed run or a replay asks no clock.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch

from faussaire.core.config import Config, resolve
from faussaire.core.devices import CPU, is_host
from faussaire.core.errors import ConfigError
from faussaire.core.world import ALONE, World
from faussaire.data import Dataset
from faussaire.modalities import SampleSpec
from faussaire.models.architectures import architecture
from faussaire.training.probing import Probe

WIDTHS = (8, 12, 16, 24, 32)
"""That are chosen from."""
LAW_WIDTH, LAW_IMAGES, LAW_POWER = 16, 1_000_000, 0.28
"""The best width is LAW_WIDTH · (n / LAW_IMAGES)^LAW_POWER, where the narrowest networks would see n images."""
BATCHES = (16, 32, 64)
LEAST_STEPS, STEPS_AT = 3_000, 28
"""So many at that side in pixels, and at twice that four times as many: a run of fewer takes the next smaller batch."""
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


def size(
    config: Config,
    spec: SampleSpec,
    *,
    num_images: int,
    threads: int,
    device: torch.device = CPU,
    world: World = ALONE,
    probe: Probe | None = None,
) -> Size:
    """Choose width, precision, batch and threads for a run that begins; what is given is neither chosen nor probed.

    Args:
        config: the settings; what they give stands.
        spec: what a sample is.
        num_images: images in the data.
        threads: at most so many, where the settings give no number.
        device: what computes.
        world: the processes that train together, all of which measure and choose the same.
        probe: what measures speeds; a new one if not given.

    Raises:
        ConfigError: a width or precision was asked for, and the architecture has one size only.
    """
    narrowest = architecture(config.architecture, spec).width
    if narrowest is None:
        return _only_size(config, threads)
    probe = probe or Probe(spec, device, world)
    plain = "tf32" if device.type == "cuda" else "fp32"
    sized = replace(config, width=config.width or narrowest, precision=config.precision or plain)
    if config.threads is not None:
        threads = config.threads
    elif threads > 1 and is_host(device):
        threads = max((1, threads), key=lambda count: probe(sized, count))
    why = "as asked for"
    if config.width is None:
        images = _images(sized, num_images, threads, probe)
        why = f"for {in_words(images)} at width {narrowest}"
        sized = replace(sized, width=max(narrowest, width_for(images)))
    if config.precision is None:
        sized = _faster(sized, threads, probe)
    batch = _batch(sized, num_images, threads, probe) if config.batch_size is None else config.batch_size
    sized, batches = _fitted(replace(sized, batch_size=batch), threads, probe)
    text = f"Width {sized.width}, {why}; batches of {batches}; {_measured(sized, threads, probe)}."
    return Size(config=sized, threads=threads, nimg_per_second=probe.known(sized, threads), text=text)


def _fitted(sized: Config, threads: int, probe: Probe) -> tuple[Config, str]:
    """Return the settings, a batch in as many parts as a card must have it in, and that in words."""
    if is_host(probe.device):
        return sized, str(sized.batch)
    fitted, _ = probe.fitted(sized, threads)
    if fitted.shards == sized.shards:
        return sized, str(sized.batch)
    return fitted, f"{sized.batch} in {fitted.shards} parts, as the memory is too small"


def _batch(sized: Config, num_images: int, threads: int, probe: Probe) -> int:
    """Return the size of batches for a run that nobody has given one."""
    is_small = math.prod(probe.spec.shape[1:]) <= SMALL**2
    return BATCHES[-1] if is_small else batch_for(_images(sized, num_images, threads, probe), probe.spec)


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
    if is_host(probe.device) and torch.backends.cpu.get_cpu_capability() != "AVX512":
        return sized
    in_bf16 = replace(sized, precision="bf16")
    return in_bf16 if probe(in_bf16, threads) >= WORTH_IT * probe(sized, threads) else sized


def _measured(sized: Config, threads: int, probe: Probe) -> str:
    """Say by which precision and threads, and what was measured of them."""
    measured = probe.known(sized, threads)
    before = (probe.known(replace(sized, precision=plain), threads) for plain in ("fp32", "tf32"))
    in_plain = next((speed for speed in before if speed), None)
    gain = f", {measured / in_plain:.1f} times as fast" if sized.precision == "bf16" and measured and in_plain else ""
    images = f", measured {measured:,.0f} images/s" if measured else ""
    by = f"{threads} thread{'s' if threads > 1 else ''}" if is_host(probe.device) else str(probe.device)
    of_many = f" in each of {probe.world.size} processes" if probe.world.size > 1 else ""
    return f"{sized.precision}{gain}; {by}{of_many}{images}"


def default_speed(dataset: Dataset) -> float | None:
    """Return the images a second at which training with no settings would go; None where it makes no such images."""
    config, probe = resolve(None, {"data": dataset.name}), Probe(dataset.spec)
    num_images, threads = len(dataset.images), torch.get_num_threads()
    try:
        found = size(config, dataset.spec, num_images=num_images, threads=threads, probe=probe)
        return probe(found.config, found.threads)
    except ConfigError:
        return None


def in_words(images: float) -> str:
    """Return a number of images as it is told: to the last one where there are few, and in thousands."""
    if images >= 10_000:
        return f"{images / 1000:,.0f} thousand images"
    return "1 image" if round(images) == 1 else f"{images:,.0f} images"


def _images(config: Config, num_images: int, threads: int, probe: Probe) -> float:
    """Return the images that D would see, of which a time budget allows as many as the speed does."""
    images = config.images_shown(num_images)
    if images is None:
        assert config.minutes is not None
        images = 60 * config.minutes * probe(config, threads)
    return images


def expected(config: Config, num_images: int, *, nimg: int, nimg_per_second: float | None) -> str:
    """Say how long what is left of a run will take, after `nimg` images of it, at so many a second."""
    if config.minutes is not None:
        budget = "1 minute" if config.minutes == 1 else f"{config.minutes:g} minutes"
        return f"{budget} in all, as asked for"
    images = config.images_shown(num_images)
    if images is None or not nimg_per_second:
        return "its speed is not known yet"
    return f"{in_words(images - nimg)} in about {_duration(max(0.0, images - nimg) / nimg_per_second)}"


def _duration(seconds: float) -> str:
    """Return a duration as it is told: hours with a decimal, minutes, or seconds, of which there is one at least."""
    if seconds >= 6000:
        return f"{seconds / 3600:.1f} hours"
    if seconds >= 90:
        return f"{seconds / 60:.0f} minutes"
    return "1 second" if seconds < 1.5 else f"{seconds:.0f} seconds"


def batch_for(images: float, spec: SampleSpec) -> int:
    """Return the largest batch of BATCHES by which so many images are steps enough, or the smallest."""
    steps = LEAST_STEPS * math.prod(spec.shape[1:]) / STEPS_AT**2
    return max((batch for batch in BATCHES if images >= batch * steps), default=BATCHES[0])


def width_for(images: float) -> int:
    """Return the one of WIDTHS that is nearest to the best where the narrowest networks would see so many images."""
    best = LAW_WIDTH * (max(images, 1.0) / LAW_IMAGES) ** LAW_POWER
    return min(WIDTHS, key=lambda width: (abs(math.log(width / best)), -width))
