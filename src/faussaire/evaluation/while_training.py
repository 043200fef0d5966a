"""Figures of a generator while it trains: 2,000 samples against held-out images, by the extractor of its modality.

It costs a second or two, and needs no network: what a better figure is worth, `evaluate` says afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor

from faussaire.core.rng import draw_places, numpy_generator_for
from faussaire.core.world import ALONE, World
from faussaire.data import Rows
from faussaire.evaluation.extractors import EXTRACTORS
from faussaire.evaluation.features import PIECE, in_pieces
from faussaire.evaluation.protocols import PROTOCOLS, compute
from faussaire.generation.latents import latents
from faussaire.modalities import Modality

LEAST_SCORED = 8  # held-out images that a score on the way takes: half of them against the others is its floor

Scorer = Callable[[], list[dict[str, Any]]]
"""Scores the averaged generator as it stands: rows as in `faussaire evaluate --json`, the Fréchet distance first."""


def training_scorer(
    held_out: Rows,
    kind: Modality,
    make: Callable[[Tensor, Tensor | None], Tensor],
    *,
    z_dim: int,
    reals: str,
    seed: int,
    labels: np.ndarray | None = None,
    world: World = ALONE,
) -> Scorer:
    """Return what scores a generator while it trains.

    Args:
        held_out, reals: rows `[N, *shape]`, at least LEAST_SCORED, and what names them, as `Reals.key` does.
        kind: their modality, which names the extractor.
        make: maps latents `[n, z_dim]`, and labels `[n]` where G is conditional, to samples `[n, *shape]` in [-1, 1];
            called anew for each score.
        z_dim, seed: numbers in a latent, and the seed of the run; the latents are the same for each score.
        labels: of the held-out images, int64 `[N]`, where G is conditional: the samples have their shares.
        world: the processes that share the work; all of them must call for the score, and get it.
    """
    extractor = EXTRACTORS[kind.scored_by]()
    protocol = PROTOCOLS[f"fd2000-{kind.scored_by}"]
    # Twice as many as are compared with: the floor is a distance between two sets of that size.
    places = draw_places(len(held_out), 2 * protocol.n_real, seed=seed, stream="score reals")
    real = extractor(kind.to_real(held_out[places]))

    def features(piece_numbers: Sequence[int]) -> Tensor:
        pieces = []
        for piece in piece_numbers:
            num_here = min(PIECE, protocol.n_fake - piece * PIECE)
            z, drawn_labels = latents(PIECE, z_dim, seed=seed, stream="score", position=piece)[:num_here], None
            if labels is not None:
                drawn = numpy_generator_for(seed, "score classes", piece).integers(0, len(labels), PIECE)[:num_here]
                drawn_labels = torch.from_numpy(labels[drawn])
            with torch.no_grad():
                pieces.append(extractor(make(z, drawn_labels)))
        return torch.cat(pieces) if pieces else real[:0]

    def score() -> list[dict[str, object]]:
        fake = in_pieces(features, protocol.n_fake, PIECE, world)
        return [asdict(row) for row in compute(protocol, real, fake, extractor, reals=reals)]

    return score
