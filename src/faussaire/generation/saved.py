"""A generator on the disk, written and read here and nowhere else: what it is in JSON, its weights as safetensors.

    config.json               format, architecture, z_dim, width, what a sample is, name and class shares of the data
    generator.safetensors     the weights of the averaged generator, and how many images its run had seen

On a hub the second is called model.safetensors. No pickle, and nothing is believed (`generation.untrusted`), so that a
stranger's generator is safe to open. A newer format than FORMAT is refused; an older one is read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from faussaire.core.config import Config
from faussaire.core.devices import on_host
from faussaire.core.errors import CheckpointError, ConfigError, DivergenceError, FaussaireError
from faussaire.core.files import write_atomically
from faussaire.core.suggestions import typed
from faussaire.generation.untrusted import (
    DESCRIPTION,
    GENERATOR_TENSORS,
    HUB_TENSORS,
    MAX_DESCRIPTION_BYTES,
    WEIGHTS,
    check_file,
    check_folder,
    check_weights,
    read_description,
)
from faussaire.generation.weights import check_digest, serialised
from faussaire.modalities import SampleSpec, of_spec
from faussaire.models.architectures import architecture
from faussaire.runs.checkpoint import TrainState, check_finite

if TYPE_CHECKING:
    from faussaire.generation.generator import Generator

FORMAT = 1
NAMES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.bool: "BOOL",
}
"""Number types as safetensors calls them."""


def write_generator(
    state: TrainState,
    folder: Path,
    *,
    config: Config,
    spec: SampleSpec,
    name: str,
    class_shares: Sequence[float] = (),
    write: Callable[[Path, bytes], None] = write_atomically,
) -> None:
    """Write the averaged generator so that it can be used without the run.

    `class_shares` are those of the data that a conditional one learnt from; none make it unconditional. `write` writes
    a file whole.

    Raises:
        DivergenceError: a weight is not finite; nothing is written.
        CheckpointError: the disk is full, or the like.
    """
    tensors = on_host(state.G_ema.state_dict())
    check_finite(tensors, state.nimg)
    described = _description(
        spec,
        name=name,
        architecture=architecture(config.architecture, spec).name,
        z_dim=config.z_dim,
        width=config.width,
        class_shares=class_shares,
    )
    _write(folder, described, tensors, state.nimg, write=write)


def write_copy(generator: Generator, folder: Path) -> None:
    """Write a generator into a folder under the names that a hub knows.

    Raises:
        CheckpointError: the disk is full, or the like.
    """
    tensors = on_host(generator.module.state_dict())
    _write(folder, description(generator), tensors, generator.nimg, weights=HUB_TENSORS)


def _write(
    folder: Path,
    described: dict[str, Any],
    tensors: Mapping[str, Tensor],
    nimg: int,
    *,
    weights: str = GENERATOR_TENSORS,
    write: Callable[[Path, bytes], None] = write_atomically,
) -> None:
    text = json.dumps(described, indent=2, ensure_ascii=False) + "\n"
    write(folder / DESCRIPTION, text.encode())
    write(folder / weights, serialised(tensors, nimg))


def description(generator: Generator) -> dict[str, Any]:
    """Return what config.json holds of a generator."""
    return _description(
        generator.spec,
        name=generator.name,
        architecture=generator.architecture,
        z_dim=generator.z_dim,
        width=generator.width,
        class_shares=generator.class_shares,
    )


def _description(spec: SampleSpec, *, class_shares: Sequence[float], **facts: Any) -> dict[str, Any]:
    return {"format": FORMAT, **facts, "spec": asdict(spec), "class_shares": list(class_shares)}


def read_generator(path: Path) -> dict[str, Any]:
    """Read what `Generator` is made of, by the names of its arguments, from its folder or from the folder of its run.

    Its files may be a stranger's: see `generation.untrusted`.

    Raises:
        ConfigError: there is none.
        CheckpointError: its files are damaged, not what they should be, or of a faussaire newer than this one.
    """
    folder = _find(path)
    try:
        check_folder(folder)
        _refuse_newer(folder)
        described = read_description(folder / DESCRIPTION)
        spec = SampleSpec.from_dict(described["spec"])
        of_spec(spec)
        class_shares = tuple(map(float, described.get("class_shares", ())))
        found = architecture(described["architecture"], spec)
        with torch.device("meta"):
            module = found.generator(
                spec, described["z_dim"], len(class_shares), found.width_or(described.get("width"))
            )
        nimg, tensors = _read_weights(weights_in(folder), module)
        module.load_state_dict(tensors, assign=True)
        check_finite(tensors, nimg)
    except DivergenceError:
        raise CheckpointError(
            f"the generator in {folder} has weights that are not finite: it is damaged, and makes no samples"
        ) from None
    except FaussaireError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, OverflowError, SafetensorError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise CheckpointError(f"the generator in {folder} cannot be loaded: {reason}") from None
    return {
        "module": module,
        "spec": spec,
        "z_dim": described["z_dim"],
        "name": described["name"],
        "nimg": nimg,
        "class_shares": class_shares,
        "architecture": found.name,
        "width": described.get("width"),
    }


def _refuse_newer(folder: Path) -> None:
    """Raise CheckpointError for a format that is not known: what else is in its description, nobody can say."""
    check_file(folder / DESCRIPTION, at_most=MAX_DESCRIPTION_BYTES)
    format = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))["format"]
    if format > FORMAT:
        raise CheckpointError(
            f"this generator is of format {format} and this faussaire reads up to {FORMAT}: upgrade faussaire"
        )


def _read_weights(path: Path, module: nn.Module) -> tuple[int, dict[str, Tensor]]:
    """Read how many images D had seen, and the tensors of a network that has no memory yet."""
    check_weights(path, {name: (NAMES[t.dtype], t.shape) for name, t in module.state_dict().items()})
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() or {}
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  (no dict)
    if "nimg" not in metadata:
        raise ValueError(f"{path.name} does not say how many images its run had seen, as faussaire's do")
    check_digest(tensors, metadata)
    return int(metadata["nimg"]), tensors


def weights_in(folder: Path) -> Path:
    """Return where the weights in the folder of a generator are: under our name, or else under a hub's."""
    return next((path for name in WEIGHTS if os.path.lexists(path := folder / name)), folder / GENERATOR_TENSORS)


def generator_nimg(folder: Path) -> int | None:
    """Return how many images the run of a generator had seen; None where there is no generator that can be read."""
    try:
        with safe_open(weights_in(folder), framework="pt") as file:
            return int(file.metadata()["nimg"])
    except (OSError, ValueError, KeyError, TypeError, SafetensorError):
        return None


def _find(path: Path) -> Path:
    """Return the folder that holds the two files."""
    try:
        for folder in (path, path / "generator"):
            if os.path.lexists(weights_in(folder)):
                return folder
        if not path.exists():
            raise ConfigError(f"no such run or generator: {path}")
    except OSError as error:  # it may not be looked into, or no name is as long
        raise ConfigError(f"cannot look for a generator in {path}: {error.strerror or error}") from None
    if (path / "checkpoints").is_dir():
        raise ConfigError(f"{path} holds no generator: the command that trained it goes on, and writes it again")
    if any((path / name).is_file() for name in (DESCRIPTION, "events.jsonl")):  # of a generator, or of a run
        raise ConfigError(f"{path} holds no generator: train first (faussaire train DATA --run {typed(path)})")
    raise ConfigError(f"{path} is no run and no generator; to train on what is in it: faussaire train {typed(path)}")
