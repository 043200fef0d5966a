"""The settings of a training as keyword arguments, so that an editor completes them and a type checker knows them.

`faussaire.train(**settings: Unpack[Settings])` takes every field of `Config` but the data. A test holds the two
together, field by field; what a field means and what stands where it is not given is said in `core.config` alone.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypedDict, TypeVar, get_type_hints

from faussaire.core.config import Config

Function = TypeVar("Function", bound=Callable[..., Any])


class Settings(TypedDict, total=False):
    """Any field of `Config` but `data`, as Python gives it; None is the same as not given.

    A field of several values takes one by itself, too: `classes="7"`.
    """

    resolution: int | None
    channels: int | None
    classes: str | int | Sequence[str | int] | None
    fit: Literal["crop", "pad", "stretch", "smart"] | None
    background: str | None
    frames: Literal["first", "all"] | None
    letters: int | None
    seconds: float | None
    rate: int | None
    duplicates: Literal["keep", "drop", "drop-near"] | None
    cache: str | None
    conditional: bool | None
    architecture: str | None
    width: int | None
    z_dim: int | None
    loss: str | None
    augment: str | Sequence[str] | None
    penalties: str | Sequence[str] | None
    gamma: float | None
    penalty_every: int | None
    penalty_one_in: int | None
    d_steps: int | None
    g_steps: int | None
    batch_size: int | None
    lr: float | None
    lr_final: float | None
    lr_schedule: Literal["constant", "linear", "cosine"] | None
    beta1: float | None
    beta2: float | None
    ema: float | None
    minutes: float | None
    kimg: float | None
    epochs: float | None
    pictures: int | None
    score_minutes: float | None
    seed: int | None
    precision: Literal["fp32", "tf32", "bf16"] | None
    device: str | None
    threads: int | None
    shards: int | None


def spelt_out(function: Function) -> Function:
    """Let a function that takes `**settings` show each of them, with its default, to `help`, Shift-Tab and IPython."""
    defaults = {field.name: field.default for field in dataclasses.fields(Config)}
    own = [p for p in inspect.signature(function).parameters.values() if p.kind is not p.VAR_KEYWORD]
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=defaults[name], annotation=kind)
        for name, kind in get_type_hints(Settings).items()
    ]
    function.__signature__ = inspect.Signature([*own, *more])  # type: ignore[attr-defined]
    return function
