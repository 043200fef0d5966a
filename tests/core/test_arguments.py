"""Settings as keyword arguments: they are those of Config, field by field."""

from __future__ import annotations

import dataclasses
import inspect
import types
from collections.abc import Sequence
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest

import faussaire
from faussaire.cli.flags import CHOICES
from faussaire.core.arguments import Settings
from faussaire.core.config import Config

SETTINGS = get_type_hints(Settings)
FIELDS = get_type_hints(Config)


def test_every_field_but_the_data_is_a_setting_in_the_same_order() -> None:
    assert list(SETTINGS) == [name for name in FIELDS if name != "data"]


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_takes_what_its_field_holds_or_nothing(name: str) -> None:
    assert types.NoneType in get_args(SETTINGS[name])
    assert kinds(SETTINGS[name]) - {types.NoneType} == kinds(FIELDS[name]) - {types.NoneType}


def kinds(hint: Any) -> set[type]:
    """Return what a hint names: values of a Literal by their type, a sequence and one of its members as a tuple."""
    parts = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    if any(get_origin(part) is Sequence for part in parts):
        return {tuple, types.NoneType}
    found: set[type] = set()
    for part in parts:
        if get_origin(part) is Literal:
            found |= {type(value) for value in get_args(part)}
        else:
            found.add(get_origin(part) or part)
    return found


def test_what_a_shell_completes_an_editor_completes() -> None:
    choices = {
        name: get_args(part)
        for name, hint in SETTINGS.items()
        for part in get_args(hint)
        if get_origin(part) is Literal
    }
    assert choices == CHOICES


def test_help_shows_each_setting_with_its_default() -> None:
    parameters = inspect.signature(faussaire.train).parameters
    for field in dataclasses.fields(Config):
        if field.name != "data":
            assert parameters[field.name].default == field.default
            assert parameters[field.name].kind is inspect.Parameter.KEYWORD_ONLY
    assert parameters["recipe"].default is None
    assert "settings" not in parameters
