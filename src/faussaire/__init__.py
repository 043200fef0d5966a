"""faussaire: generative adversarial networks from a folder of images to a trained generator.

    run = faussaire.train("mnist", classes=["7"], minutes=2)
    images = run.generator().sample(20, seed=0)
    faussaire.Generator.load("runs/mnist").sample(20, truncation=0.8)

Importing this package imports nothing heavy: each name below is loaded when it is first used.
"""

from __future__ import annotations

import ctypes
import importlib
import os
from typing import TYPE_CHECKING, Any

# Threads that wait for one another shall sleep, not spin: beside another busy process, spinning makes a training on two
# cores ten times slower (benchmarks/waiting.py). OpenMP reads this once, when torch is loaded; the user's value stands.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def _keep_freed_memory() -> None:
    """Let glibc keep memory that is freed for the next tensor, where it would give it back to the system.

    Every large tensor otherwise comes as new pages that the kernel must clear first: half of the time of the feature
    extractor (21 ms an image and not 11 on one thread). What takes 64 MiB or more, as matrices of distances do, still
    goes back: it leaves holes that add up. Other C libraries have no `mallopt` and are left alone.
    """
    mmap_threshold, trim_threshold = -3, -1
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, TypeError, AttributeError):
        return
    mallopt(mmap_threshold, 1 << 26)
    mallopt(trim_threshold, (1 << 31) - 1)


_keep_freed_memory()

if TYPE_CHECKING:
    from faussaire.api import Run, compare, evaluate, train
    from faussaire.core.config import Config
    from faussaire.core.errors import (
        CheckpointError,
        ConfigError,
        DataError,
        DivergenceError,
        ExportError,
        ExtractorError,
        FaussaireError,
    )
    from faussaire.data import prepare
    from faussaire.generation.generator import Generator

__version__ = "0.1.0"

_HOMES = {
    "Run": "api",
    "compare": "api",
    "evaluate": "api",
    "train": "api",
    "Config": "core.config",
    "prepare": "data",
    "Generator": "generation.generator",
    "CheckpointError": "core.errors",
    "ConfigError": "core.errors",
    "DataError": "core.errors",
    "DivergenceError": "core.errors",
    "ExportError": "core.errors",
    "ExtractorError": "core.errors",
    "FaussaireError": "core.errors",
}

__all__ = [
    "CheckpointError",
    "Config",
    "ConfigError",
    "DataError",
    "DivergenceError",
    "ExportError",
    "ExtractorError",
    "FaussaireError",
    "Generator",
    "Run",
    "compare",
    "evaluate",
    "prepare",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'faussaire' has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(f"faussaire.{_HOMES[name]}"), name)
    except ModuleNotFoundError as error:
        from faussaire.core.extras import missing

        raise missing(error, what=f"faussaire.{name}") or error from None


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
