"""Many short runs are trained here, at whose curves nobody looks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from toy import without_curves


@pytest.fixture(autouse=True, scope="module")
def no_curves() -> Iterator[None]:
    """Draw an empty picture in their place, which takes a hundredth of the time."""
    with without_curves():
        yield
