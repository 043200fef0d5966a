"""The toy modality of the tests: points in the plane, `[N, 2]` in [-1, 1], read from a .npy of floating point.

It is not images in any way: two axes and not four, floats in the store, a cloud as its picture. Nothing else in the
package or in the tests knows how points are read, stored, drawn or saved.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from faussaire.modalities.forms import Form
from faussaire.modalities.pictures import MIN_TILE
from faussaire.modalities.spec import Arranged, Items, Modality, Rule, Samples, floats

if TYPE_CHECKING:
    from torch import Tensor

SIDE = 200  # pixels of a cloud


@dataclass(frozen=True, kw_only=True)
class PointRule(Rule):
    """Points need none."""

    @property
    def shape(self) -> tuple[int, ...]:
        return (2,)

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(np.float32)

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Self:
        return cls()


@dataclass(kw_only=True)
class ArrangedPoints(Arranged):
    raw: np.ndarray
    notes: tuple[str, ...] = ()
    problems: Mapping[int, str] = field(default_factory=dict)

    def rows(self, block: np.ndarray) -> np.ndarray:
        return block.astype(np.float32)


class Points(Modality):
    name = "points"

    def takes_array(self, shape: Sequence[int], dtype: np.dtype) -> bool:
        return dtype.kind == "f" and len(shape) == 2 and shape[1] == 2

    def arranged(self, array: np.ndarray, *, where: str, typed: bool = True) -> ArrangedPoints:
        far = np.flatnonzero(~(np.abs(array) <= 1).all(axis=1))
        return ArrangedPoints(raw=array, problems=dict.fromkeys(far.tolist(), "outside of [-1, 1]"))

    def rule(self, items: Items, options: Mapping[str, Any]) -> tuple[PointRule, list[str]]:
        return PointRule(), []

    def rule_from(self, facts: Mapping[str, Any]) -> PointRule:
        return PointRule.from_dict(facts)

    def to_real(self, rows: np.ndarray) -> Tensor:
        import torch

        return torch.from_numpy(np.ascontiguousarray(rows))

    def to_array(self, samples: Samples) -> np.ndarray:
        return floats(samples)

    def describe(self, shape: tuple[int, ...]) -> str:
        return "points of the plane"

    def tiles(self, arrays: np.ndarray, at_least: int = MIN_TILE) -> np.ndarray:
        side = max(at_least, MIN_TILE)
        return np.stack([cloud(point[None], side) for point in arrays])

    def sheet(self, arrays: np.ndarray, at_least: int = MIN_TILE) -> np.ndarray:
        return cloud(arrays, SIDE)

    @property
    def forms(self) -> tuple[Form, ...]:
        return (Form(suffix=".txt", media_type="text/plain", encode=as_text),)


def as_text(points: np.ndarray) -> bytes:
    """Write points `[n, 2]` a line each."""
    content = io.BytesIO()
    np.savetxt(content, points)
    return content.getvalue()


def cloud(points: np.ndarray, side: int) -> np.ndarray:
    """Draw points `[n, 2]` as uint8 `[side, side, 1]`."""
    sheet = np.full((side, side, 1), 255, np.uint8)
    column, row = np.clip(np.rint((points.T + 1) / 2 * (side - 1)), 0, side - 1).astype(int)
    sheet[row, column] = 0
    return sheet


MODALITY = Points()
