"""What a run needs to go on: safetensors and JSON, no pickle.

A checkpoint is a folder `checkpoints/{nimg}/` of `state.safetensors`, `state.json` and `manifest.json`, written under
another name, synced and renamed: it is whole or it is not there. The last holds the SHA-256 of the others, so that a
file damaged later is noticed, and the checkpoint before is used. `state.json` tells besides what else of its run there
must be to go on, `run`: config.json and the plan, should those be damaged. The last two that are whole are kept, and
that of the best score; what is damaged, or lies beyond the position that training went back to, is set aside under
another name once a whole one is written.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from faussaire.core.config import Config
from faussaire.core.devices import CPU, device_of, on_host
from faussaire.core.errors import CheckpointError, DivergenceError
from faussaire.core.files import read_bounded, sync, writing
from faussaire.core.finite import first_not_finite
from faussaire.modalities import SampleSpec
from faussaire.models.architectures import build_discriminator, build_generator

TENSORS = "state.safetensors"
COUNTS = "state.json"
DIGESTS = "manifest.json"
KEPT = 2
ASIDE = "aside-"
SLOTS = 2
"""Of Adam, tensors of each parameter's size: the averages of its gradient and of its square."""

_NAME = re.compile(r"\d{12}")
_MOST_COUNTS = 1 << 26  # bytes of state.json: config.json may name thousands of paths
_MOST_DIGESTS = 1 << 16
_ROOM = 1 << 20  # bytes of a file of tensors that its header may take
LEFT_BEHIND = re.compile(r"\.\d{12}\.(tmp|old)")  # by a process that was killed while it wrote or removed


