"""The table that the files beside this one fill, and how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from torch import Tensor

Layer = Callable[..., Any]
AnyLayer = TypeVar("AnyLayer", bound=Layer)

IGNORED = {"_assert_tensor_metadata", "_assert_async", "_assert_scalar", "dropout", "clone", "contiguous", "detach",
           "alias", "lift_fresh_copy", "_to_copy", "to", "type_as"}  # fmt: skip
"""What makes no difference to a float32 array in evaluation."""

LAYERS: dict[str, Layer] = {}
"""By the name of torch's operator, without its overload: it writes steps, and returns the value that they make."""

FOLDING: set[str] = set()
"""Those that get the tensors among their arguments as they are, to fold them into constants of their own."""


def layer(*names: str, folds: bool = False) -> Callable[[AnyLayer], AnyLayer]:
    """Enter a function under names."""

    def enter(function: AnyLayer) -> AnyLayer:
        LAYERS.update(dict.fromkeys(names, function))
        FOLDING.update(names if folds else ())
        return function

    return enter


def array(tensor: Tensor) -> np.ndarray:
    """Return a tensor as an array of 64-bit floats."""
    out: np.ndarray = tensor.detach().cpu().double().numpy()
    return out
