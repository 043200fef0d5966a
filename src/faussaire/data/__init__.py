"""The data side: from a path or a name to images for training, with a record of what became of each."""

from faussaire.data.dataset import Dataset, Inventory, Record
from faussaire.data.embedded import EmbeddedSet, embedded_sets
from faussaire.data.preparation import prepare
from faussaire.data.sources import open_source

__all__ = ["Dataset", "EmbeddedSet", "Inventory", "Record", "embedded_sets", "open_source", "prepare"]
