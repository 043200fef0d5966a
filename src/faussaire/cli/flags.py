"""Flags of the command line for fields of `Config`, with the docstring under the field for its help."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import Field, fields
from typing import Annotated, Any, Literal

from cyclopts import Group, Parameter, Token

from faussaire.core.config import FIELDS, LENGTHS, PRECISIONS, PREPARATION, field_help
from faussaire.core.quantities import read_number, read_whole
from faussaire.core.suggestions import check_choice
from faussaire.views.words import Words

SHORT = {"minutes": "-m", "kimg": "-k", "n": "-n"}
LONG = {short: name for name, short in SHORT.items()}
NAMES = {"label": "--class"}
"""Fields whose flag has another name: `class` is a word of Python's own."""
GROUPS = {
    "How long": LENGTHS,
    "Data": (*PREPARATION, "conditional"),
    "Networks": ("architecture", "width", "z_dim"),
    "The game": (
        *("loss", "penalties", "gamma", "penalty_every", "penalty_one_in", "augment", "d_steps", "g_steps"),
        *("batch_size", "lr", "lr_final", "lr_schedule", "beta1", "beta2", "ema"),
    ),
    "What is written on the way": ("pictures", "score_minutes"),
    "Machine and randomness": ("device", "precision", "threads", "shards", "seed"),
}
"""Settings as `--help` lists them: what is asked for most comes first."""
CHOICES = {
    "fit": ("crop", "pad", "stretch", "smart"),
    "frames": ("first", "all"),
    "duplicates": ("keep", "drop", "drop-near"),
    "lr_schedule": ("constant", "linear", "cosine"),
    "precision": PRECISIONS,
}
"""Settings with few values, which a shell completes."""


def whole(kind: object, tokens: Sequence[Token]) -> int:
    """Read a whole number as a flag's value, which 64 and 1e3 are; 1.5 is none."""
    return read_whole(*_typed(tokens[-1]))


def wholes(kind: object, tokens: Sequence[Token]) -> list[int]:
    """Read the whole numbers of a flag that may be repeated."""
    return [whole(kind, [token]) for token in tokens]


def number(kind: object, tokens: Sequence[Token]) -> float:
    """Read a number as a flag's value."""
    return read_number(*_typed(tokens[-1]))


def _typed(token: Token) -> tuple[str, str, str]:
    """Return a flag as it was typed, the setting that it is of, and its value."""
    flag = str(token.keyword)
    return flag, LONG.get(flag, flag).lstrip("-").replace("-", "_"), token.value


def chosen(kind: object, tokens: Sequence[Token]) -> str:
    """Read one of the CHOICES of a setting."""
    flag, name, value = _typed(tokens[-1])
    check_choice(flag, value, CHOICES[name])
    return value


Whole = Annotated[int, Parameter(converter=whole)]
Wholes = Annotated[list[int] | None, Parameter(converter=wholes, negative=())]
Number = Annotated[float, Parameter(converter=number)]
Reader = Annotated[Words, Parameter(parse=False)]
"""The words of who reads what a verb says: no flag of it, but what `--lang` before or after any verb asks for."""
KINDS = {
    "bool": bool,
    "int": int,
    "float": float,
    "str": str,
    "tuple[str, ...]": list[str],
    "tuple[int, ...]": list[int],
}


def with_settings(function: Callable[..., None], names: Iterable[str]) -> Callable[..., None]:
    """Give a function that takes **settings a flag for each of these fields of Config; what is not given stays None."""
    helps = field_help()
    group_of = {
        name: Group(title, sort_key=place) for place, (title, own) in enumerate(GROUPS.items(), 1) for name in own
    }
    return _with_flags(function, [_flag(FIELDS[name], helps[name], group=group_of.get(name)) for name in names])


def with_options(function: Callable[..., None], options: Mapping[str, type]) -> Callable[..., None]:
    """Give a function that takes **settings a flag for each field of several dataclasses.

    One of a name that several have is one flag; each is listed under the value of `--to` that it is of.
    """
    shared: dict[str, list[str]] = {}
    for name, kind in options.items():
        for field in fields(kind):
            shared.setdefault(field.name, []).append(name)
    flags = []
    for name, owners in shared.items():
        kind = options[owners[0]]
        field = next(field for field in fields(kind) if field.name == name)
        group = f"With --to {' or '.join(owners)}"
        flags.append(_flag(field, field_help(kind)[name], group=group))
    return _with_flags(function, flags)


def _flag(field: Field[Any], help: str, *, group: Any = None) -> inspect.Parameter:
    kind: Any = KINDS[str(field.type).split(" | ")[0]]
    default = ", ".join(map(str, field.default)) if isinstance(field.default, tuple) else field.default
    shown = "" if default is None or default is False or default == "" else f" [{default}]"
    converter: Any = {int: whole, float: number, list[int]: wholes}.get(kind)
    if field.name in CHOICES:
        kind, converter = Literal[CHOICES[field.name]], chosen
    annotation = Annotated[
        kind | None,
        Parameter(
            name=NAMES.get(field.name),
            help=help + shown,
            show_default=False,
            show_choices=False,
            negative=f"--no-{field.name}" if kind is bool and field.default is None else (),
            alias=[SHORT[field.name]] if field.name in SHORT else [],
            converter=converter,
            **({} if group is None else {"group": group}),
        ),
    ]
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _with_flags(function: Callable[..., None], flags: Sequence[inspect.Parameter]) -> Callable[..., None]:
    own = [p for p in inspect.signature(function).parameters.values() if p.kind is not p.VAR_KEYWORD]
    signature = inspect.Signature([*own, *flags])
    function.__signature__ = signature  # type: ignore[attr-defined]
    function.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
    return function
