"""Layers with weights: dense, convolutions, batch normalisation, embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from faussaire.core.errors import ExportError
from faussaire.generation.export.page.layers._table import array, layer
from faussaire.generation.export.page.program import Program, Value


@layer("linear", folds=True)
def linear(p: Program, x: Value, weight: Tensor | Value, bias: Tensor | None = None) -> Value:
    """A dense layer; its matrix `[out, in]` is stored as `[in, out]`."""
    if isinstance(weight, Value):
        raise ExportError("this generator computes the weights of a dense layer, which the page does not know")
    parts = [x, p.constant(array(weight).T), *([] if bias is None else [p.constant(array(bias))])]
    return p.step("dense", parts, [*x.shape[:-1], weight.shape[0]])


@layer("matmul", "bmm", "mm")
def matmul(p: Program, x: Value, y: Value) -> Value:
    """Matrices times matrices."""
    if min(len(x.shape), len(y.shape)) < 2:
        raise ExportError("this generator multiplies a matrix by a vector, which the page does not know")
    batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    return p.step("matmul", [x, y], [*batch, x.shape[-2], y.shape[-1]])


@layer("addmm")
def addmm(p: Program, bias: Value, x: Value, y: Value) -> Value:
    """A product, and a bias."""
    return p.binary("add", matmul(p, x, y), bias)


def pair(sizes: int | Sequence[int], count: int) -> list[int]:
    """Return one number for each of two axes; the first of a single axis is that of a picture one pixel high."""
    sizes = [sizes] * count if isinstance(sizes, int) else list(sizes) * (count if len(sizes) == 1 else 1)
    return sizes if count == 2 else [0, sizes[0]]


@layer("conv1d", "conv2d", folds=True)
def conv(
    p: Program,
    x: Value,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Value:
    """A convolution."""
    axes = weight.dim() - 2
    steps, spread = ([max(1, n) for n in pair(sizes, axes)] for sizes in (stride, dilation))
    kernel = [1, 1][: 2 - axes] + list(weight.shape[2:])
    if isinstance(padding, str):
        border = [0, 0] if padding == "valid" else [d * (k - 1) // 2 for k, d in zip(kernel, spread, strict=True)]
    else:
        border = pair(padding, axes)
    sizes = [1] * (2 - axes) + list(x.shape[2:])
    after = [
        (size + 2 * b - d * (k - 1) - 1) // s + 1
        for size, b, d, k, s in zip(sizes, border, spread, kernel, steps, strict=True)
    ]
    parts = [x, p.constant(array(weight)), *([] if bias is None else [p.constant(array(bias))])]
    return p.step(
        "conv", parts, [1, weight.shape[0], *after[2 - axes :]],
        kernel=kernel, stride=steps, padding=border, dilation=spread, groups=groups,
    )  # fmt: skip


@layer("conv_transpose1d", "conv_transpose2d", folds=True)
def deconv(
    p: Program,
    x: Value,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Value:
    """A transposed convolution; its kernel `[in, out, h, w]` is stored as `[out · h · w, in]`."""
    axes = weight.dim() - 2
    steps, spread = ([max(1, n) for n in pair(sizes, axes)] for sizes in (stride, dilation))
    if groups != 1:
        raise ExportError("this generator has a transposed convolution in groups, which the page does not know")
    border, more = pair(padding, axes), pair(output_padding, axes)
    kernel = [1, 1][: 2 - axes] + list(weight.shape[2:])
    sizes = [1] * (2 - axes) + list(x.shape[2:])
    after = [
        (size - 1) * s - 2 * b + d * (k - 1) + m + 1
        for size, s, b, d, k, m in zip(sizes, steps, border, spread, kernel, more, strict=True)
    ]
    flat = array(weight).reshape(weight.shape[0], -1).T
    parts = [x, p.constant(flat), *([] if bias is None else [p.constant(array(bias))])]
    return p.step(
        "deconv", parts, [1, weight.shape[1], *after[2 - axes :]],
        kernel=kernel, stride=steps, padding=border, dilation=spread,
    )  # fmt: skip


@layer("convolution", folds=True)
def convolution(
    p: Program, x: Value, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, dilation: Any,
    transposed: bool, output_padding: Any, groups: int,
) -> Value:  # fmt: skip
    """Either of both, as torch's decompositions have it."""
    if transposed:
        return deconv(p, x, weight, bias, stride, padding, output_padding, groups, dilation)
    return conv(p, x, weight, bias, stride, padding, dilation, groups)


@layer("batch_norm", folds=True)
def batch_norm(
    p: Program, x: Value, weight: Tensor | None, bias: Tensor | None, mean: Tensor, variance: Tensor,
    training: bool, momentum: float, eps: float, *_: Any,
) -> Value:  # fmt: skip
    """Batch normalisation in evaluation: a scale and a shift for each channel."""
    scale = 1 / np.sqrt(array(variance) + eps)
    scale = scale if weight is None else scale * array(weight)
    shift = -array(mean) * scale
    shift = shift if bias is None else shift + array(bias)
    sides = [1] * (len(x.shape) - 2)
    scaled = p.binary("mul", x, p.constant(scale.reshape(1, -1, *sides)))
    return p.binary("add", scaled, p.constant(shift.reshape(1, -1, *sides)))


@layer("_native_batch_norm_legit_no_training", folds=True)
def native_batch_norm(
    p: Program, x: Value, weight: Tensor | None, bias: Tensor | None, mean: Tensor, variance: Tensor,
    momentum: float, eps: float,
) -> tuple[Value, None, None]:  # fmt: skip
    """The same, as torch's decompositions have it."""
    return batch_norm(p, x, weight, bias, mean, variance, False, momentum, eps), None, None


@layer("embedding", folds=True)
def embedding(p: Program, weight: Tensor, index: Value, *_: Any) -> Value:
    """The row of a class."""
    table = p.constant(array(weight))
    return p.step("embedding", [index, table], [*index.shape, weight.shape[1]])


@layer("one_hot")
def one_hot(p: Program, index: Value, num_classes: int) -> Value:
    """A 1 at the place of a class."""
    return p.step("onehot", [index], [*index.shape, num_classes])
