"""Labels by the names of the files themselves, as recordings have them: `7_jackson_32.wav` is a 7.

The first part of a name is the class where every name has as many parts, joined by `_` or `-`, and the last of them is
a number; there are from 2 to 100 classes, and each has two files or more. Only of kinds of data whose names tell
classes (`Modality.names_tell`).
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence

from faussaire.data.labels.labels import WrittenLabels
from faussaire.modalities import of_files

MOST = 100


def labels_of_names(names: Sequence[str], usable: Sequence[bool]) -> WrittenLabels | None:
    """Return the labels that names tell; only those that are `usable` decide. None where they tell none."""
    if not of_files(names).names_tell:
        return None
    parts = [re.split("[_-]", os.path.splitext(name.rsplit("/", 1)[-1])[0]) for name in names]
    real = [part for part, able in zip(parts, usable, strict=True) if able]
    lengths = {len(part) for part in real}
    if len(lengths) != 1 or min(lengths) < 2 or not all(part[0] and part[-1].isdecimal() for part in real):
        return None
    counts = Counter(part[0] for part in real)
    if not 2 <= len(counts) <= MOST or min(counts.values()) < 2:
        return None
    labels = [part[0] if part[0] in counts else None for part in parts]
    example = names[usable.index(True)].rsplit("/", 1)[-1]
    return WrittenLabels(labels=labels, notes=(f"labels from the first part of the names of the files ({example})",))
