"""What is no number is found wherever it stands, and large numbers are none the worse for their sum."""

from __future__ import annotations

import math

import pytest
import torch

from faussaire.core.finite import all_finite, first_not_finite


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", [0, 57, 99])
def test_one_value_among_many_is_found_and_named(value: float, place: int) -> None:
    tensors = {"a": torch.ones(3, 4), "count": torch.tensor(7), "b": torch.ones(100)}
    assert first_not_finite(tensors) is None
    tensors["b"][place] = value
    assert not all_finite([tensors["a"], tensors["b"]])
    assert first_not_finite(tensors) == "b"


def test_infinities_of_both_signs_do_not_cancel() -> None:
    assert not all_finite([torch.tensor([math.inf, -math.inf])])
    assert not all_finite([torch.tensor([math.inf]), torch.tensor([-math.inf])])


def test_numbers_whose_sum_overflows_are_numbers() -> None:
    assert first_not_finite({"large": torch.full((10,), 3e38)}) is None
