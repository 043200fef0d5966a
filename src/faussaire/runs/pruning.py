"""What a run holds that nothing needs any more, and the removal of it.

To go on, or to be made longer, a run needs its newest whole checkpoint. That of its best score is kept besides; older
ones are there for the case that the newest is damaged, which is looked at first. What a kill left half written, and
checkpoints that were set aside as damaged, are of no use to anybody.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from faussaire.core.errors import CheckpointError
from faussaire.runs.best import best_of
from faussaire.runs.checkpoint import ASIDE, LEFT_BEHIND, checkpoints, damage_of
from faussaire.runs.folder import RunFolder


def superfluous(run: RunFolder) -> list[Path]:
    """Return what may be removed of a run that no process trains; nothing of one whose checkpoints are all damaged.

    Raises:
        CheckpointError: a checkpoint cannot be read.
    """
    there = checkpoints(run.checkpoints)
    newest = next((path for path in there if not damage_of(path)), None)
    if newest is None:
        return []
    best = best_of(run.events("score", "resumed"))
    kept = {newest.name} | ({f"{best.nimg:012d}"} if best else set())
    old = [path for path in there if path.name not in kept]
    left = [p for p in run.checkpoints.iterdir() if p.name.startswith(ASIDE) or LEFT_BEHIND.fullmatch(p.name)]
    torn = [path for path in run.path.rglob(".tmp-*") if run.checkpoints not in path.parents]
    return sorted([*old, *left, *torn])


def size_of(paths: Iterable[Path]) -> int:
    """Return how many bytes files and folders take; what cannot be looked at counts for none."""
    total = 0
    for path in paths:
        for file in [path, *path.rglob("*")]:
            with suppress(OSError):
                total += file.lstat().st_size if file.is_file() and not file.is_symlink() else 0
    return total


def remove(paths: Iterable[Path]) -> None:
    """Remove files and folders.

    Raises:
        CheckpointError: one cannot be removed.
    """
    for path in paths:
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise CheckpointError(f"cannot remove {path}: {error.strerror or error}") from None
