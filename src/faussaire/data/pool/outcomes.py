"""What came of each item, as a row of numbers: what decoding tells the store. Light: every decoder imports it."""

from __future__ import annotations

import numpy as np

OUTCOME = np.dtype(
    [
        ("digest", "V32"),  # SHA-256 of the row
        ("perceptual_hash", "<u8"),  # 64 bits that change little when the sample does
        ("width", "<u4"),
        ("height", "<u4"),
        ("note", "<u4"),  # number of a word
        ("mode", "<u2"),  # number of a word
        ("flags", "<u2"),  # the sum of what follows, and of what a modality says (modalities/spec.py)
    ]
)
KEPT = 1
DROPPED = 8  # by the store, though it could be decoded
