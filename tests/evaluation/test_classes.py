"""Modes and class histograms."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from faussaire.evaluation.metrics.classes import class_histogram, known_modes, total_variation

histograms = st.lists(st.integers(0, 200), min_size=5, max_size=5).filter(lambda counts: sum(counts) > 0)


@pytest.mark.parametrize(("few", "value"), [(9, 3), (11, 4)])
def test_a_class_is_a_mode_from_a_tenth_of_its_share_on(few: int, value: int) -> None:
    real = torch.full((10,), 100)
    fake = torch.tensor([400, 300, 300 - few, few, 0, 0, 0, 0, 0, 0])
    modes = known_modes(real, fake)
    assert (modes.low, modes.value, modes.high) == (3, value, 4)  # so few more or less may be chance
    assert known_modes(real, real).low == 10


def test_classes_that_the_reals_lack_are_no_modes() -> None:
    assert known_modes(torch.tensor([50, 50, 0]), torch.tensor([30, 30, 40])).value == 2


@given(histograms, histograms)
@settings(max_examples=30, deadline=None)
def test_total_variation_is_symmetric_and_in_range(p: list[int], q: list[int]) -> None:
    real, fake = torch.tensor(p), torch.tensor(q)
    estimate = total_variation(real, fake)
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
    assert total_variation(fake, real).value == pytest.approx(estimate.value)
    assert total_variation(real, real).value == 0


def test_disjoint_histograms_are_at_distance_one() -> None:
    assert total_variation(torch.tensor([5, 0]), torch.tensor([0, 9])).value == 1


def test_histogram_counts_every_class() -> None:
    assert class_histogram(torch.tensor([0, 2, 2]), num_classes=4).tolist() == [1, 0, 2, 0]


@pytest.mark.parametrize("labels", [torch.tensor([4]), torch.tensor([-1]), torch.zeros(0, dtype=torch.long)])
def test_impossible_labels_are_refused(labels: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="label"):
        class_histogram(labels, num_classes=4)


def test_empty_histograms_are_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        total_variation(torch.tensor([1, 2]), torch.tensor([0, 0]))
