"""The real samples that a run keeps a picture of, `reals.png`: read back one by one, for a quiz.

Where a picture does not hold them, as of lines of text, they lie beside it as an array, `reals.npy`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from faussaire.core.errors import CheckpointError
from faussaire.modalities import Modality
from faussaire.runs.folder import REALS, RunFolder

MOST = 64


def read_reals(path: Path, modality: Modality, shape: tuple[int, ...]) -> np.ndarray | None:
    """Return at most 64 reals of the run in a folder as a user gets them, `[n, ...]`; None where it has none."""
    run = RunFolder(path)
    try:
        if not modality.rereads:
            return np.load(run.path / REALS, allow_pickle=False)[:MOST] if run.holds(run.path / REALS) else None
        count = min(MOST, int(run.read_json(run.config)["num_images"]))
        if not run.holds(run.path / "reals.png"):
            return None
        with Image.open(run.path / "reals.png") as opened:
            sheet = np.asarray(opened)
        return modality.reread(sheet, count, shape)
    except (
        OSError,
        SyntaxError,  # Pillow's, of a PNG
        ValueError,
        KeyError,
        TypeError,
        CheckpointError,
        Image.DecompressionBombError,
    ):
        return None
