"""The files that samples are written as: `faussaire generate --out`, the studio and the public page offer each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np


class Shown(Enum):
    """What a page puts beside the picture of a sample."""

    NOTHING = "nothing"
    PLAYER = "player"
    """The file is sound, and a button plays it."""

    TEXT = "text"
    """The file is UTF-8, and stands there to be read."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """One kind of file."""

    suffix: str
    """Of its name, in lower case: `.wav`."""

    media_type: str
    """`audio/wav`."""

    encode: Callable[[np.ndarray], bytes]
    """Turn what `Modality.to_array` gives, `[n, …]`, into the content of a file: one sample, or several in a row."""

    shown: Shown = Shown.NOTHING
