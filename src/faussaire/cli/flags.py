"""Flags of the command line for fields of `Config`, with the docstring under the field for its help."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated

from cyclopts import Parameter, Token

from faussaire.core.config import FIELDS, field_help

SHORT = {"minutes": "-m", "kimg": "-k"}


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
KINDS = {"bool": bool, "int": int, "float": float, "str": str, "tuple[str, ...]": list[str]}


def with_settings(function: Callable[..., None], names: Iterable[str]) -> Callable[..., None]:
    """Give a function that takes **settings a flag for each of these fields of Config; what is not given stays None."""
    own = [p for p in inspect.signature(function).parameters.values() if p.kind is not p.VAR_KEYWORD]
    helps = field_help()
    flags = []
    for name in names:
        field = FIELDS[name]
        kind = KINDS[str(field.type).split(" | ")[0]]
        default = ", ".join(field.default) if isinstance(field.default, tuple) else field.default
        shown = f" [{default}]" if default not in (None, "", False) else ""
        short = [SHORT[name]] if name in SHORT else []
        annotation = Annotated[
            kind | None,  # type: ignore[valid-type]
            Parameter(
                help=helps[name] + shown,
                show_default=False,
                negative=(),
                alias=short,
                converter=whole if kind is int else None,
            ),
        ]
        flags.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation))
    signature = inspect.Signature([*own, *flags])
    function.__signature__ = signature  # type: ignore[attr-defined]
    function.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
    return function