class _DamagedError(Exception):
    """A checkpoint is not whole; the message says in what way."""


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

    def weights(self) -> dict[str, Tensor]:
        """Return every tensor of the networks by name."""
        found: dict[str, Tensor] = {}
        for name, module in self.modules():
            found |= {f"{name}.{key}": tensor for key, tensor in module.state_dict().items()}
        return found

    def tensors(self) -> dict[str, Tensor]:
        """Return every tensor by name."""
        found = self.weights()
        for name, optimizer in self.optimizers():
            for index, slots in optimizer.state_dict()["state"].items():
                found |= {f"{name}.{index}.{key}": tensor for key, tensor in slots.items()}
        return found

    @torch.no_grad()
    def forge(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Make samples `[N, *shape]` of latents `[N, z_dim]` with the averaged generator, of classes `labels` `[N]`.

        All of them are the processor's, wherever it computes.

        Raises:
            DivergenceError: they are not finite.
        """
        device = device_of(self.G_ema)
        samples: Tensor = self.G_ema(z.to(device), None if labels is None else labels.to(device)).to(CPU)
        if not bool(torch.isfinite(samples).all()):
            raise DivergenceError(not_finite("what G makes", self.nimg))
        return samples

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


def fresh_state(config: Config, spec: SampleSpec, device: torch.device = CPU) -> TrainState:
    """Build the networks and optimizers as they stand before the first step: on every device with the same numbers."""
    num_classes = len(spec.classes) if config.conditional else 0
    name, seed, width = config.architecture, config.seed, config.width
    G, G_ema = (
        build_generator(name, spec, z_dim=config.z_dim, seed=seed, num_classes=num_classes, width=width).to(device)
        for _ in range(2)
    )
    D = build_discriminator(name, spec, seed=seed, num_classes=num_classes, width=width).to(device)
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


def save_checkpoint(
    state: TrainState, folder: Path, *, run: Mapping[str, Any] | None = None, best_nimg: int | None = None
) -> Path:
    """Write a checkpoint, keep the last two that are whole and the one of `best_nimg`, and return its folder.

    `run` is what else there must be to go on, in JSON types; none of a state that is no run's.

    Raises:
        DivergenceError: a tensor is not finite; nothing is written.
        CheckpointError: the disk is full, or the like; the checkpoints before are intact.
    """
    tensors = state.tensors()
    check_finite(tensors, state.nimg)
    content = save(on_host(tensors))
    of_tensors = _told(content)
    counts = {
        "nimg": state.nimg,
        "seconds": round(state.seconds, 3),
        "augment": state.augment,
        "run": dict(run or {}),
        "sha256": of_tensors["sha256"],  # for versions that know no manifest
    }
    counted = json.dumps(counts).encode()
    digests = {TENSORS: of_tensors, COUNTS: _told(counted)}
    files = {TENSORS: content, COUNTS: counted, DIGESTS: json.dumps(digests).encode()}
    final = folder / f"{state.nimg:012d}"
    beside = folder / f".{final.name}.tmp"
    with writing(final):
        _remove(beside)
        try:
            beside.mkdir()
            for name, data in files.items():
                with (beside / name).open("wb") as file:
                    file.write(data)
                    sync(file)
            _discard(final)
            os.replace(beside, final)
        except OSError:
            _remove(beside)  # a full disk needs the room
            raise
        _tidy(folder, final, best_nimg)
    return final


def _told(content: bytes) -> dict[str, Any]:
    """Return what the manifest tells of a file."""
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def check_finite(tensors: Mapping[str, Tensor], nimg: int) -> None:
    """Raise DivergenceError where a tensor holds what is no number."""
    name = first_not_finite(tensors)
    if name is not None:
        raise DivergenceError(not_finite(name, nimg))


def not_finite(what: str, nimg: int) -> str:
    """Return the message for a training that has left the finite numbers."""
    return f"{what} is no longer finite after {nimg:,} images"


def checkpoints(folder: Path) -> list[Path]:
    """Return what is named as a checkpoint of a run, whole or not, the newest first.

    Raises:
        CheckpointError: the folder cannot be read.
    """
    try:
        return sorted((path for path in folder.iterdir() if _NAME.fullmatch(path.name)), reverse=True)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CheckpointError(f"cannot read {folder}: {error.strerror or error}") from None


def _tidy(folder: Path, newest: Path, best_nimg: int | None) -> None:
    """Keep `newest`, just written, the whole ones next before it and the best; set aside what is damaged, or beyond."""
    for path in folder.iterdir():
        if LEFT_BEHIND.fullmatch(path.name):
            _remove(path)
    kept = 1
    for path in checkpoints(folder):
        if path.name > newest.name:
            _set_aside(path)
        elif path != newest and kept >= KEPT:
            if int(path.name) != best_nimg:
                _discard(path)
        elif path != newest:
            try:
                _read(path)
                kept += 1
            except _DamagedError:
                _set_aside(path)
            except CheckpointError:
                pass  # it cannot be read now: nobody knows what it is worth, so it stays


def _set_aside(path: Path) -> None:
    """Give a checkpoint a name under which it is neither loaded nor counted."""
    aside = path.with_name(ASIDE + path.name)
    with suppress(OSError):
        _remove(aside)
        os.replace(path, aside)


def _discard(path: Path) -> None:
    """Remove a checkpoint, if it is there: a kill half way leaves nothing that looks like one."""
    hidden = path.with_name(f".{path.name}.old")
    _remove(hidden)
    with suppress(OSError):
        os.replace(path, hidden)
    _remove(hidden)


def _remove(path: Path) -> None:
    """Remove a folder or a file, if it is there and can be removed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _read(path: Path, most_bytes: int | None = None) -> tuple[dict[str, Any], bytes]:
    """Read the counts and the tensors of a checkpoint, of a file of so many bytes at most.

    Raises:
        _DamagedError: it is not whole.
        CheckpointError: this process cannot read it, which says nothing of the checkpoint.
    """
    try:
        if most_bytes is None:
            most_bytes = (path / TENSORS).stat().st_size
        raw, content = read_bounded(path / COUNTS, _MOST_COUNTS), read_bounded(path / TENSORS, most_bytes)
        counts = json.loads(raw)
        digests = {TENSORS: counts["sha256"]}
        if "run" in counts:
            digests = {name: told["sha256"] for name, told in _digests(path).items()}
        clean = {
            "nimg": int(counts["nimg"]),
            "seconds": float(counts["seconds"]),
            "augment": float(counts.get("augment", 0.0)),
        }
        clean_run = dict(counts.get("run", {}))
    except NotADirectoryError:
        raise _DamagedError("it is no folder") from None
    except FileNotFoundError as error:
        raise _DamagedError(f"it has no {Path(error.filename).name}") from None
    except OSError as error:
        if error.errno is None:
            raise _DamagedError(f"its {Path(error.filename).name} is no file") from None
        raise CheckpointError(
            f"cannot read checkpoint {path}: {error.strerror or error}; mend that, and the same command goes on from it"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise _DamagedError("its files do not say what they hold") from None
    for name, data in ((TENSORS, content), (COUNTS, raw)):
        if name in digests and hashlib.sha256(data).hexdigest() != digests[name]:
            raise _DamagedError(f"its {name} has another SHA-256 than the recorded one")
    if f"{clean['nimg']:012d}" != path.name or not all(math.isfinite(value) for value in clean.values()):
        raise _DamagedError(f"its {COUNTS} is of another one")
    return {**clean, "run": clean_run}, content


def _digests(path: Path) -> dict[str, Any]:
    """Read the manifest of a checkpoint, which names both files."""
    found = json.loads(read_bounded(path / DIGESTS, _MOST_DIGESTS))
    if set(found) != {TENSORS, COUNTS}:
        raise ValueError("it names other files")
    return dict(found)


def damage_of(path: Path) -> str:
    """Say in what way a checkpoint is not whole; nothing where it is.

    Raises:
        CheckpointError: this process cannot read it.
    """
    try:
        _read(path)
    except _DamagedError as error:
        return str(error)
    return ""


def run_of_newest(folder: Path) -> tuple[Path | None, dict[str, Any]]:
    """Return the newest whole checkpoint, and what it tells of its run; None where there is none.

    Raises:
        CheckpointError: one cannot be read.
    """
    for path in checkpoints(folder):
        with suppress(_DamagedError):
            return path, _read(path)[0]["run"]
    return None, {}


def load_newest(state: TrainState, folder: Path) -> tuple[Path | None, list[str]]:
    """Load the newest checkpoint that is whole.

    Returns:
        Its folder, or None where there is none; and a line on each that was damaged and passed over.

    Raises:
        CheckpointError: a whole checkpoint does not fit the networks, or one cannot be read.
    """
    damaged = []
    most_bytes = _ROOM + sum(t.numel() * t.element_size() for t in state.weights().values()) * (1 + SLOTS)
    for path in checkpoints(folder):
        try:
            counts, content = _read(path, most_bytes)
            tensors = load(content)
        except (_DamagedError, SafetensorError) as error:
            damaged.append(f"checkpoint {path.name} is damaged and was passed over: {error}")
            continue
        try:
            state.load_tensors(tensors)
        except (RuntimeError, ValueError) as error:
            raise CheckpointError(
                f"checkpoint {path} does not fit this run's networks: {str(error).splitlines()[0]}"
            ) from None
        state.nimg, state.seconds, state.augment = counts["nimg"], counts["seconds"], counts["augment"]
        return path, damaged
    return None, damaged
