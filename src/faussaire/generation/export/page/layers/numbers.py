"""Functions of one number, and of two; what is true is 1, and what is not 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from faussaire.core.errors import ExportError
from faussaire.generation.export.page.layers._table import LAYERS, Layer, layer
from faussaire.generation.export.page.program import Program, Value

ONE = ("relu", "tanh", "sigmoid", "silu", "softplus", "exp", "log", "log1p", "sqrt", "rsqrt", "square", "neg", "abs",
       "reciprocal", "sin", "cos", "erf", "floor", "round", "sign")  # fmt: skip


def _of_one(name: str) -> Layer:
    def mapped(p: Program, x: Value, *rest: Any, **_: Any) -> Value:
        if any(number not in (1, 1.0, 20, 20.0) for number in rest):  # softplus: torch's defaults
            raise ExportError(f"this generator uses {name} with numbers of its own, which the page does not know")
        return p.unary(name, x)

    return mapped


for _name in ONE:
    layer(_name)(_of_one(_name))


@layer("leaky_relu")
def leaky_relu(p: Program, x: Value, slope: float = 0.01) -> Value:
    """Numbers below 0 times a slope."""
    return p.unary("leaky", x, slope)


@layer("elu")
def elu(p: Program, x: Value, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Value:
    """Exponential below 0; SELU by its scales."""
    return p.unary("elu", x, alpha, scale, input_scale)


@layer("gelu")
def gelu(p: Program, x: Value, approximate: str = "none") -> Value:
    """x times the normal distribution function."""
    return p.unary("gelu" if approximate == "none" else "gelu_tanh", x)


@layer("clamp", "hardtanh", "clamp_min", "clamp_max")
def clamp(p: Program, x: Value, low: float | None = None, high: float | None = None, **named: Any) -> Value:
    """Numbers brought into a range."""
    low, high = named.get("min", low), named.get("max", high)
    return p.unary("clamp", x, -3.4e38 if low is None else low, 3.4e38 if high is None else high)


@layer("pow")
def power(p: Program, x: Value, exponent: float) -> Value:
    """A power."""
    return p.unary("square", x) if exponent == 2 else p.unary("pow", x, exponent)


TWO = {
    "add": "add",
    "sub": "sub",
    "mul": "mul",
    "div": "div",
    "maximum": "max",
    "minimum": "min",
    **{name: name for name in ("gt", "ge", "lt", "le", "eq", "ne")},
    "logical_and": "mul",
    "bitwise_and": "mul",
    "logical_or": "max",
    "bitwise_or": "max",
}


def _of_two(name: str) -> Layer:
    def mapped(p: Program, x: Value | float, y: Value | float, *, alpha: float = 1, **_: Any) -> Value:
        left, right = (v if isinstance(v, Value) else p.constant(np.array(v)) for v in (x, y))
        if alpha != 1:
            right = p.binary("mul", right, p.constant(np.array(alpha)))
        return p.binary(name, left, right)

    return mapped


for _torch, _ours in TWO.items():
    layer(_torch)(_of_two(_ours))


@layer("rsub")
def rsub(p: Program, x: Value, y: Value | float, **options: Any) -> Value:
    """y - x."""
    made: Value = LAYERS["sub"](p, y, x, **options)
    return made


@layer("logical_not", "bitwise_not")
def logical_not(p: Program, x: Value) -> Value:
    """What is not true."""
    return p.binary("eq", x, p.constant(np.array(0)))


@layer("where")
def where(p: Program, chosen: Value, x: Value | float, y: Value | float) -> Value:
    """One or the other, place by place."""
    one, other = (v if isinstance(v, Value) else p.constant(np.array(v)) for v in (x, y))
    return p.binary("add", p.binary("mul", chosen, one), p.binary("mul", logical_not(p, chosen), other))


def _of_a_kind(number: float) -> Layer:
    def filled(p: Program, x: Value, *_: Any, **__: Any) -> Value:
        return p.constant(np.full(x.shape, number))

    return filled


layer("zeros_like")(_of_a_kind(0))
layer("ones_like")(_of_a_kind(1))


@layer("full_like")
def full_like(p: Program, x: Value, number: float, **_: Any) -> Value:
    """One number in another's shape."""
    return p.constant(np.full(x.shape, number))
