"""What a word that is none of the known ones may have been meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'? Known: x, y, z`, or without the question where nothing is near."""
    names = list(known)
    near = difflib.get_close_matches(word.lower(), names, n=1)
    return (f"; did you mean {near[0]!r}?" if near else ";") + f" known: {', '.join(names)}"
