"""Generators of every architecture, not trained but far from their beginning, as folders that can be loaded."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from faussaire.generation.generator import Generator
from faussaire.generation.saved import DESCRIPTION, GENERATOR_TENSORS, description
from faussaire.modalities import SampleSpec
from faussaire.models.architectures import build_generator

Z_DIM = 24


def shaken(module: nn.Module) -> nn.Module:
    """Move every number of a network, the averages of its normalisation too, so that no branch does nothing."""
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=random))
        for name, statistic in module.named_buffers():
            if "var" in name:
                statistic.uniform_(0.5, 2, generator=random)
            elif "mean" in name:
                statistic.normal_(0, 0.3, generator=random)
    return module


def generator_of(name: str, spec: SampleSpec, *, width: int | None = None, conditional: bool = False) -> Generator:
    """Return a generator of an architecture."""
    shares = [1.0 + label for label in range(len(spec.classes))] if conditional else []
    module = build_generator(name, spec, z_dim=Z_DIM, seed=0, num_classes=len(shares), width=width)
    return Generator(
        shaken(module),
        spec,
        z_dim=Z_DIM,
        name="squares",
        nimg=1000,
        class_shares=shares,
        architecture=name,
        width=width,
    )


def saved_in(folder: Path, generator: Generator) -> Path:
    """Write a generator into a folder of its own, as a run would."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DESCRIPTION).write_text(json.dumps(description(generator)))
    save_file(generator.module.state_dict(), folder / GENERATOR_TENSORS, metadata={"nimg": str(generator.nimg)})
    return folder
