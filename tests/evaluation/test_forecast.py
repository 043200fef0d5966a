"""The forecast: what it says of curves whose continuation is known, and that its intervals keep their promise."""

from __future__ import annotations

import math

import numpy as np
import pytest

from faussaire.evaluation.forecast import Forecast, Seen, forecast, said

N = 300_000


def curve(
    law: float, *, offset: float = 0.0, fall: float = 0.0, noise: float = 0.0, count: int = 12, seed: int = 0
) -> list[Seen]:
    """Return the scores of a run that ends at N, annealed there at a distance of 1."""
    random = np.random.default_rng(seed)
    progress = np.arange(1, count + 1) / count
    fall_left = (1 + np.cos(math.pi * progress)) / 2
    values = (offset + (1 - offset) * progress**-law) * np.exp(fall * fall_left + random.normal(0, noise, count))
    return [
        Seen(nimg=round(N * p), value=float(v), fall_left=float(r))
        for p, v, r in zip(progress, values, fall_left, strict=True)
    ]


def foretold(scores: list[Seen], *, end_nimg: int = N, floor: float = 0.0) -> Forecast:
    found = forecast(scores, end_nimg=end_nimg, floor=floor)
    assert found is not None
    return found


def test_a_power_law_goes_on() -> None:
    steep, slow = (foretold(curve(law, fall=0.3)) for law in (0.9, 0.4))
    assert steep.finished
    assert steep.end == (1.0, pytest.approx(1.0), pytest.approx(1.0))
    assert steep.twice[0] == pytest.approx(2**-0.9, rel=0.1)
    assert slow.twice[0] == pytest.approx(2**-0.4, rel=0.1)
    assert not steep.hardly


def test_an_offset_ends_the_gain_and_is_told_as_hardly() -> None:
    steady = [Seen(nimg=s.nimg, value=s.value, fall_left=0.0) for s in curve(1.0, offset=0.97, noise=0.005, count=40)]
    flat = foretold(steady)
    assert flat.hardly
    assert flat.twice[1] > 0.9


def test_no_score_is_foretold_to_fall_far_below_that_of_reals() -> None:
    assert foretold(curve(0.9), floor=0.9).twice[1] > 0.8 > foretold(curve(0.9)).twice[0]


def test_what_the_learning_rate_adds_is_not_taken_for_a_gain_of_images() -> None:
    """Annealed ends of other runs say that images bring nothing, though the run's own scores fall all along."""
    falling = curve(0.0, fall=0.8)
    others = [Seen(nimg=round(N * share), value=1.0, fall_left=0.0, own=False) for share in (0.25, 0.5, 0.5, 1.0)]
    assert foretold([*falling, *others]).twice[0] == pytest.approx(1.0, rel=0.12)


def test_half_a_run_foretells_its_end() -> None:
    scores = [score for score in curve(0.8, fall=0.3, noise=0.03, count=24) if score.nimg <= N / 2]
    found = foretold(scores)
    assert not found.finished
    assert found.end[1] < 1 < found.end[2]
    assert found.twice[1] < 2**-0.8 < found.twice[2]


def test_scores_that_rise_are_not_foretold_to_fall() -> None:
    rising = foretold(curve(-0.4, noise=0.02, count=24))
    assert rising.twice[0] > 1.1
    assert rising.hardly


def test_too_little_is_said_to_be_nothing() -> None:
    assert forecast([], end_nimg=N) is None
    assert forecast(curve(0.8)[:2], end_nimg=N) is None
    assert forecast([Seen(nimg=N, value=1.0, fall_left=0.0, own=False)], end_nimg=N) is None


def test_one_score_at_the_end_leaves_it_to_what_is_usual() -> None:
    alone, many = foretold(curve(0.7)[-1:]), foretold(curve(0.7))
    assert alone.twice[1] < many.twice[1] < many.twice[2] < alone.twice[2]


def test_a_learning_rate_that_does_not_fall_leaves_scores_along_the_whole_run_to_look_at() -> None:
    steady = [Seen(nimg=s.nimg, value=s.value, fall_left=0.0) for s in curve(0.9, count=200)]
    assert foretold(steady).twice[0] == pytest.approx(2**-0.9, rel=0.1)


def test_eighty_of_a_hundred_intervals_hold_what_came() -> None:
    """Over laws, offsets and falls of the learning rate as real runs have them; the law does not stay the same."""
    random = np.random.default_rng(7)
    runs, held = 60, 0
    for seed in range(runs):
        law, offset = max(0.05, random.normal(0.7, 0.4)), float(random.choice([0.0, 0.0, 0.3, 0.6]))
        noise, count = float(random.choice([0.03, 0.06, 0.12])), int(random.choice([4, 12, 30]))
        scores = curve(law, offset=offset, fall=abs(random.normal(0.3, 0.3)), noise=noise, count=count, seed=seed)
        known = scores if seed % 2 else scores[: max(3, count // 2)]
        came = (offset + (1 - offset) * 2 ** -random.normal(law, 0.1 + 0.3 * law)) * math.exp(random.normal(0, noise))
        found = foretold(known)
        held += found.twice[1] <= came <= found.twice[2]
    assert 0.75 * runs <= held <= 0.97 * runs


def test_a_forecast_is_said_in_one_line() -> None:
    told = {"of": "minutes", "end": [0.014, 0.014, 0.014], "twice": [0.009, 0.006, 0.013], "level": 0.8}
    assert said({**told, "finished": True, "hardly": False}) == (
        "twice the minutes: Fréchet distance from 0.014 to about 0.009, 80% [0.006, 0.013]"
    )
    assert said({**told, "finished": False, "hardly": False}).startswith(
        "twice the minutes: Fréchet distance from about 0.014 to about"
    )
    assert said({**told, "of": "kimg", "finished": True, "hardly": True}).startswith(
        "twice the images would hardly help: Fréchet distance from 0.014"
    )
