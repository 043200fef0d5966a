"""How figures are written where no language is known yet: in decimals, since a power of ten is no number to many.

`views.numbers` writes the same in a reader's language; what is kept, in events.jsonl for example, is written by these.
"""

from __future__ import annotations

import math
from decimal import Decimal

LEAST_P_VALUE = 1e-6
"""Smaller ones rest on the tail of an approximation, and say no more."""


def plain(value: float, digits: int, *, thousands: str = "") -> str:
    """Write a number with so many significant digits: `0.00005`, and 12,345 to three digits as `12300`.

    Args:
        value: the number.
        digits: significant ones; zeros at the end are left out.
        thousands: a comma to part them, or nothing where the number is to be typed.
    """
    return f"{Decimal(f'{value:.{digits}g}'):{thousands}f}" if math.isfinite(value) else f"{value}"


def p_value(p: float) -> str:
    """Write a p-value, and none that is smaller than it can be known."""
    return f"p = {plain(p, 2)}" if p >= LEAST_P_VALUE else f"p < {plain(LEAST_P_VALUE, 2)}"
