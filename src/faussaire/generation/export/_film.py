"""The frames of a film: samples along great circles of latent space, or what a run looked like while it learnt.

The prior is a Gaussian, whose samples lie near a sphere: a straight line between two would pass through its middle,
where no sample is, so that a walk goes along great circles (White 2016, arXiv 1609.04468, section 2.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from faussaire.core.errors import ConfigError
from faussaire.core.rng import seed_for
from faussaire.generation.export._encoding import MP4, ffmpeg, size_of, write_frames
from faussaire.generation.export._exporter import Progress, Source
from faussaire.generation.export.film import GRID, TRAINING, Options
from faussaire.generation.generator import Generator
from faussaire.modalities import pictures
from faussaire.modalities.spec import floats

BATCH = 64  # samples made at a time


def write_film(source: Source, out: Path, options: Options, *, progress: Progress) -> list[str]:
    """Write a film, and return what there is to say.

    Raises:
        ConfigError: its suffix is that of no film, there is no ffmpeg, or the run has no pictures of its training.
        ExportError: ffmpeg fails.
        CheckpointError: the disk is full, or the like.
    """
    if options.kind == TRAINING:
        frames, loops = training(source.path, options), False
    else:
        frames, loops = walk(source.generator, options), not options.once

    def counted() -> Iterator[np.ndarray]:
        for number, frame in enumerate(frames):
            progress("making frames", number, options.frames)
            yield frame

    write_frames(counted(), out, count=options.frames, fps=options.fps)
    shown = "the training" if options.kind == TRAINING else f"a {options.kind}"
    ends = "; its last frame is its first" if loops else ""
    told = [f"{shown}, {options.seconds:g} s at {options.fps} frames a second, {size_of(out)}{ends}"]
    if out.suffix.lower() != MP4 and not ffmpeg():
        told.append("There is no ffmpeg here, which an MP4 takes: pip install 'faussaire[film]'")
    return told


def walk(generator: Generator, options: Options) -> Iterator[np.ndarray]:
    """Make the frames uint8 `[H, W, C]` of one walk, or of many side by side.

    Raises:
        ConfigError: there is no such class.
    """
    label = None if options.label is None else generator.class_number(options.label)
    seeds = [options.seeds]
    if options.kind == GRID:
        seeds = [tuple(seed_for(seed, "film", tile) for seed in options.seeds) for tile in range(options.tiles)]
    keys, labels = zip(*(_keys(generator, each, label) for each in seeds), strict=True)
    ways = np.stack([great_circles(key, options.frames, closed=not options.once) for key in keys], axis=1)
    return _drawn(generator, ways, np.array(labels, np.int64), options)


def _keys(generator: Generator, seeds: tuple[int, ...], label: int | None) -> tuple[np.ndarray, int]:
    """Return the first latent `[z_dim]` of each seed, and the class of the first one; 0 where there are no classes."""
    drawn = [next(generator.inputs(1, seed, label)) for seed in seeds]
    first = drawn[0][1]
    return np.concatenate([floats(z) for z, _ in drawn]), 0 if first is None else int(first[0])


def great_circles(keys: np.ndarray, count: int, *, closed: bool) -> np.ndarray:
    """Return latents float32 `[count, z_dim]`, evenly spaced on the way through `keys` `[K, z_dim]`.

    The first is the first key; the last one is the last key, or the first again where the way is closed.
    """
    points = np.concatenate([keys, keys[:1]]) if closed else keys
    legs = len(points) - 1
    places = np.arange(count) * legs / (count - 1)
    leg = np.minimum(places.astype(int), legs - 1)
    share = (places - leg)[:, None]
    start, end = points[leg].astype(np.float64), points[leg + 1].astype(np.float64)
    lengths = np.linalg.norm(start, axis=1) * np.linalg.norm(end, axis=1)
    angle = np.arccos(np.clip((start * end).sum(1) / np.maximum(lengths, 1e-12), -1, 1))[:, None]
    sine = np.sin(angle)
    straight = sine < 1e-6  # the same direction, or the opposite one: there is no one circle
    sine = np.where(straight, 1, sine)
    first = np.where(straight, 1 - share, np.sin((1 - share) * angle) / sine)
    second = np.where(straight, share, np.sin(share * angle) / sine)
    way: np.ndarray = (first * start + second * end).astype(np.float32)
    if closed:
        way[-1] = way[0]
    return way


def _drawn(generator: Generator, ways: np.ndarray, labels: np.ndarray, options: Options) -> Iterator[np.ndarray]:
    """Draw the samples of latents `[frames, walks, z_dim]`, whose walks are of classes `[walks]`, frame by frame."""
    modality, num_walks = generator.modality, ways.shape[1]
    per_batch = max(1, BATCH // num_walks)
    for first in range(0, len(ways), per_batch):
        part = ways[first : first + per_batch]
        given = generator.as_input(np.tile(labels, len(part))) if generator.class_shares else None
        samples = generator(generator.as_input(part.reshape(-1, part.shape[2])), given, options.truncation)
        arrays = modality.to_array(samples)
        arrays = arrays.reshape(len(part), num_walks, *arrays.shape[1:])
        for frame in arrays:
            yield modality.sheet(frame) if options.kind == GRID else modality.tiles(frame, options.pixels)[0]


def training(run: Path, options: Options) -> Iterator[np.ndarray]:
    """Give the frames uint8 `[H, W, C]` of a training: each of its pictures for as long, the last one twice.

    Raises:
        ConfigError: it has none.
    """
    files = sorted((run / "samples").glob(f"*{pictures.SUFFIX}"))
    if not files:
        raise ConfigError(f"{run} holds no pictures of a training: name the folder of a run")
    shown = [*files, files[-1]]

    def frames() -> Iterator[np.ndarray]:
        last, size = -1, None
        for number in range(options.frames):
            place = number * len(shown) // options.frames
            if place != last:
                last, frame = place, pictures.read(shown[place])
                size = size or frame.shape
            if frame.shape == size:
                yield frame

    return frames()
