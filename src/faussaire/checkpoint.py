"""What a run needs to go on, and what a generator needs to generate: safetensors and JSON, no pickle.

A checkpoint is a folder `checkpoints/{nimg}/` of `state.safetensors` and `state.json`, written under another name,
synced and renamed: it is whole or it is not there. `state.json` holds the SHA-256 of the tensors, so that a file
damaged later is noticed, and the one before it is used. The last two are kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from faussaire.architectures import build_discriminator, build_generator
from faussaire.config import Config
from faussaire.errors import CheckpointError, DivergenceError
from faussaire.modalities import SampleSpec
from faussaire.run import sync, write_atomically, writing

TENSORS = "state.safetensors"
FACTS = "state.json"
GENERATOR_TENSORS = "generator.safetensors"
GENERATOR_CONFIG = "config.json"
GENERATOR_FORMAT = 1
KEPT = 2


@dataclass(kw_only=True)
class TrainState:
    """Everything that training changes, and nothing else."""

    G: nn.Module
    D: nn.Module
    G_ema: nn.Module
    opt_G: torch.optim.Adam
    opt_D: torch.optim.Adam
    nimg: int = 0
    seconds: float = 0.0
    augment: float = 0.0
    """Chance that an augmentation fires on a sample."""

    def tensors(self) -> dict[str, Tensor]:
        """Return every tensor by name."""
        found: dict[str, Tensor] = {}
        for name, module in self.modules():
            found |= {f"{name}.{key}": tensor for key, tensor in module.state_dict().items()}
        for name, optimizer in self.optimizers():
            for index, slots in optimizer.state_dict()["state"].items():
                found |= {f"{name}.{index}.{key}": tensor for key, tensor in slots.items()}
        return found

    def modules(self) -> list[tuple[str, nn.Module]]:
        """Return the networks by name."""
        return [("G", self.G), ("D", self.D), ("G_ema", self.G_ema)]

    def optimizers(self) -> list[tuple[str, torch.optim.Adam]]:
        """Return the optimizers by name."""
        return [("opt_G", self.opt_G), ("opt_D", self.opt_D)]

    def load_tensors(self, tensors: dict[str, Tensor]) -> None:
        """Take over every tensor.

        Raises:
            RuntimeError: names or shapes differ from those of the networks.
        """
        for name, module in self.modules():
            module.load_state_dict(_under(tensors, name))
        for name, optimizer in self.optimizers():
            slots: dict[int, dict[str, Tensor]] = {}
            for key, tensor in _under(tensors, name).items():
                index, slot = key.split(".")
                slots.setdefault(int(index), {})[slot] = tensor
            optimizer.load_state_dict({"state": slots, "param_groups": optimizer.state_dict()["param_groups"]})


def _under(tensors: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    return {key.removeprefix(f"{name}."): t for key, t in tensors.items() if key.startswith(f"{name}.")}


def fresh_state(config: Config, spec: SampleSpec) -> TrainState:
    """Build the networks and optimizers as they stand before the first step."""
    num_classes = len(spec.classes) if config.conditional else 0
    name, seed, width = config.architecture, config.seed, config.width
    G, G_ema = (
        build_generator(name, spec, z_dim=config.z_dim, seed=seed, num_classes=num_classes, width=width)
        for _ in range(2)
    )
    D = build_discriminator(name, spec, seed=seed, num_classes=num_classes, width=width)
    return TrainState(
        G=G,
        D=D,
        G_ema=G_ema.eval().requires_grad_(False),
        opt_G=adam(G, config),
        opt_D=adam(D, config),
    )


def adam(module: nn.Module, config: Config) -> torch.optim.Adam:
    """Make the Adam of one network (Kingma and Ba 2015, arXiv 1412.6980), its whole step in one fused kernel."""
    betas = (config.beta1, config.beta2)
    return torch.optim.Adam(module.parameters(), lr=config.peak_lr, betas=betas, fused=True)


def save_checkpoint(state: TrainState, folder: Path) -> Path:
    """Write a checkpoint, keep the last two, and return its folder.

    Raises:
        DivergenceError: a tensor is not finite; nothing is written.
        CheckpointError: the disk is full, or the like; the checkpoints before are intact.
    """
    tensors = state.tensors()
    for name, tensor in tensors.items():
        if not bool(torch.isfinite(tensor).all()):
            raise DivergenceError(not_finite(name, state.nimg))
    content = save({name: tensor.contiguous() for name, tensor in tensors.items()})
    facts = {
        "nimg": state.nimg,
        "seconds": round(state.seconds, 3),
        "augment": state.augment,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    final = folder / f"{state.nimg:012d}"
    beside = folder / f".{final.name}.tmp"
    with writing(final):
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
        for name, data in ((TENSORS, content), (FACTS, json.dumps(facts).encode())):
            with (beside / name).open("wb") as file:
                file.write(data)
                sync(file)
        shutil.rmtree(final, ignore_errors=True)
        os.replace(beside, final)
    for old in _checkpoints(folder)[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
    return final


def not_finite(what: str, nimg: int) -> str:
    """Return the message for a training that has left the finite numbers."""
    return (
        f"{what} is no longer finite after {nimg} images: the training has diverged. "
        "The last checkpoint is good; begin again in another --run with a smaller --lr, "
        "or with --penalties r1 --penalties r2"
    )


def _checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints of a run, the newest first."""
    return sorted((p for p in folder.glob("[0-9]*") if p.is_dir()), reverse=True)


def load_newest(state: TrainState, folder: Path) -> tuple[Path | None, list[str]]:
    """Load the newest checkpoint that is whole.

    Returns:
        Its folder, or None where there is none; and a line on each that was damaged and passed over.

    Raises:
        CheckpointError: a whole checkpoint does not fit the networks.
    """
    damaged = []
    for path in _checkpoints(folder):
        try:
            facts = json.loads((path / FACTS).read_text())
            content = (path / TENSORS).read_bytes()
            if hashlib.sha256(content).hexdigest() != facts["sha256"]:
                raise ValueError("its SHA-256 is not the recorded one")
            tensors = load(content)
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            damaged.append(f"checkpoint {path.name} is damaged and was passed over: {error}")
            continue
        try:
            state.load_tensors(tensors)
        except (RuntimeError, ValueError) as error:
            raise CheckpointError(
                f"checkpoint {path} does not fit this run's networks: {str(error).splitlines()[0]}"
            ) from None
        state.nimg, state.seconds = int(facts["nimg"]), float(facts["seconds"])
        state.augment = float(facts.get("augment", 0.0))
        return path, damaged
    return None, damaged


def write_generator(
    state: TrainState,
    folder: Path,
    *,
    config: Config,
    spec: SampleSpec,
    name: str,
    class_shares: Sequence[float] = (),
) -> None:
    """Write the averaged generator so that it can be used without the run: weights, and what they are.

    `class_shares` are those of the data that a conditional one learnt from; none make it unconditional.
    """
    described: dict[str, Any] = {
        "format": GENERATOR_FORMAT,
        "name": name,
        "architecture": config.architecture,
        "z_dim": config.z_dim,
        "width": config.width,
        "spec": asdict(spec),
        "class_shares": list(class_shares),
    }
    text = json.dumps(described, indent=2, ensure_ascii=False) + "\n"
    write_atomically(folder / GENERATOR_CONFIG, text.encode())
    tensors = {key: tensor.contiguous() for key, tensor in state.G_ema.state_dict().items()}
    write_atomically(folder / GENERATOR_TENSORS, save(tensors, metadata={"nimg": str(state.nimg)}))
