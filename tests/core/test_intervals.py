"""Intervals: their formulas, and that they cover."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from faussaire.core.intervals import (
    half_sample_variance,
    jackknife_variance,
    normal,
    proportion,
    score,
    student_quantile,
    wilson,
)

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "coverage.py"


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("coverage_benchmark", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def keeps_its_promise(truth: float, low: Tensor, high: Tensor) -> bool:
    """Whether intervals `[R]` hold the truth in 93 to 97 of 100, but for two standard errors of so few repetitions."""
    held = float(((low <= truth) & (truth <= high)).double().mean())
    slack = 2 * math.sqrt(0.95 * 0.05 / len(low))
    return 0.93 - slack <= held <= 0.97 + slack


@pytest.mark.parametrize(
    ("repetitions", "factor", "right"),
    [
        (300, 0.75, False),
        (300, 1.0, True),
        (300, 2.0, False),
        (1000, 0.8, False),
        (1000, 1.0, True),
        (1000, 1.4, False),
    ],
)
def test_intervals_too_narrow_or_too_wide_do_not_keep_their_promise(
    repetitions: int, factor: float, right: bool
) -> None:
    values = torch.randn(repetitions, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    half = factor * 1.959964
    assert keeps_its_promise(0.0, values - half, values + half) == right


@pytest.mark.slow
@pytest.mark.parametrize(
    ("measure", "scenario", "repetitions"),
    [
        ("frechet", (8, 200, 0.0), 1000),
        ("frechet", (8, 200, 1.0), 1000),
        ("pairs", (8, 150, 0.0), 1000),
        ("pairs", (8, 150, 1.0), 1000),
        ("neighbours", (4, 150, 1.0), 300),
        ("classes", (8, 300, 1.0), 1000),
    ],
)
def test_intervals_cover_in_93_to_97_of_100(
    benchmark: ModuleType, measure: str, scenario: tuple[int, int, float], repetitions: int
) -> None:
    results = benchmark.coverage(benchmark.MEASURES[measure][0], benchmark.Scenario(*scenario), repetitions)
    for figure, (truth, table) in results.items():
        _, low, high = table.unbind(1)
        assert keeps_its_promise(truth, low, high), figure


def test_wilson_agrees_with_the_reference_implementation() -> None:
    # scipy 1.17.1, stats.binomtest(37, 120).proportion_ci(0.95, method="wilson").
    estimate = wilson(37, 120)
    assert (estimate.low, estimate.high) == pytest.approx((0.23272736988916295, 0.3958299772380067), rel=1e-12)


@given(st.integers(1, 500), st.data())
def test_wilson_holds_the_share_and_stays_in_range(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    estimate = wilson(successes, n)
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
    mirrored = wilson(n - successes, n)
    assert mirrored.low == pytest.approx(1 - estimate.high, abs=1e-12)


def test_impossible_proportions_are_refused() -> None:
    with pytest.raises(ValueError, match="proportion"):
        wilson(5, 4)
    with pytest.raises(ValueError, match="proportion"):
        wilson(0, 0)


def test_proportion_of_independent_trials_is_wilson() -> None:
    found, expected = proportion(0.3, 0.3 * 0.7 / 200, n=50), wilson(60, 200)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert proportion(1.0, 0.0, n=50) == wilson(50, 50)


def test_score_is_normal_where_the_variance_does_not_grow() -> None:
    assert score(2.0, 0.25, 0.0) == normal(2.0, 0.25)


@given(st.floats(0.01, 100), st.floats(1e-6, 10), st.floats(0, 10))
def test_score_ends_where_the_error_is_z_standard_errors(value: float, variance: float, slope: float) -> None:
    estimate = score(value, variance, slope)
    for end in (estimate.low, estimate.high):
        there = variance + slope * (end - value)
        assert (value - end) ** 2 == pytest.approx(1.959963984540054**2 * there, rel=1e-6, abs=1e-9)


def test_jackknife_of_a_mean_is_its_variance() -> None:
    values = torch.randn(40, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    without = (values.sum() - values) / 39
    assert jackknife_variance(without) == pytest.approx(float(values.var()) / 40, rel=1e-12)


def test_half_samples_of_a_mean_estimate_its_variance() -> None:
    values = torch.randn(400, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = half_sample_variance(lambda kept, _: (values * kept).sum(1) / kept.sum(1), 400, 10, draws=1000)
    assert found == pytest.approx(float(values.var()) / 400, rel=0.15)


@pytest.mark.parametrize(
    ("freedom", "at_95", "at_80"),
    [
        (1, 12.706, 3.078),
        (2, 4.303, 1.886),
        (3, 3.182, 1.638),
        (4, 2.776, 1.533),
        (10, 2.228, 1.372),
        (30, 2.042, 1.310),
    ],
)
def test_students_quantiles_are_those_of_the_tables(freedom: int, at_95: float, at_80: float) -> None:
    found = [student_quantile(level, freedom) for level in (0.95, 0.8)]
    assert found == pytest.approx([at_95, at_80], abs=6e-4)


def test_students_quantile_needs_a_degree_of_freedom() -> None:
    with pytest.raises(ValueError, match="degree of freedom"):
        student_quantile(0.95, 0)
