"""Which of several processes this one is, as torchrun says by the environment; read without torch."""

from __future__ import annotations

import os
from collections.abc import Mapping


def num_ranks(environment: Mapping[str, str] = os.environ) -> int:
    """Return how many processes work together; 1 where torchrun has started none."""
    return _number(environment, "WORLD_SIZE", 1) if "RANK" in environment else 1


def rank(environment: Mapping[str, str] = os.environ) -> int:
    """Return the number of this process among all of them; the first, 0, is the one that writes."""
    return _number(environment, "RANK", 0) if num_ranks(environment) > 1 else 0


def place(environment: Mapping[str, str] = os.environ) -> int:
    """Return the number of this process among those of its machine."""
    return _number(environment, "LOCAL_RANK", 0) if num_ranks(environment) > 1 else 0


def _number(environment: Mapping[str, str], name: str, otherwise: int) -> int:
    text = environment.get(name, "")
    return int(text) if text.isdigit() else otherwise
