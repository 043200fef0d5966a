"""What of a run is not as it was written, and what of that can be put back: before it goes on, and by `faussaire runs`.

config.json is put back from the newest whole checkpoint, and so is the plan (`runs.opening`), so that no single file is
needed but one checkpoint. What can be made again is removed: generator and pictures come with the next save, the best
generator with the next score that beats all that stand. Nothing is put back in silence.
"""

from __future__ import annotations

import shutil
from contextlib import suppress

from faussaire.core.errors import CheckpointError
from faussaire.core.files import writing
from faussaire.runs.checkpoint import checkpoints, damage_of, run_of_newest
from faussaire.runs.folder import RunFolder
from faussaire.runs.manifest import CHANGED, GROWING, MANIFEST, OF_EVALUATION, damaged_files, digest_of


def damage(run: RunFolder) -> dict[str, str]:
    """Return what is wrong, by the path in the run, with each of its files; nothing where all is as it was written."""
    found = damaged_files(run.path) | damaged_files(run.path, OF_EVALUATION)
    for event in run.events("samples"):
        name, digest = str(event.data.get("path")), event.data.get("sha256")
        path = run.path / name
        if digest is not None and run.holds(path) and path.is_file():
            found.pop(name, None)  # of several tellings the last one holds
            if digest_of(path) != digest:
                found[name] = CHANGED
    for path in checkpoints(run.checkpoints):
        try:
            if problem := damage_of(path):
                found[f"checkpoints/{path.name}"] = problem
        except CheckpointError as error:
            found[f"checkpoints/{path.name}"] = str(error)
    return found


def mend(run: RunFolder) -> list[str]:
    """Put back, or remove, what is damaged of a run that this process has locked; return a line on each.

    Raises:
        CheckpointError: something cannot be read, or written.
    """
    found = damaged_files(run.path)
    lines = _put_back_config(run, found.pop(run.config.name, ""))
    if MANIFEST in found:
        lines.append(f"{MANIFEST} is damaged: {found[MANIFEST]}; it is begun anew")
        with writing(run.path / MANIFEST):
            (run.path / MANIFEST).unlink()
    for name, problem in found.items():
        path = run.path / name
        if problem != CHANGED or name == GROWING or not run.holds(path):
            continue
        if path.parent == run.best:
            lines.append(f"{name} is damaged: {problem}; the next score that beats those that stand makes best/ anew")
            shutil.rmtree(run.best, ignore_errors=True)
            run.manifest.forget(run.best)
        else:
            lines.append(f"{name} is damaged: {problem}; it is made again")
            with suppress(OSError):
                path.unlink()
    return lines


def _put_back_config(run: RunFolder, problem: str) -> list[str]:
    """Write config.json as the newest whole checkpoint holds it, where it is damaged or gone; say so."""
    if not problem and not run.exists() and checkpoints(run.checkpoints):
        problem = "it is gone"
    if not problem and run.exists():
        try:
            run.record()
        except CheckpointError:
            problem = "it cannot be read"
    if not problem:
        return []
    path, told = run_of_newest(run.checkpoints)
    if path is None or not isinstance(told.get("record"), dict):
        return []  # whoever reads it says what is wrong with it
    run.write_json(run.config, told["record"])
    return [f"{run.config.name} was damaged: {problem}; it was put back from checkpoint {path.name}"]
