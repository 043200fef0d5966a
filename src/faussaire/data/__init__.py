"""The data side: from a path or a name to images for training, with a record of what became of each.

Each name below is loaded when it is first used: a process that decodes (workers.py) starts in half the time without
the rest.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from faussaire.data.dataset import Dataset, Inventory, Origin, Source
    from faussaire.data.preparation import check_preparation, prepare
    from faussaire.data.sources.embedded import EmbeddedSet, embedded_sets
    from faussaire.data.sources.locate import locate, open_source
    from faussaire.data.store.records import Record
    from faussaire.data.store.rows import Rows

_HOMES = {
    "Dataset": "dataset",
    "EmbeddedSet": "sources.embedded",
    "Inventory": "dataset",
    "Origin": "dataset",
    "Record": "store.records",
    "Rows": "store.rows",
    "Source": "dataset",
    "check_preparation": "preparation",
    "embedded_sets": "sources.embedded",
    "locate": "sources.locate",
    "open_source": "sources.locate",
    "prepare": "preparation",
}

__all__ = [
    "Dataset",
    "EmbeddedSet",
    "Inventory",
    "Origin",
    "Record",
    "Rows",
    "Source",
    "check_preparation",
    "embedded_sets",
    "locate",
    "open_source",
    "prepare",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
