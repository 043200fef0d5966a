"""Counts of the letters of a line, and of groups of two and three of them, hashed into 32 places.

What a reader takes for the sound of a name is which letters follow which. The counts are small whole numbers (feature
hashing: Weinberger et al. 2009, arXiv 0902.2206); two lines are the nearer the more groups they share, and at 0 when
they are the same. No network, and 10,000 lines in a tenth of a second.
"""

from __future__ import annotations

import torch
from torch import Tensor

from faussaire.core.errors import ExtractorError
from faussaire.evaluation.protocols import NO_WEIGHTS_SHA256

PLACES = 32
"""More would tell more, and take more held-out lines: with 256, 500 names are as far from names as from noise."""
LONGEST = 3  # letters in a group
_MULTIPLIER, _SHIFT = 0x9E3779B1, 27  # Fibonacci hashing of 32 bits: the upper five are left


class LetterGroupsExtractor:
    """The extractor `letter-groups`."""

    name = "letter-groups"
    version = "1"
    sha256 = NO_WEIGHTS_SHA256
    modalities = ("text",)
    input_size = 0
    dimension = PLACES
    resize = "none"

    def __call__(self, samples: Tensor) -> Tensor:
        """Return features `[N, 32]` of lines `[N, V, L]`.

        Raises:
            ExtractorError: they are no lines.
        """
        if samples.ndim != 3 or len(samples) == 0:
            raise ExtractorError(f"letter-groups takes lines [N, V, L], N >= 1, not {list(samples.shape)}")
        numbers = line_numbers(samples)
        edge = numbers.new_zeros(len(numbers), 1)
        numbers = torch.cat([edge, numbers, edge], dim=1)  # the first and the last letter are groups of their own
        features = torch.zeros(len(numbers), PLACES)
        for size in range(1, LONGEST + 1):
            groups = numbers.unfold(1, size, 1)
            whole = (groups[:, :, :-1] > 0).all(2) | (groups[:, :, 0] == 0) & (groups[:, :, 1:-1] > 0).all(2)
            whole &= (groups > 0).any(2)
            code = torch.full_like(groups[:, :, 0], size)
            for letter in groups.unbind(2):
                code = (code * 1031 + letter + 1) % 2**31
            features.scatter_add_(1, (code * _MULTIPLIER % 2**32) >> _SHIFT, whole.float())
        return features


def line_numbers(samples: Tensor) -> Tensor:
    """Return the numbers int64 `[N, L]` of the letters of lines `[N, V, L]`, 0 from the first end on."""
    numbers = samples.detach().argmax(1)
    return numbers * (numbers > 0).cumprod(1)
