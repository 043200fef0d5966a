"""A generator as the page runs it: a list of simple steps on arrays, in the order in which they are done.

A step takes values and makes one. Every value has a fixed shape; the first axis is that of one sample, so that a
program makes a sample at a time. Steps are those of OPERATIONS, and `browser/evaluator.js` has a function for each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

OPERATIONS = {
    "dense": "the last axis through a matrix, and a bias",
    "matmul": "matrices times matrices",
    "conv": "a convolution over one or two axes, and a bias",
    "deconv": "a transposed convolution over one or two axes, and a bias",
    "unary": "a function of each number",
    "binary": "a function of pairs of numbers, the shapes broadcast",
    "reduce": "sum, mean, greatest, least, or place of the greatest, over some axes",
    "softmax": "shares along an axis, or their logarithms",
    "strided": "some of the numbers in another order",
    "cat": "several arrays side by side along an axis",
    "pad": "a border of one number",
    "blend": "along an axis, a mean of two of its places, weighted",
    "reshape": "the same numbers under another shape",
    "onehot": "a 1 at the place of a class",
    "embedding": "the row of a class",
}
"""All that the evaluator can do, each in words."""


@dataclass(frozen=True)
class Value:
    """An array in a program."""

    number: int
    shape: tuple[int, ...]

    @property
    def strides(self) -> tuple[int, ...]:
        """How far apart neighbours along each axis are, in numbers."""
        return tuple(math.prod(self.shape[axis + 1 :]) for axis in range(len(self.shape)))


@dataclass
class Program:
    """A program that is being written, or is finished."""

    shapes: list[tuple[int, ...]] = field(default_factory=list)
    """Of every value, by its number."""

    constants: dict[int, np.ndarray] = field(default_factory=dict)
    """The values that are known, by their number: float32."""

    steps: list[dict[str, Any]] = field(default_factory=list)
    """`op`, `in` (numbers of values), `out` (number of a value), and what the operation takes besides."""

    inputs: list[int] = field(default_factory=list)
    """The numbers of z, the truncation and, where there are classes, the class."""

    output: int = -1
    """The number of the sample."""

    def value(self, shape: Sequence[int]) -> Value:
        """Make room for a value."""
        self.shapes.append(tuple(int(size) for size in shape))
        return Value(len(self.shapes) - 1, self.shapes[-1])

    def constant(self, array: np.ndarray) -> Value:
        """Add a value that is known."""
        value = self.value(array.shape)
        self.constants[value.number] = np.ascontiguousarray(array, np.float32)
        return value

    def step(self, op: str, inputs: Sequence[Value], shape: Sequence[int], **options: Any) -> Value:
        """Add a step, and return what it makes."""
        if op not in OPERATIONS:
            raise KeyError(op)
        out = self.value(shape)
        self.steps.append({"op": op, "in": [value.number for value in inputs], "out": out.number, **options})
        return out

    def reshaped(self, x: Value, shape: Sequence[int]) -> Value:
        """Give a value another shape; one size may be -1."""
        known = -math.prod(shape)
        return self.step("reshape", [x], [math.prod(x.shape) // known if size == -1 else size for size in shape])

    def strided(self, x: Value, shape: Sequence[int], strides: Sequence[int], start: int = 0) -> Value:
        """Take numbers of `x` at `start` and from there by `strides`, which count numbers."""
        return self.step("strided", [x], shape, strides=list(strides), start=start)

    def permuted(self, x: Value, axes: Sequence[int]) -> Value:
        """Put the axes into another order."""
        return self.strided(x, [x.shape[axis] for axis in axes], [x.strides[axis] for axis in axes])

    def sliced(self, x: Value, axis: int, first: int, count: int, step: int = 1) -> Value:
        """Keep `count` places of an axis, from the first by steps."""
        shape, strides = list(x.shape), list(x.strides)
        start = first * strides[axis]
        shape[axis], strides[axis] = count, strides[axis] * step
        return self.strided(x, shape, strides, start)

    def blended(self, x: Value, axis: int, low: np.ndarray, high: np.ndarray, share: np.ndarray) -> Value:
        """Make each place of an axis of two of its old places: (1 - share) · x[low] + share · x[high]."""
        shape = list(x.shape)
        shape[axis] = len(low)
        return self.step(
            "blend",
            [x],
            shape,
            axis=axis,
            low=low.tolist(),
            high=high.tolist(),
            share=np.asarray(share, np.float32).astype(float).tolist(),
        )

    def taken(self, x: Value, axis: int, places: np.ndarray) -> Value:
        """Take places of an axis, in any order and any number of times."""
        return self.blended(x, axis, places, places, np.zeros(len(places)))

    def unary(self, name: str, x: Value, *numbers: float) -> Value:
        """Map each number."""
        return self.step("unary", [x], x.shape, f=name, with_=[*map(float, numbers)])

    def binary(self, name: str, x: Value, y: Value) -> Value:
        """Map pairs of numbers."""
        return self.step("binary", [x, y], np.broadcast_shapes(x.shape, y.shape), f=name)

    def reduced(self, name: str, x: Value, axes: Sequence[int], *, keep: bool = True) -> Value:
        """Reduce over axes, which stay with a size of 1 where they are kept."""
        axes = sorted(axis % len(x.shape) for axis in axes) or [*range(len(x.shape))]
        kept = [1 if axis in axes else size for axis, size in enumerate(x.shape)]
        out = self.step("reduce", [x], kept, f=name, axes=axes)
        return out if keep else self.reshaped(out, [size for axis, size in enumerate(x.shape) if axis not in axes])
