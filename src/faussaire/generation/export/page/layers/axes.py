"""What is computed over axes: sums, means, norms, shares, attention."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from faussaire.generation.export.page.layers import numbers as layers_of_numbers
from faussaire.generation.export.page.layers import weighted
from faussaire.generation.export.page.layers._table import Layer, layer
from faussaire.generation.export.page.program import Program, Value


def _over_axes(name: str) -> Layer:
    def reduced(p: Program, x: Value, axes: Any = (), keepdim: bool = False, **_: Any) -> Value:
        return p.reduced(name, x, [axes] if isinstance(axes, int) else axes or (), keep=keepdim)

    return reduced


for _torch, _ours in {"mean": "mean", "sum": "sum", "amax": "max", "amin": "min"}.items():
    layer(_torch)(_over_axes(_ours))


@layer("argmax")
def argmax(p: Program, x: Value, axis: int, keepdim: bool = False) -> Value:
    """The place of the greatest along an axis, the first of several."""
    return p.reduced("argmax", x, [axis], keep=keepdim)


@layer("scatter")
def scatter(p: Program, x: Value, axis: int, index: Value, number: float) -> Value:
    """One number at one place along an axis."""
    axis %= len(x.shape)
    if index.shape != (*x.shape[:axis], 1, *x.shape[axis + 1 :]) or isinstance(number, Value):
        raise ValueError("several places or numbers")
    flat = p.reshaped(index, [*x.shape[:axis], *x.shape[axis + 1 :]])
    marks = p.step("onehot", [flat], [*flat.shape, x.shape[axis]])
    last = len(x.shape) - 1
    marks = p.permuted(marks, [*range(axis), last, *range(axis, last)])
    return layers_of_numbers.where(p, marks, number, x)


@layer("var")
def var(p: Program, x: Value, axes: Any = (), keepdim: bool = False, **options: Any) -> Value:
    """The variance, divided by n less a correction."""
    axes = [axis % len(x.shape) for axis in ([axes] if isinstance(axes, int) else axes or range(len(x.shape)))]
    count = math.prod(x.shape[axis] for axis in axes)
    squares = p.unary("square", p.binary("sub", x, p.reduced("mean", x, axes)))
    total = p.reduced("sum", squares, axes, keep=keepdim)
    correction = 1 if options.get("correction") is None else options["correction"]
    return p.binary("div", total, p.constant(np.array(count - correction)))


@layer("softmax", "_softmax")
def softmax(p: Program, x: Value, axis: int, *_: Any) -> Value:
    """Shares along an axis."""
    return p.step("softmax", [x], x.shape, axis=axis % len(x.shape), log=False)


@layer("log_softmax", "_log_softmax")
def log_softmax(p: Program, x: Value, axis: int, *_: Any) -> Value:
    """Logarithms of shares."""
    return p.step("softmax", [x], x.shape, axis=axis % len(x.shape), log=True)


def _normalised(p: Program, x: Value, axes: Sequence[int], eps: float) -> Value:
    """Bring numbers to a mean of 0 and a variance of 1."""
    centred = p.binary("sub", x, p.reduced("mean", x, axes))
    variance = p.reduced("mean", p.unary("square", centred), axes)
    return p.binary("mul", centred, p.unary("rsqrt", p.binary("add", variance, p.constant(np.array(eps)))))


def _scaled(p: Program, x: Value, weight: Value | None, bias: Value | None, shape: Sequence[int]) -> Value:
    """Scale and shift, where there is a scale and a shift."""
    if weight is not None:
        x = p.binary("mul", x, p.reshaped(weight, shape))
    return x if bias is None else p.binary("add", x, p.reshaped(bias, shape))


@layer("layer_norm")
def layer_norm(
    p: Program, x: Value, shape: Sequence[int], weight: Value | None = None, bias: Value | None = None,
    eps: float = 1e-5, *_: Any,
) -> Value:  # fmt: skip
    """Normalise over the last axes (Ba et al. 2016, arXiv 1607.06450)."""
    return _scaled(p, _normalised(p, x, range(-len(shape), 0), eps), weight, bias, shape)


@layer("group_norm")
def group_norm(
    p: Program, x: Value, groups: int, weight: Value | None = None, bias: Value | None = None, eps: float = 1e-5,
    *_: Any,
) -> Value:  # fmt: skip
    """Normalise groups of channels (Wu and He 2018, arXiv 1803.08494)."""
    apart = _normalised(p, p.reshaped(x, [groups, -1]), [1], eps)
    return _scaled(p, p.reshaped(apart, x.shape), weight, bias, [1, -1, *[1] * (len(x.shape) - 2)])


@layer("instance_norm")
def instance_norm(
    p: Program, x: Value, weight: Value | None, bias: Value | None, mean: Value | None, variance: Value | None,
    of_input: bool, momentum: float, eps: float, *_: Any,
) -> Value:  # fmt: skip
    """Normalise each channel by itself (Ulyanov et al. 2016, arXiv 1607.08022)."""
    if not of_input:
        raise ValueError("by running statistics")
    return group_norm(p, x, x.shape[1], weight, bias, eps)


@layer("linalg_vector_norm")
def vector_norm(p: Program, x: Value, order: float = 2, axes: Any = None, keepdim: bool = False, **_: Any) -> Value:
    """The Euclidean length."""
    if order != 2:
        raise ValueError("not Euclidean")
    axes = [axes] if isinstance(axes, int) else axes or ()
    return p.unary("sqrt", p.reduced("sum", p.unary("square", x), axes, keep=keepdim))


@layer("scaled_dot_product_attention")
def attention(
    p: Program, query: Value, key: Value, value: Value, mask: Value | None = None, dropout: float = 0.0,
    is_causal: bool = False, *, scale: float | None = None, **_: Any,
) -> Value:  # fmt: skip
    """Attention (Vaswani et al. 2017, arXiv 1706.03762, equation 1)."""
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    last = len(key.shape) - 1
    turned = p.permuted(key, [*range(last - 1), last, last - 1])
    likeness = p.binary("mul", weighted.matmul(p, query, turned), p.constant(np.array(factor)))
    if is_causal:
        mask = p.constant(np.triu(np.full(likeness.shape[-2:], -1e30), 1))
    if mask is not None:
        likeness = p.binary("add", likeness, mask)
    return weighted.matmul(p, softmax(p, likeness, -1), value)
