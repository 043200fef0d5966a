"""Flags of the command line for fields of `Config`, with the docstring under the field for its help."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import Field, fields
from typing import Annotated, Any

from cyclopts import Parameter, Token

from faussaire.core.config import FIELDS, field_help

SHORT = {"minutes": "-m", "kimg": "-k", "n": "-n"}
NAMES = {"label": "--class"}
"""Fields whose flag has another name: `class` is a word of Python's own."""


def whole(kind: object, tokens: Sequence[Token]) -> int:
    """Read a whole number, which 64 and 1e3 are; 1.5 is none, and is not rounded unasked."""
    text = tokens[-1].value
    try:
        number = float(text)
        if not number.is_integer():
            raise ValueError
        return int(number) if "e" in text.lower() or "." in text else int(text)
    except (ValueError, OverflowError):
        raise ValueError(f"a whole number is needed, not {text!r}") from None


Whole = Annotated[int, Parameter(converter=whole)]
KINDS = {
    "bool": bool,
    "int": int,
    "float": float,
    "str": str,
    "tuple[str, ...]": list[str],
    "tuple[int, ...]": list[Whole],
}


def with_settings(function: Callable[..., None], names: Iterable[str]) -> Callable[..., None]:
    """Give a function that takes **settings a flag for each of these fields of Config; what is not given stays None."""
    helps = field_help()
    return _with_flags(function, [_flag(FIELDS[name], helps[name]) for name in names])


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


def _flag(field: Field[Any], help: str, *, group: str | None = None) -> inspect.Parameter:
    kind = KINDS[str(field.type).split(" | ")[0]]
    default = ", ".join(map(str, field.default)) if isinstance(field.default, tuple) else field.default
    shown = f" [{default}]" if default not in (None, "", False) else ""
    annotation = Annotated[
        kind | None,  # type: ignore[valid-type]
        Parameter(
            name=NAMES.get(field.name),
            help=help + shown,
            show_default=False,
            negative=f"--no-{field.name}" if kind is bool and field.default is None else (),
            alias=[SHORT[field.name]] if field.name in SHORT else [],
            converter=whole if kind is int else None,
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
