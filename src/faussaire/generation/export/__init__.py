"""A generator that travels: each way to take one elsewhere is a file. The folder is the registry.

To add one, write `name.py` with an `EXPORTER`: `faussaire export RUN --to name` and its flags come of themselves. Its
top imports nothing heavy, as every command line reads it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from faussaire.core.config import flag
from faussaire.core.errors import ConfigError
from faussaire.core.suggestions import did_you_mean
from faussaire.generation.export._exporter import Exporter, Progress, Source

__all__ = ["Exporter", "Progress", "Source", "export", "exporters"]


def exporters() -> dict[str, Exporter]:
    """Return every exporter by name."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    return {name: importlib.import_module(f"{__name__}.{name}").EXPORTER for name in names}


def export(
    run: str | Path,
    to: str,
    out: str | Path | None = None,
    *,
    progress: Progress = lambda what, done, total: None,
    **settings: Any,
) -> tuple[Path, list[str]]:
    """Take the generator of a run elsewhere.

    Args:
        run: folder of a run or of a generator, or `hub:owner/name`.
        to: name of an exporter.
        out: where it is written; a file or folder in the working directory, named after the run, if not given.
        progress: told how far it is.
        settings: fields of the exporter's options; None is one that was not given.

    Returns:
        where it was written, and what there is to say of it, a line each.

    Raises:
        ConfigError: there is no such run or exporter, or a setting is impossible or is not one of its.
        ExportError: this generator cannot be exported so.
        CheckpointError: the disk is full, or the like.
    """
    known = exporters()
    if to not in known:
        raise ConfigError(f"unknown --to {to!r}{did_you_mean(to, known)}")
    chosen = known[to]
    options = chosen.options(**_of_its(chosen, {name: v for name, v in settings.items() if v is not None}))
    source = Source(run)
    suffix = chosen.suffix if isinstance(chosen.suffix, str) else chosen.suffix()
    path = Path(f"{source.name}{suffix}" if out is None else out)
    return path, chosen.export(source, path, options, progress)


def _of_its(exporter: Exporter, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings that were given, having checked that the exporter has them all."""
    names = [field.name for field in fields(exporter.options)]
    for name in given:
        if name not in names:
            has = f"it takes {', '.join(map(flag, names))}" if names else "it takes none"
            raise ConfigError(f"{flag(name)} is no option of --to {exporter.name}: {has}")
    return given
