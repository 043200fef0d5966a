"""Statistics of training, kept on the device and read once per report, so that no step waits for a number."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping

import torch
from torch import Tensor

from faussaire.core.intervals import Estimate


class Moments:
    """Count, mean and standard deviation of named values since the last reading.

    >>> moments = Moments()
    >>> moments.add({"loss_D": torch.tensor([1.0, 3.0])})
    >>> moments.read()["loss_D"]
    {'n': 2, 'mean': 2.0, 'std': 1.0}
    """

    def __init__(self) -> None:
        # Reports come about once a second: a list of small tensors is cheaper than sums kept at every step.
        self._values: dict[str, list[Tensor]] = defaultdict(list)

    def add(self, values: Mapping[str, Tensor]) -> None:
        """Count in every number of each."""
        for name, numbers in values.items():
            self._values[name].append(numbers.detach().flatten())

    def any(self) -> bool:
        """Say whether anything was added since the last reading."""
        return bool(self._values)

    def read(self) -> dict[str, dict[str, float]]:
        """Return n, mean and std (over n, not n - 1) by name, and begin again. This waits for the device."""
        out = {}
        for name, values in self._values.items():
            x = torch.cat(values).double()
            mean, std = torch.stack([x.mean(), x.std(correction=0)]).tolist()
            out[name] = {"n": x.numel(), "mean": mean, "std": std}
        self._values.clear()
        return out


def half_interval(moments: dict[str, float]) -> float:
    """Return half of the 95 % interval of a mean, from its n and standard deviation; NaN of a single value."""
    return 1.96 * moments["std"] / math.sqrt(moments["n"] - 1) if moments["n"] > 1 else math.nan


def with_half(name: str, figure: Estimate | None) -> dict[str, float | None]:
    """Return a figure as a report holds it, with half of its 95 % interval beside it; None where there is none."""
    value, half = (None, None) if figure is None else (figure.value, figure.high - figure.value)
    return {name: rounded(value), f"{name}_half": rounded(half)}


def rounded(value: float | None) -> float | None:
    """Keep six significant digits, which is more than a batch can tell; JSON has no word for NaN but null."""
    return float(f"{value:.6g}") if value is not None and math.isfinite(value) else None
