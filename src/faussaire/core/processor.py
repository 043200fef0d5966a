"""The processor that this process computes on: another one may round otherwise in the last bit."""

from __future__ import annotations

import platform
from contextlib import suppress
from functools import cache

import torch


@cache
def processor() -> str:
    """Return its model, where the system tells it, and the instructions that torch takes on it."""
    model = platform.processor() or platform.machine()
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        model = next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), model)
    return f"{model} ({torch.backends.cpu.get_cpu_capability()})"
