"""The real images that a run keeps a picture of, `reals.png`: read back one by one, for a quiz."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from faussaire.core.errors import CheckpointError
from faussaire.modalities import Modality
from faussaire.runs.folder import RunFolder

MOST = 64


def read_reals(path: Path, modality: Modality, shape: tuple[int, ...]) -> np.ndarray | None:
    """Return at most 64 reals of the run in a folder as a user gets them, `[n, ...]`; None where it has no picture.

    Raises:
        ValueError: a picture does not hold each of them, as of sounds.
    """
    run = RunFolder(path)
    try:
        count = min(MOST, int(run.read_json(run.config)["num_images"]))
        if not run.holds(run.path / "reals.png"):
            return None
        with Image.open(run.path / "reals.png") as opened:
            sheet = np.asarray(opened)
        reals = modality.reread(sheet, count, shape)
    except (OSError, SyntaxError, ValueError, KeyError, TypeError, CheckpointError):  # SyntaxError: Pillow's, of a PNG
        return None
    if reals is None:
        raise ValueError(f"a picture of {modality.name} does not hold each")
    return reals
