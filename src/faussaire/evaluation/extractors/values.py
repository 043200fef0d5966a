"""The numbers of a sample as they are: the extractor of every modality that names none of its own.

For points and other short samples it is all that there is to see; of long ones it sees no more than their place.
"""

from __future__ import annotations

import torch
from torch import Tensor

from faussaire.core.errors import ExtractorError
from faussaire.evaluation.protocols import NO_WEIGHTS_SHA256

MOST = 1024
"""Numbers of a sample: the distances of longer ones cost more than a network would."""


class ValuesExtractor:
    """The extractor `values`."""

    name = "values"
    version = "1"
    sha256 = NO_WEIGHTS_SHA256
    modalities: tuple[str, ...] = ()
    input_size = 0
    dimension = 0
    resize = "none"

    def __call__(self, samples: Tensor) -> Tensor:
        """Return samples `[N, *shape]` as features `[N, D]`.

        Raises:
            ExtractorError: a sample has more than MOST numbers.
        """
        features = samples.detach().to(torch.float32).flatten(1)
        if features.shape[1] > MOST:
            raise ExtractorError(f"values takes samples of at most {MOST:,} numbers, not {features.shape[1]:,}")
        return features
