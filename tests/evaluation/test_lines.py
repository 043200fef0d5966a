"""The figures of lines: against cases counted by hand, and with a model that must come out near its floor."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from faussaire.core.errors import ExtractorError, UnmeasurableError
from faussaire.evaluation.extractors.letter_groups import LetterGroupsExtractor, line_numbers
from faussaire.evaluation.extractors.lines import LinesExtractor
from faussaire.evaluation.fourgrams import FourGrams
from faussaire.evaluation.metrics.lines import METRIC, compared, distinct_share, divergence, groups_of
from faussaire.evaluation.protocols import PROTOCOLS, compute

ABC = np.array([[1, 2, 3, 0], [1, 2, 0, 0], [1, 2, 3, 4], [2, 2, 0, 0]])


def drawn(count: int, seed: int, shares: tuple[float, ...] = (0.5, 0.3, 0.2)) -> np.ndarray:
    """Lines of one to six letters, each letter likelier to follow itself."""
    random = np.random.default_rng(seed)
    lines = np.zeros((count, 6), np.int64)
    for line in lines:
        letter = 0
        for place in range(random.integers(1, 7)):
            letter = letter if letter and random.random() < 0.5 else 1 + random.choice(len(shares), p=shares)
            line[place] = letter
    return lines


def one_hot(lines: np.ndarray, letters: int) -> torch.Tensor:
    return torch.nn.functional.one_hot(torch.from_numpy(lines), letters).transpose(1, 2).float()


def test_groups_of_letters_have_the_edges_of_lines_in_them() -> None:
    for size, per_line in ((1, [3, 2, 4, 2]), (2, [4, 3, 5, 3]), (3, [3, 2, 4, 2]), (4, [2, 1, 3, 1])):
        codes, of_line = groups_of(ABC, size)
        assert np.bincount(of_line, minlength=4).tolist() == per_line
        assert len(codes) == sum(per_line)
    codes, of_line = groups_of(ABC, 2)
    assert codes[of_line == 1].tolist() == [1, 1 * 2048 + 2, 2 * 2048]  # ^a, ab, b$


def test_the_divergence_is_that_of_its_definition() -> None:
    p, q = np.array([[3.0, 1.0, 0.0]]), np.array([[1.0, 1.0, 2.0]])
    shares = [(3 / 4, 1 / 4), (1 / 4, 1 / 4), (0.0, 1 / 2)]
    expected = sum(
        share * math.log2(share / ((a + b) / 2)) / 2 for a, b in shares for share in (a, b) if share > 0
    )  # fmt: skip
    assert divergence(p, q) == pytest.approx(expected)
    assert divergence(p, p) == 0
    assert divergence(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])) == 1


def test_the_interval_of_a_divergence_holds_what_other_draws_give() -> None:
    values = [compared(groups_of(drawn(400, 2 * k), 2), groups_of(drawn(400, 2 * k + 1), 2), 0.95) for k in range(20)]
    mean = np.mean([one.value for one in values])
    assert sum(one.low <= mean <= one.high for one in values) >= 16


def test_the_share_of_different_lines_is_counted() -> None:
    lines = np.repeat(drawn(40, 0), 2, axis=0)
    found = distinct_share(lines, 0.95)
    assert found.value == len(np.unique(lines, axis=0)) / 80
    assert found.low <= found.value <= found.high


def test_a_model_of_four_letters_writes_no_group_that_is_not_in_the_data() -> None:
    data = drawn(500, 1)
    written = FourGrams(data).write(1000, seed=3)
    assert written.shape == (1000, 6)
    assert set(groups_of(written, 4)[0]) <= set(groups_of(data, 4)[0])
    np.testing.assert_array_equal(written, FourGrams(data).write(1000, seed=3))
    assert compared(groups_of(data, 3), groups_of(written, 3), 0.95).value < 0.05


def test_what_follows_the_first_end_of_a_line_is_not_read() -> None:
    samples = one_hot(np.array([[1, 0, 2, 2], [1, 2, 0, 0]]), 3)
    assert line_numbers(samples).tolist() == [[1, 0, 0, 0], [1, 2, 0, 0]]


def test_letter_groups_are_the_same_for_the_same_line_and_for_hardly_another() -> None:
    lines = np.unique(drawn(300, 5), axis=0)
    features = LetterGroupsExtractor()(one_hot(lines, 4))
    assert features.shape == (len(lines), 32)
    assert torch.equal(features, LetterGroupsExtractor()(one_hot(lines, 9)))
    assert len(features.unique(dim=0)) > 0.95 * len(lines)
    with pytest.raises(ExtractorError, match=r"takes lines \[N, V, L\]"):
        LetterGroupsExtractor()(torch.zeros(2, 3))


def test_figures_of_lines_stand_beside_real_ones_and_a_model() -> None:
    extractor = LinesExtractor(drawn(1500, 1), trained_on="words")
    real, noise = drawn(500, 2), np.random.default_rng(3).integers(0, 4, (600, 6))
    fakes = np.concatenate([drawn(300, 1), noise[:300]])
    rows = compute(
        PROTOCOLS["lines2000-lines"], extractor(one_hot(real, 4)), extractor(one_hot(fakes, 4)), extractor, reals=""
    )  # fmt: skip
    figures = {row.metric: row.value for row in rows}
    assert list(figures) == [figure.name for figure in METRIC.figures]
    assert figures["letters-3-floor"] < figures["letters-3-model"] < figures["letters-3"]
    assert {row.n_fake for row in rows} == {600}
    assert figures["new"] < 0.6  # the first half is of the training part
    assert figures["distinct"] <= 1


def test_too_few_lines_are_not_measured() -> None:
    extractor = LinesExtractor(drawn(50, 1), trained_on="words")
    few = extractor(one_hot(drawn(10, 2), 4))
    with pytest.raises(UnmeasurableError, match="40 lines or more"):
        compute(PROTOCOLS["lines2000-lines"], few, few, extractor, reals="")
