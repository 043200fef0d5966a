"""The data side: from a path or a name to images for training, with a record of what became of each.

Each name below is loaded when it is first used: a process that decodes (workers.py) starts in half the time without
the rest.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from faussaire.data.dataset import Dataset, Inventory, Origin, Source
    from faussaire.data.embedded import EmbeddedSet, embedded_sets
    from faussaire.data.preparation import prepare
    from faussaire.data.records import Record
    from faussaire.data.rows import Rows
    from faussaire.data.sources import locate, open_source

_HOMES = {
    "Dataset": "dataset",
    "EmbeddedSet": "embedded",
    "Inventory": "dataset",
    "Origin": "dataset",
    "Record": "records",
    "Rows": "rows",
    "Source": "dataset",
    "embedded_sets": "embedded",
    "locate": "sources",
    "open_source": "sources",
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
    "embedded_sets",
    "locate",
    "open_source",
    "prepare",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
