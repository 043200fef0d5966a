"""The data side: from a path or a name to images for training, with a record of what became of each."""

from faussaire.data.dataset import Dataset, Inventory, Origin, Source
from faussaire.data.embedded import EmbeddedSet, embedded_sets
from faussaire.data.preparation import prepare
from faussaire.data.records import Record
from faussaire.data.rows import Rows
from faussaire.data.sources import locate, open_source

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
