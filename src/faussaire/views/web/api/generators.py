"""Generators in memory: loaded when first asked for, loaded again when the training has written a newer one."""

from __future__ import annotations

import asyncio
import gc
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faussaire.core.errors import ConfigError, RequestError
from faussaire.runs.folder import RunFolder
from faussaire.views.web.api.batching import Batcher

if TYPE_CHECKING:
    from faussaire.generation.generator import Generator

KEPT = 4  # generators in memory
NO_GENERATOR = "this run has no generator yet, or no longer: it is written within the first seconds of a training"


@dataclass(eq=False)
class Loaded:
    """A generator that answers requests."""

    generator: Generator
    batcher: Batcher
    version: int
    """Of its file: the time when it was written."""

    memory: dict[str, Any] = field(default_factory=dict)
    """What was worked out about it, by name; gone with it."""


class Generators:
    """The generators of the runs that were asked for last."""

    def __init__(self) -> None:
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="inference", initializer=_compute_alone)
        self._loaded: OrderedDict[Path, Loaded] = OrderedDict()

    async def newest(self, run: RunFolder) -> Loaded:
        """Return the generator of a run as it was last saved.

        Raises:
            RequestError: the run has none yet.
            CheckpointError: it is damaged.
        """
        version = written(run)
        loaded = self._loaded.get(run.path)
        if loaded is None or loaded.version != version:
            generator = await asyncio.get_running_loop().run_in_executor(self.thread, load, run)
            loaded = Loaded(generator, Batcher(generator, self.thread), version)
            self._loaded[run.path] = loaded
            gc.freeze()  # torch and the generator stay: the collector need not look through them again and again
        self._loaded.move_to_end(run.path)
        while len(self._loaded) > KEPT:
            self._loaded.popitem(last=False)
        return loaded


def _compute_alone() -> None:
    """Compute in one thread: another core answers requests, or trains."""
    import torch

    torch.set_num_threads(1)


def written(run: RunFolder) -> int:
    """Return when the generator of a run was written, in nanoseconds.

    Raises:
        RequestError: there is none yet.
    """
    from faussaire.generation.saved import weights_in

    for folder in (run.path, run.generator_folder):
        with suppress(OSError):
            return weights_in(folder).stat().st_mtime_ns
    raise RequestError(409, NO_GENERATOR)


def load(run: RunFolder) -> Generator:
    """Load the generator of a run."""
    from faussaire.generation.generator import Generator

    try:
        return Generator.load(run.path)
    except ConfigError:
        raise RequestError(409, NO_GENERATOR) from None
