"""Which number goes where: shapes, slices, borders, enlargements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from faussaire.core.errors import ExportError
from faussaire.generation.export.page.layers._table import layer
from faussaire.generation.export.page.layers.weighted import pair
from faussaire.generation.export.page.program import Program, Value


@layer("reshape", "view", "_unsafe_view")
def reshape(p: Program, x: Value, shape: Sequence[int]) -> Value:
    """Another shape."""
    return p.reshaped(x, shape)


@layer("flatten")
def flatten(p: Program, x: Value, first: int = 0, last: int = -1) -> Value:
    """Several axes become one."""
    first, last = first % len(x.shape), last % len(x.shape)
    return p.reshaped(x, [*x.shape[:first], math.prod(x.shape[first : last + 1]), *x.shape[last + 1 :]])


@layer("unflatten")
def unflatten(p: Program, x: Value, axis: int, sizes: Sequence[int]) -> Value:
    """One axis becomes several."""
    axis %= len(x.shape)
    return p.reshaped(x, [*x.shape[:axis], *sizes, *x.shape[axis + 1 :]])


@layer("unsqueeze")
def unsqueeze(p: Program, x: Value, axis: int) -> Value:
    """One axis more."""
    axis %= len(x.shape) + 1
    return p.reshaped(x, [*x.shape[:axis], 1, *x.shape[axis:]])


@layer("squeeze")
def squeeze(p: Program, x: Value, axes: Any = None) -> Value:
    """Axes of one place less."""
    there = range(len(x.shape)) if axes is None else [a % len(x.shape) for a in np.atleast_1d(axes).tolist()]
    return p.reshaped(x, [size for axis, size in enumerate(x.shape) if size != 1 or axis not in there])


@layer("permute")
def permute(p: Program, x: Value, axes: Sequence[int]) -> Value:
    """The axes in another order."""
    return p.permuted(x, [axis % len(x.shape) for axis in axes])


@layer("transpose", "t")
def transpose(p: Program, x: Value, one: int = 0, other: int = 1) -> Value:
    """Two axes change places."""
    axes = list(range(len(x.shape)))
    axes[one], axes[other] = axes[other], axes[one]
    return p.permuted(x, axes)


@layer("expand")
def expand(p: Program, x: Value, shape: Sequence[int], **_: Any) -> Value:
    """Axes of one place are repeated."""
    sizes = [1] * (len(shape) - len(x.shape)) + list(x.shape)
    strides = [0] * (len(shape) - len(x.shape)) + list(x.strides)
    wanted = [size if want == -1 else want for want, size in zip(shape, sizes, strict=True)]
    return p.strided(x, wanted, [0 if size == 1 else step for size, step in zip(sizes, strides, strict=True)])


@layer("slice")
def slice_(
    p: Program, x: Value, axis: int = 0, first: int | None = None, last: int | None = None, step: int = 1
) -> Value:
    """Some places of an axis."""
    start, stop, step = slice(first, last, step).indices(x.shape[axis])
    return p.sliced(x, axis % len(x.shape), start, max(0, -(-(stop - start) // step)), step)


@layer("narrow")
def narrow(p: Program, x: Value, axis: int, first: int, count: int) -> Value:
    """Some places of an axis in a row."""
    return p.sliced(x, axis % len(x.shape), first, count)


@layer("select")
def select(p: Program, x: Value, axis: int, place: int) -> Value:
    """One place of an axis, which is then none."""
    axis %= len(x.shape)
    one = p.sliced(x, axis, place % x.shape[axis], 1)
    return p.reshaped(one, [*x.shape[:axis], *x.shape[axis + 1 :]])


@layer("split", "split_with_sizes")
def split(p: Program, x: Value, sizes: int | Sequence[int], axis: int = 0) -> list[Value]:
    """An axis in several parts."""
    axis %= len(x.shape)
    total = x.shape[axis]
    parts = [min(sizes, total - at) for at in range(0, total, sizes)] if isinstance(sizes, int) else list(sizes)
    return [p.sliced(x, axis, sum(parts[:place]), count) for place, count in enumerate(parts)]


@layer("chunk")
def chunk(p: Program, x: Value, count: int, axis: int = 0) -> list[Value]:
    """An axis in so many parts."""
    return split(p, x, -(-x.shape[axis] // count), axis)


@layer("unbind")
def unbind(p: Program, x: Value, axis: int = 0) -> list[Value]:
    """Every place of an axis by itself."""
    return [select(p, x, axis, place) for place in range(x.shape[axis])]


@layer("cat")
def cat(p: Program, parts: Sequence[Value], axis: int = 0) -> Value:
    """Several side by side."""
    axis %= len(parts[0].shape)
    shape = list(parts[0].shape)
    shape[axis] = sum(part.shape[axis] for part in parts)
    return p.step("cat", parts, shape, axis=axis)


@layer("stack")
def stack(p: Program, parts: Sequence[Value], axis: int = 0) -> Value:
    """Several side by side along a new axis."""
    return cat(p, [unsqueeze(p, part, axis) for part in parts], axis % (len(parts[0].shape) + 1))


@layer("pixel_shuffle")
def pixel_shuffle(p: Program, x: Value, factor: int) -> Value:
    """Channels become places (Shi et al. 2016, arXiv 1609.05158)."""
    *batch, channels, height, width = x.shape
    depth = channels // factor**2
    apart = p.reshaped(x, [-1, depth, factor, factor, height, width])
    return p.reshaped(p.permuted(apart, [0, 1, 4, 2, 5, 3]), [*batch, depth, height * factor, width * factor])


@layer("flip")
def flip(p: Program, x: Value, axes: Sequence[int]) -> Value:
    """Axes from their end to their beginning."""
    for axis in axes:
        x = p.taken(x, axis % len(x.shape), np.arange(x.shape[axis])[::-1])
    return x


@layer("roll")
def roll(p: Program, x: Value, shifts: Sequence[int], axes: Sequence[int]) -> Value:
    """Axes moved round."""
    for shift, axis in zip(np.atleast_1d(shifts).tolist(), np.atleast_1d(axes).tolist(), strict=True):
        x = p.taken(x, axis % len(x.shape), np.roll(np.arange(x.shape[axis]), shift))
    return x


@layer("repeat_interleave")
def repeat_interleave(p: Program, x: Value, times: int, axis: int, **_: Any) -> Value:
    """Each place of an axis so many times."""
    return p.taken(x, axis % len(x.shape), np.repeat(np.arange(x.shape[axis]), times))


@layer("repeat")
def repeat(p: Program, x: Value, times: Sequence[int]) -> Value:
    """Each axis so many times over."""
    x = p.reshaped(x, [1] * (len(times) - len(x.shape)) + list(x.shape))
    for axis, count in enumerate(times):
        if count != 1:
            x = p.taken(x, axis, np.tile(np.arange(x.shape[axis]), count))
    return x


@layer("index_select", folds=True)
def index_select(p: Program, x: Value, axis: int, places: Tensor) -> Value:
    """Places of an axis."""
    return p.taken(x, axis % len(x.shape), places.numpy())


@layer("pad", "constant_pad_nd")
def pad(p: Program, x: Value, sizes: Sequence[int], mode: Any = "constant", value: float | None = None) -> Value:
    """A border: of one number, of the edge, mirrored, or from the other side."""
    if not isinstance(mode, str):  # constant_pad_nd has the number here
        mode, value = "constant", mode
    before, after = [0] * len(x.shape), [0] * len(x.shape)
    for number, (low, high) in enumerate(zip(sizes[::2], sizes[1::2], strict=True)):
        before[-1 - number], after[-1 - number] = low, high
    if mode == "constant":
        shape = [low + size + high for low, size, high in zip(before, x.shape, after, strict=True)]
        return p.step("pad", [x], shape, before=before, value=float(value or 0))
    as_numpy = {"replicate": "edge", "reflect": "reflect", "circular": "wrap"}[mode]
    for axis, (low, high) in enumerate(zip(before, after, strict=True)):
        if low or high:
            x = p.taken(x, axis, np.pad(np.arange(x.shape[axis]), (low, high), mode=as_numpy))  # type: ignore[call-overload]
    return x


@layer("upsample_nearest1d", "upsample_nearest2d")
def nearest(p: Program, x: Value, size: Any, scales: Any = None, *_: Any) -> Value:
    """Each place repeated."""
    for axis, (before, after) in enumerate(zip(x.shape[2:], _sizes(x, size, scales), strict=True), 2):
        x = p.taken(x, axis, np.minimum(np.arange(after) * before // after, before - 1))
    return x


@layer("upsample_linear1d", "upsample_bilinear2d")
def bilinear(p: Program, x: Value, size: Any, corners: bool, scales: Any = None, *_: Any) -> Value:
    """Each place a mean of its nearest, axis by axis (torch: UpSample.h, area_pixel_compute_source_index)."""
    for axis, (before, after) in enumerate(zip(x.shape[2:], _sizes(x, size, scales), strict=True), 2):
        place = np.arange(after, dtype=np.float64)
        if corners:
            where = place * (before - 1) / max(1, after - 1)
        else:
            scale = scales[axis - 2] if isinstance(scales, list | tuple) else after / before
            where = np.maximum((place + 0.5) / scale - 0.5, 0)
        low = np.minimum(where.astype(np.int64), before - 1)
        x = p.blended(x, axis, low, np.minimum(low + 1, before - 1), where - low)
    return x


@layer("avg_pool2d")
def mean_of_neighbours(
    p: Program,
    x: Value,
    kernel: Any,
    stride: Any = None,
    padding: Any = 0,
    rounds_up: bool = False,
    counts_border: bool = True,
    divisor: int | None = None,
) -> Value:
    """Each place the mean of two neighbours, axis by axis, without any border of zeros: a binomial, done twice."""
    if (pair(kernel, 2), rounds_up, divisor) != ([2, 2], False, None):
        raise ExportError("this generator takes means of other than two neighbours, which the page does not know")
    steps, borders = pair(stride or kernel, 2), pair(padding, 2)
    if any(borders) and counts_border:
        raise ExportError("this generator takes means with a border of zeros, which the page does not know")
    for axis, step, border in zip((2, 3), steps, borders, strict=True):
        first = np.arange(-border, x.shape[axis] + border - 1, step)
        low, high = np.maximum(first, 0), np.minimum(first + 1, x.shape[axis] - 1)
        x = p.blended(x, axis, low, high, np.full(len(first), 0.5))
    return x


def _sizes(x: Value, size: Any, scales: Any) -> list[int]:
    """Return the sizes after an enlargement, given themselves or as factors."""
    if size is not None:
        return [int(one) for one in size]
    return [math.floor(before * scale) for before, scale in zip(x.shape[2:], scales, strict=True)]
