"""Pieces of music as JSON: of each a list with the pitches that sound at each sixteenth, as `[[74, 70, 65, 58], …]`.

As the chorales of Boulanger-Lewandowski et al. 2012 (arXiv 1206.6392) are passed on: a list of such pieces, or an
object of parts (`train`, `valid`, `test`) with one each. Where there are parts, the training part is taken, and what is
left out is told. Packed files are read too, as all text is.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from faussaire.core.errors import DataError
from faussaire.core.names import shortened, shown, slug
from faussaire.core.packed import unpacked
from faussaire.data.dataset import Source
from faussaire.data.sources.kind import Head, SourceKind

SUFFIX = ".steps"
"""Of the name of one piece, which is JSON by itself."""

MOST_BYTES = 2**28
"""Larger ones would take gigabytes when read: the largest sets of this kind have some ten megabytes."""

_BEGINS = re.compile(rb'\s*(\{\s*"[^"]{1,64}"\s*:\s*)?\[\s*\[\s*\[\s*(-?[0-9]|null|NaN|\])')
_TRAIN = "train"


def steps_source(path: Path, scratch: Path) -> Source:
    """List the pieces of a file.

    Raises:
        DataError: it cannot be read, or is no list of pieces.
    """
    parts = _parts(path)
    taken = {name: pieces for name, pieces in parts.items() if name.lower() == _TRAIN} or parts
    notes = []
    if left := [name for name in parts if name not in taken]:
        notes.append(f"parts of the file: {', '.join(taken)} is taken, {shortened(', '.join(left))} left out")
    pieces = {
        f"{shown(name) or path.name.split('.')[0]}[{number}]{SUFFIX}": piece
        for name, several in taken.items()
        for number, piece in enumerate(several)
    }
    names = list(pieces)
    return Source(
        name=slug(_title(path)),
        where=str(path),
        items=names,
        notes=tuple(notes),
        read=lambda i: json.dumps(pieces[names[i]]).encode(),
    )


def _parts(path: Path) -> dict[str, list[Any]]:
    """Return the pieces of each part; of a plain list one part without a name.

    Raises:
        DataError: it cannot be read, or is no list of pieces.
    """
    try:
        with unpacked(path) as file:
            text = file.read(MOST_BYTES + 1)
        if len(text) > MOST_BYTES:
            raise DataError(
                f"{path} is larger than {MOST_BYTES >> 20} MiB: split it into several files of fewer pieces"
            )
        found = json.loads(text)
    except DataError:
        raise
    except (OSError, EOFError, ValueError, RecursionError) as error:
        reason = shortened(str(error)) or type(error).__name__
        raise DataError(f"{path} cannot be read as JSON ({reason}): make or download it again") from error
    parts = found if isinstance(found, dict) else {"": found}
    lists = {str(name): pieces for name, pieces in parts.items() if isinstance(pieces, list) and pieces}
    if not lists:
        raise DataError(
            f"{path} holds no pieces: give lists of the pitches at each sixteenth, [[[60, 64], [60, 65]], …]"
        )
    return lists


def _title(path: Path) -> str:
    return path.name.split(".json")[0]


def _is_steps(head: Head) -> bool:
    return head.is_text and _BEGINS.match(head.inside) is not None


STEPS = SourceKind(
    name="steps",
    open=steps_source,
    recognises=_is_steps,
    patterns=("*.steps.json",),
    title=_title,
)
