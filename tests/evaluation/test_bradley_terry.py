"""Strengths from votes: the maximum that another algorithm finds, at the ends too, with intervals that shrink."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faussaire.evaluation.bradley_terry import PRIOR_VOTES, bradley_terry


def by_mm(wins: np.ndarray) -> np.ndarray:
    """Hunter 2004, Ann. Stat. 32, 384, section 3, with the opponent of strength 1 of the prior."""
    strength = np.ones(len(wins))
    for _ in range(20_000):
        meetings = (wins + wins.T) / (strength[:, None] + strength[None, :])
        strength = (wins.sum(1) + PRIOR_VOTES) / (meetings.sum(1) + 2 * PRIOR_VOTES / (strength + 1))
    return np.asarray(strength / (strength + 1))


def test_the_strengths_are_those_of_another_algorithm_and_average_to_one_half() -> None:
    wins = np.array([[0, 7, 2, 0], [3, 0, 5, 1], [4, 2, 0, 0], [0, 1, 0, 0]])
    found = [estimate.value for estimate in bradley_terry(wins)]
    assert found == pytest.approx(by_mm(wins), abs=1e-8)
    assert np.mean(found) == pytest.approx(0.5, abs=1e-9)


def test_two_runs_by_hand() -> None:
    """w + 1/2 = (w + l) chance(2 theta) + chance(theta), by symmetry theta of the one is minus that of the other."""
    first, second = bradley_terry(np.array([[0, 8], [2, 0]]))
    theta = math.log(first.value / (1 - first.value))
    assert 10 / (1 + math.exp(-2 * theta)) + 1 / (1 + math.exp(-theta)) == pytest.approx(8.5)
    assert second.value == pytest.approx(1 - first.value)
    # The shift is fixed, so the variance of theta is a quarter of that of the difference.
    chance = 1 / (1 + math.exp(-2 * theta))
    own = first.value * (1 - first.value)
    deviation = math.sqrt(1 / (10 * chance * (1 - chance) + own / 2)) / 2
    assert math.log(first.high / (1 - first.high)) == pytest.approx(theta + 1.959964 * deviation, rel=1e-5)


def test_whoever_won_every_vote_has_a_finite_strength_and_whoever_had_none_can_be_anything() -> None:
    wins = np.triu(np.full((9, 9), 3.0), 1)  # the first wins all, the eighth none; the last has no votes
    wins[:, 8] = 0
    first, *_, eighth, none = bradley_terry(wins)
    assert 0.9 < first.value < 1
    assert 0 < eighth.value < 0.1
    assert (none.low, none.value, none.high) == pytest.approx((0.03, 0.5, 0.97), abs=0.03)


def test_more_votes_narrow_the_intervals_and_the_diagonal_does_not_count() -> None:
    wins = np.array([[5, 6, 4], [4, 9, 5], [6, 5, 7]])
    few, many = bradley_terry(wins), bradley_terry(100 * wins)
    for one, other in zip(few, many, strict=True):
        assert other.high - other.low < 0.15 * (one.high - one.low)
    np.fill_diagonal(wins, 0)
    assert bradley_terry(wins) == few


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 9).flatmap(lambda k: st.lists(st.lists(st.integers(0, 500), min_size=k, max_size=k),
                                                    min_size=k, max_size=k)))  # fmt: skip
def test_any_votes_have_strengths_within_their_intervals(wins: list[list[int]]) -> None:
    found = bradley_terry(np.array(wins))
    assert all(0 <= one.low <= one.value <= one.high <= 1 for one in found)
    assert np.mean([one.value for one in found]) == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("wins", [np.ones((2, 3)), np.ones(3), -np.ones((2, 2)), np.full((2, 2), np.nan)])
def test_what_is_no_table_of_votes_is_refused(wins: np.ndarray) -> None:
    with pytest.raises(ValueError, match="votes are a square table"):
        bradley_terry(wins)


def test_no_runs_have_no_strengths() -> None:
    assert bradley_terry(np.zeros((0, 0))) == []
