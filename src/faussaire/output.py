"""Samples on the disk: one picture, a folder of pictures, or one array; written in pieces, in flat memory."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
from numpy.lib.format import open_memmap
from torch import Tensor

from faussaire.errors import ConfigError
from faussaire.generator import Generator
from faussaire.modalities import Modality
from faussaire.run import make_folder, replacing, writing

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
GRID_LIMIT = 10_000


def write_samples(
    generator: Generator, out: Path, *, n: int, seed: int, truncation: float, label: str | None = None
) -> None:
    """Write `n` samples, all of the class `label` if given, to `out`.

    `.npy` is uint8 `[n, H, W, C]`, a picture's suffix is a grid, none is a folder.

    Raises:
        ConfigError: a suffix that is none of these, a place that cannot be written, or a number out of its range.
        CheckpointError: the disk is full, or the like; an array or picture is there as a whole or not at all.
    """
    suffix = out.suffix.lower()
    if suffix and suffix != ".npy" and suffix not in PICTURES:
        raise ConfigError(f"--out {out}: write a picture (grid.png), an array (samples.npy) or a folder (DIR/)")
    if suffix in PICTURES and n > GRID_LIMIT:
        raise ConfigError(f"a picture holds at most {GRID_LIMIT:,} samples, not {n:,}: use --out samples.npy")
    pieces = generator.chunks(n, seed=seed, truncation=truncation, label=label)
    make_folder(out.parent if suffix else out)
    if suffix == ".npy":
        _write_array(out, pieces, n, generator.modality)
    elif suffix:
        with replacing(out) as beside:
            generator.modality.write_grid(beside, torch.cat(list(pieces)))
    else:
        with writing(out):
            for index, sample in enumerate(sample for piece in pieces for sample in piece):
                generator.modality.write_sample(out / f"seed{seed}-{index:06d}.png", sample)


def _write_array(out: Path, pieces: Iterable[Tensor], n: int, modality: Modality) -> None:
    """Fill a memory-mapped array, so that a million samples need no more memory than a hundred."""
    array = None
    done = 0
    with replacing(out) as beside:
        for piece in map(modality.to_array, pieces):
            if array is None:
                array = open_memmap(beside, mode="w+", dtype=piece.dtype, shape=(n, *piece.shape[1:]))
            array[done : done + len(piece)] = piece
            done += len(piece)
        if array is not None:
            array.flush()
