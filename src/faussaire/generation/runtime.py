"""A generator that `faussaire export --to onnx` made, run by ONNX Runtime: torch need not be installed.

The same seed gives the same samples as the generator that was exported, to 1e-4 in [-1, 1]: latents are torch's own,
by torch's algorithm written out in NumPy.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from faussaire.core.errors import CheckpointError, ConfigError
from faussaire.generation.generator import CHUNK, STREAM, Generator
from faussaire.generation.latents import latents_without_torch
from faussaire.modalities import SampleSpec

FORMAT = 1
Z, TRUNCATION, LABELS, SAMPLES = "z", "truncation", "class", "samples"
"""The inputs of the graph, float32 `[N, z_dim]`, float32 `[]`, and of a conditional one int64 `[N]`; its output."""

NO_RUNTIME = "an exported generator is run by ONNX Runtime, which is not installed: pip install 'faussaire[runtime]'"


class RuntimeGenerator(Generator):
    """Makes samples from random input by a graph; arrays take the place of tensors.

    Args:
        session: of ONNX Runtime.
        facts: what the file says of itself, as `export._graph` writes it.
    """

    def __init__(self, session: Any, facts: dict[str, Any]) -> None:
        self._session = session
        self.facts = facts
        self.architecture, self.width = str(facts["architecture"]), facts["width"]
        self._describe(
            SampleSpec.from_dict(facts["spec"]),
            z_dim=int(facts["z_dim"]),
            name=str(facts["name"]),
            nimg=int(facts["nimg"]),
            class_shares=tuple(map(float, facts["class_shares"])),
        )

    @property
    def module(self) -> Any:
        """There is none any more.

        Raises:
            ConfigError: always.
        """
        raise ConfigError(
            f"the generator of {self.name} was exported already and has no weights to take elsewhere: name its run"
        )

    @classmethod
    def open(cls, path: Path) -> RuntimeGenerator:
        """Open a file.

        Raises:
            ConfigError: there is none, or ONNX Runtime is not installed.
            CheckpointError: it is damaged, not one of faussaire's, or of a faussaire newer than this one.
        """
        try:
            import onnxruntime
        except ImportError:
            raise ConfigError(NO_RUNTIME) from None
        if not path.is_file():
            raise ConfigError(f"no such generator: {path}")
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # what is wrong is told by what is raised
        try:
            session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the classes of its errors are not public
            raise CheckpointError(f"the generator in {path} cannot be loaded: {_first_line(error)}") from None
        facts = {name: _parsed(text) for name, text in session.get_modelmeta().custom_metadata_map.items()}
        if not isinstance(facts.get("format"), int):
            raise CheckpointError(f"{path} was not exported by faussaire: it does not say what it makes")
        if facts["format"] > FORMAT:
            raise CheckpointError(
                f"{path} is of format {facts['format']} and this faussaire reads up to {FORMAT}: upgrade faussaire"
            )
        try:
            return cls(session, facts)
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"the generator in {path} cannot be loaded: {_first_line(error)}") from None

    def _latents(self, seed: int, position: int) -> Any:
        return latents_without_torch(CHUNK, self.z_dim, seed=seed, stream=STREAM, position=position)

    def as_input(self, array: np.ndarray) -> Any:
        return array

    def __call__(self, z: Any, labels: Any = None, truncation: Any = 1.0) -> Any:
        """Map latents float32 `[N, z_dim]` to samples `[N, *shape]`, of classes `[N]` where it is conditional, and of
        one truncation.

        Raises:
            ConfigError: it is conditional, and there are no classes.
            CheckpointError: the samples are not finite, or not of the shape that the file speaks of.
        """
        self._check_classes(labels)
        inputs = {Z: np.ascontiguousarray(z, np.float32), TRUNCATION: np.asarray(truncation, np.float32)}
        if self.class_shares:
            inputs[LABELS] = np.ascontiguousarray(labels, np.int64)
        try:
            out: np.ndarray = self._session.run([SAMPLES], inputs)[0]
        except Exception as error:
            raise CheckpointError(f"the generator of {self.name} cannot be run: {_first_line(error)}") from None
        if out.shape != (len(z), *self.spec.shape):
            raise CheckpointError(f"the generator of {self.name} is damaged: it makes samples of {list(out.shape[1:])}")
        self._check_finite(bool(np.isfinite(out).all()))
        return out


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
