"""A generator on the disk, written and read here and nowhere else: what it is in JSON, its weights as safetensors.

    config.json               format, architecture, z_dim, width, what a sample is, name and class shares of the data
    generator.safetensors     the weights of the averaged generator, and how many images its run had seen

No pickle, so a stranger's generator is safe to open. A newer format than FORMAT is refused; an older one is read.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from faussaire.core.config import Config
from faussaire.core.errors import CheckpointError, ConfigError, DivergenceError, FaussaireError
from faussaire.core.files import write_atomically
from faussaire.core.suggestions import typed
from faussaire.modalities import SampleSpec
from faussaire.models.architectures import architecture
from faussaire.runs.checkpoint import TrainState, check_finite

if TYPE_CHECKING:
    from faussaire.generation.generator import Generator

GENERATOR_TENSORS = "generator.safetensors"
DESCRIPTION = "config.json"
FORMAT = 1


def write_generator(
    state: TrainState, folder: Path, *, config: Config, spec: SampleSpec, name: str, class_shares: Sequence[float] = ()
) -> None:
    """Write the averaged generator so that it can be used without the run.

    `class_shares` are those of the data that a conditional one learnt from; none make it unconditional.

    Raises:
        DivergenceError: a weight is not finite; nothing is written.
        CheckpointError: the disk is full, or the like.
    """
    tensors = {key: tensor.contiguous() for key, tensor in state.G_ema.state_dict().items()}
    check_finite(tensors, state.nimg)
    described: dict[str, Any] = {
        "format": FORMAT,
        "name": name,
        "architecture": architecture(config.architecture, spec).name,
        "z_dim": config.z_dim,
        "width": config.width,
        "spec": asdict(spec),
        "class_shares": list(class_shares),
    }
    text = json.dumps(described, indent=2, ensure_ascii=False) + "\n"
    write_atomically(folder / DESCRIPTION, text.encode())
    write_atomically(folder / GENERATOR_TENSORS, save(tensors, metadata={"nimg": str(state.nimg)}))


def description(generator: Generator) -> dict[str, Any]:
    """Return what config.json holds of a generator."""
    return {
        "format": FORMAT,
        "name": generator.name,
        "architecture": generator.architecture,
        "z_dim": generator.z_dim,
        "width": generator.width,
        "spec": asdict(generator.spec),
        "class_shares": list(generator.class_shares),
    }


def read_generator(path: Path) -> dict[str, Any]:
    """Read what `Generator` is made of, by the names of its arguments, from its folder or from the folder of its run.

    Raises:
        ConfigError: there is none.
        CheckpointError: its files are damaged, or of a faussaire newer than this one.
    """
    folder = _find(path)
    try:
        described = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        if described["format"] > FORMAT:
            raise CheckpointError(
                f"this generator is of format {described['format']} and this faussaire reads up to {FORMAT}: "
                "upgrade faussaire"
            )
        sample, z_dim, name = described["spec"], int(described["z_dim"]), str(described["name"])
        spec = SampleSpec.from_dict(sample)
        class_shares = tuple(float(share) for share in described.get("class_shares", ()))
        found = architecture(str(described["architecture"]), spec)
        with torch.device("meta"):
            module = found.generator(spec, z_dim, len(class_shares), found.width_or(described.get("width")))
        with safe_open(folder / GENERATOR_TENSORS, framework="pt") as file:
            nimg = int(file.metadata()["nimg"])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  (no dict)
        module.load_state_dict(tensors, assign=True)
        check_finite(tensors, nimg)
    except DivergenceError:
        raise CheckpointError(
            f"the generator in {folder} has weights that are not finite: it is damaged, and makes no samples"
        ) from None
    except FaussaireError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise CheckpointError(f"the generator in {folder} cannot be loaded: {reason}") from None
    return {
        "module": module,
        "spec": spec,
        "z_dim": z_dim,
        "name": name,
        "nimg": nimg,
        "class_shares": class_shares,
        "architecture": found.name,
        "width": described.get("width"),
    }


def generator_nimg(folder: Path) -> int | None:
    """Return how many images the run of a generator had seen; None where there is no generator that can be read."""
    try:
        with safe_open(folder / GENERATOR_TENSORS, framework="pt") as file:
            return int(file.metadata()["nimg"])
    except (OSError, ValueError, KeyError, TypeError, SafetensorError):
        return None


def _find(path: Path) -> Path:
    """Return the folder that holds the two files."""
    try:
        for folder in (path, path / "generator"):
            if (folder / GENERATOR_TENSORS).is_file():
                return folder
        if not path.exists():
            raise ConfigError(f"no such run or generator: {path}")
    except OSError as error:  # it may not be looked into, or no name is as long
        raise ConfigError(f"cannot look for a generator in {path}: {error.strerror or error}") from None
    if (path / "checkpoints").is_dir():
        raise ConfigError(f"{path} holds no generator: the command that trained it goes on, and writes it again")
    raise ConfigError(f"{path} holds no generator: train first (faussaire train DATA --run {typed(path)})")
