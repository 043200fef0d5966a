"""Features of reals and of samples: those of reals are kept in a cache, so that a second evaluation costs samples only.

A file of the cache is named by the fingerprint of the images and by the extractor's name, version and weights.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from faussaire.core.errors import CheckpointError, DataError
from faussaire.core.files import replacing
from faussaire.core.paths import cache_folder
from faussaire.core.world import ALONE, World
from faussaire.data import Rows
from faussaire.evaluation.extractors.spec import Extractor
from faussaire.generation.generator import Generator
from faussaire.modalities import Modality

PIECE = 256

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def in_pieces(features: Callable[[Sequence[int]], Tensor], count: int, piece: int, world: World) -> Tensor:
    """Return features `[count, D]` of samples, of which each process makes some pieces.

    Args:
        features: (numbers of pieces) -> features of all their samples `[n, D]`.
        count: of samples.
        piece: samples in a piece.
        world: the processes that share them.
    """
    num = -(-count // piece)
    edges = [num * rank // world.size for rank in range(world.size + 1)]
    own = features(range(edges[world.rank], edges[world.rank + 1]))
    bounds = [min(count, piece * edge) for edge in edges]
    return world.gather(own, [end - first for first, end in pairwise(bounds)])


def fake_features(
    generator: Generator,
    extractors: Mapping[str, Extractor],
    count: int,
    seed: int,
    progress: Progress,
    world: World = ALONE,
) -> tuple[dict[str, Tensor], Tensor | None]:
    """Make `count` samples piece by piece: each extractor's features `[count, D]`, and the classes asked for `[count]`.

    The classes are None where the generator knows none. Processes share the pieces, and all of them get all features.
    """
    pieces = list(generator.inputs(count, seed))
    if len(pieces) < world.size:
        world = ALONE
    edges = [len(pieces) * rank // world.size for rank in range(world.size + 1)]
    found: dict[str, list[Tensor]] = {name: [] for name in extractors}
    for number, (z, labels) in enumerate(pieces[edges[world.rank] : edges[world.rank + 1]], 1):
        samples = generator(z, labels)
        for name, extractor in extractors.items():
            found[name].append(extractor(samples))
        progress("making samples", min(count, number * world.size * len(samples)), count)
    counts = [sum(len(z) for z, _ in pieces[first:end]) for first, end in pairwise(edges)]
    features = {name: world.gather(torch.cat(parts), counts) for name, parts in found.items()}
    asked = [labels for _, labels in pieces if labels is not None]
    return features, torch.cat(asked) if asked else None


def real_features(
    extractor: Extractor, kind: Modality, images: Rows | np.ndarray, key: str, progress: Progress
) -> Tensor:
    """Return the features `[N, D]` of rows `[N, *shape]`, from the cache where they are there."""
    text = f"{key}:{extractor.name}:{extractor.version}:{extractor.sha256}"
    name = f"{hashlib.sha256(text.encode()).hexdigest()}.npy"
    try:
        path = cache_folder("features", serves=lambda folder: (folder / name).is_file()) / name
        return torch.from_numpy(np.load(path, allow_pickle=False))
    except DataError:
        path = None  # a stranger could change them, or there is no place to keep them
    except (OSError, ValueError):
        pass  # not there, or damaged: computed anew
    pieces = []
    for first in range(0, len(images), PIECE):
        pieces.append(extractor(kind.to_real(images[first : first + PIECE])))
        progress(f"features of reals ({extractor.name})", first, len(images))
    features = torch.cat(pieces)
    if path is not None:
        # A full disk costs time, nothing else.
        with suppress(CheckpointError), replacing(path) as beside, beside.open("wb") as file:
            np.save(file, features.numpy())
    return features
