"""The layers that the page can run: the names that torch gives them, and the steps that each becomes.

This is the one table. An architecture whose generator uses a layer that is not here, and that torch cannot take apart
into those that are, fails the conformance suite; to add one, add a function in a file here, and only where no steps of
`program.OPERATIONS` will do, an operation there and in `browser/evaluator.js`.
"""

from __future__ import annotations

from faussaire.generation.export.page.layers import axes, numbers, places, weighted
from faussaire.generation.export.page.layers._table import FOLDING, IGNORED, LAYERS

__all__ = ["FOLDING", "IGNORED", "LAYERS", "axes", "numbers", "places", "weighted"]
