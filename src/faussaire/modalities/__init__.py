"""What samples are: all that is particular to one kind of data. The folder is the registry.

To add a kind, write `name.py`, or a package `name/`, with a `MODALITY`: docs/guide/modalities.md.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import PurePath

import numpy as np

from faussaire.core.errors import ConfigError
from faussaire.modalities.spec import Modality, SampleSpec

__all__ = [
    "Modality",
    "SampleSpec",
    "begins_as_item",
    "is_item",
    "modalities",
    "modality",
    "of_array",
    "of_files",
    "of_spec",
]

_NONE_ITSELF = ("spec", "samples", "pictures", "forms", "waves")
_DEFAULT = "image"  # asked last, and taken where none knows better


@cache
def modalities() -> dict[str, Modality]:
    """Return every modality by name, the one that takes what no other does last."""
    found = {module.name for module in pkgutil.iter_modules(__path__)} - {*_NONE_ITSELF, _DEFAULT}
    return {name: modality(name) for name in (*sorted(found), _DEFAULT)}


@cache
def modality(name: str) -> Modality:
    """Return the modality of that name.

    Raises:
        ConfigError: there is none.
    """
    known = [module.name for module in pkgutil.iter_modules(__path__) if module.name not in _NONE_ITSELF]
    if name not in known:
        raise ConfigError(f"unknown modality {name!r}; known: {', '.join(sorted(known))}")
    found: Modality = importlib.import_module(f"{__name__}.{name}").MODALITY
    return found


def of_spec(spec: SampleSpec) -> Modality:
    """Return the modality of such samples, as it understands them.

    Raises:
        ConfigError: there is none.
    """
    return modality(spec.modality).of(spec)


def of_array(shape: Sequence[int], dtype: np.dtype) -> Modality:
    """Return the modality that takes an array `[N, …]`."""
    return next((one for one in modalities().values() if one.takes_array(shape, dtype)), modality(_DEFAULT))


def of_files(names: Iterable[str]) -> Modality:
    """Return the modality that more of some files have a suffix of than of any other."""
    suffixes = [PurePath(name).suffix.lower() for name in names]
    known = list(reversed(modalities().values()))  # of those with as many the default
    return max(known, key=lambda one: sum(suffix in one.suffixes for suffix in suffixes))


def is_item(suffix: str) -> bool:
    """Whether a file with such a suffix, in lower case, is a sample."""
    return suffix in _suffixes()


@cache
def _suffixes() -> frozenset[str]:
    return frozenset().union(*(one.suffixes for one in modalities().values()))


def begins_as_item(head: bytes) -> bool:
    """Whether a file that begins with these 16 bytes is a sample."""
    return any(one.begins(head) for one in modalities().values())
