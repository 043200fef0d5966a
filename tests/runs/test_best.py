"""Which score is the best of those that stand."""

from __future__ import annotations

from faussaire.runs.best import Best, best_of
from faussaire.runs.events import Event


def score(nimg: int, value: float) -> Event:
    return Event(kind="score", nimg=nimg, time=0.0, data={"rows": [{"value": value}, {"value": 0.0}]})


def resumed(nimg: int) -> Event:
    return Event(kind="resumed", nimg=nimg, time=0.0)


def test_the_best_is_the_least_and_of_equal_ones_the_first() -> None:
    assert best_of([score(1, 3.0), score(2, 2.0), score(3, 2.0), score(4, 5.0)]) == Best(nimg=2, value=2.0)
    assert best_of([]) is None


def test_a_score_beyond_a_resumption_does_not_stand() -> None:
    assert best_of([score(1, 3.0), score(5, 1.0), resumed(3)]) == Best(nimg=1, value=3.0)
    assert best_of([score(5, 1.0), resumed(3)]) is None
    assert best_of([score(1, 3.0), score(3, 1.0), resumed(3), score(4, 2.0)]) == Best(nimg=3, value=1.0)
