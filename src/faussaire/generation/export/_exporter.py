"""What an exporter is, and what it is given: the generator to take away, and what is known of it.

Nothing here imports torch or NumPy: the command line reads the options of every exporter for its help.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faussaire.core.config import without_folders
from faussaire.core.names import slug

if TYPE_CHECKING:
    from faussaire.generation.generator import Generator

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much."""


class Source:
    """A generator that is to be exported, and what is known of it.

    Args:
        path: folder of a run or of a generator, or `hub:owner/name`.

    Raises:
        ConfigError: there is none.
        CheckpointError: its files are damaged.
    """

    def __init__(self, path: str | Path) -> None:
        from faussaire.generation.generator import Generator
        from faussaire.generation.hub import fetch, is_on_hub

        self.path = fetch(path) if is_on_hub(path) else Path(path)
        self.generator: Generator = Generator.load(self.path)

    @property
    def name(self) -> str:
        """What files of it are named by default: the run's folder, or else the data that it learnt, as one name."""
        return self.path.resolve().name if self.is_run else slug(self.generator.name)

    @property
    def is_run(self) -> bool:
        """Whether there is a run around it, with events and settings."""
        return self._read("config.json").keys() >= {"config", "spec"}

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of its run as config.json has them, of every path its last part only; empty where unknown."""
        recorded = self._read("config.json") if self._exported is None else {"config": self._exported.get("recipe")}
        found = without_folders(recorded).get("config") if "config" in recorded else None
        return found if isinstance(found, dict) else {}

    @property
    def scores(self) -> dict[str, Any]:
        """What `faussaire evaluate` left in scores.json: `scores` (rows), `copies`, `verdicts`; empty where nothing."""
        return self._read("scores.json")

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the weights and of what they are the weights of, in hexadecimals: the same for a copy."""
        if self._exported is not None:
            return str(self._exported.get("digest", ""))
        from faussaire.generation.saved import description

        digest = hashlib.sha256(json.dumps(description(self.generator), sort_keys=True).encode())
        for name, tensor in sorted(self.generator.module.state_dict().items()):
            digest.update(f"\n{name} {tensor.dtype} {list(tensor.shape)}\n".encode())
            digest.update(tensor.contiguous().numpy().tobytes())
        return digest.hexdigest()

    @property
    def _exported(self) -> dict[str, Any] | None:
        """What an exported generator says of itself; None of one that is in a folder."""
        return getattr(self.generator, "facts", None)

    def _read(self, name: str) -> dict[str, Any]:
        try:
            content = json.loads((self.path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return content if isinstance(content, dict) else {}


@dataclass(frozen=True, kw_only=True)
class Exporter:
    """A form in which a generator can be taken away."""

    name: str
    """What `--to` calls it."""

    description: str
    """One line for the help of the command line."""

    suffix: str | Callable[[], str]
    """What comes after the name of the run in the name of what is written, unless another place is given: `.onnx`.
    A function where it depends on what is installed."""

    options: type
    """A frozen dataclass of what the user may choose: its fields are flags of `faussaire export`, the docstring under
    each their help, as in `core.config`. It raises ConfigError where a value is impossible."""

    export: Callable[[Source, Path, Any, Progress], list[str]]
    """(source, where to write, options, progress) -> what there is to say of it, a line each, the first saying what it
    is. Raises ConfigError for what cannot be asked, ExportError where it cannot be made; nothing half written is
    left."""
