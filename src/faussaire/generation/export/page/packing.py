"""The weights in the page: halves of 16 bits where no picture shows it, floats of 32 where one would."""

from __future__ import annotations

import base64
import copy
from typing import Any

import numpy as np
import torch
from torch import nn

from faussaire.generation.export.page.program import Program
from faussaire.generation.generator import Generator

LEAST = 1024
"""Numbers: arrays of fewer, and those of one axis (biases, norms), stay as they are."""

COMPARED = 64
"""Seeds whose first samples are compared."""

MOST = 1
"""Of 255: by so much a pixel may differ for the weights to be stored as halves."""


def choose_bits(generator: Generator) -> tuple[int, int]:
    """Return in how many bits the weights are stored, 16 or 32, and by how much pixels differ from torch's at most.

    The samples of 64 seeds are made with the weights as they are and rounded, by torch.
    """
    rounded = copy.deepcopy(generator.module)
    with torch.no_grad():
        for weight in rounded.parameters():
            if _is_halved(weight.shape):
                weight.copy_(weight.half().float())
    z, labels = zip(*(next(generator.inputs(1, seed)) for seed in range(COMPARED)), strict=True)
    inputs = [torch.cat(z)] if labels[0] is None else [torch.cat(z), torch.cat(labels)]
    with torch.no_grad():
        there, here = (module(*inputs).clamp(-1, 1) * 127.5 for module in (rounded, generator.module))
    difference = float((there - here).abs().max())
    most = int(np.ceil(difference)) if np.isfinite(difference) else 256
    return (16, most) if most <= MOST else (32, 0)


def _is_halved(shape: tuple[int, ...]) -> bool:
    return len(shape) > 1 and int(np.prod(shape)) >= LEAST


def pack(program: Program, bits: int) -> tuple[list[dict[str, Any]], str]:
    """Return where each constant lies, and all of them in base64, little-endian; each begins at a multiple of 4."""
    places, content, at = [], [], 0
    for number, array in program.constants.items():
        half = bits == 16 and _is_halved(array.shape)
        data = array.astype("<f2" if half else "<f4").tobytes()
        data += b"\0" * (-len(data) % 4)
        places.append({"number": number, "at": at, "count": int(array.size), "half": half})
        content.append(data)
        at += len(data)
    return places, base64.b64encode(b"".join(content)).decode()


def num_parameters(module: nn.Module) -> int:
    """Count the numbers that were learnt."""
    return sum(parameter.numel() for parameter in module.parameters())
