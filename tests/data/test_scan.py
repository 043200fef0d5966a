"""What is read of a source before it is decoded."""

from __future__ import annotations

import pytest

from data.zoo import png
from faussaire.data import Source
from faussaire.data.pool.scan import SourceItems
from faussaire.data.pool.workers import Workers
from faussaire.modalities import modality
from faussaire.modalities.image.rule import look


@pytest.mark.parametrize("place", range(4))
def test_one_large_picture_after_every_three_small_ones_decides_no_resolution(place: int) -> None:
    """Of 1,021 items every fourth, from the first on, would be looked at if they were evenly spaced."""
    small, large = png(0, 20), png(0, 200)
    count = 1021
    source = Source(name="x", where="x", items=[""] * count, read=lambda i: large if i % 4 == place else small)
    sizes = look(SourceItems(source, range(count), Workers(modality("image"), 0)))
    assert len(sizes.sides) == 256
    assert sizes.resolution()[0] == 20
