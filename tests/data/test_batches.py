"""From a source to a batch: which images, which labels, in which order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from data.zoo import png
from faussaire.data import Dataset, batches, prepare
from faussaire.data.batches import Batches, enciphered
from toy import IMAGE


@pytest.fixture
def animals(tmp_path: Path) -> Path:
    """Return a folder of three classes, whose images have the grey value 10, 20 or 30, and 0 to 4 more."""
    for name, value in (("cat", 10), ("cow", 20), ("dog", 30)):
        for i in range(5):
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / f"{i}.png").write_bytes(png(value + i))
    return tmp_path


def values(dataset: Dataset, source: Batches, nimg: int) -> list[int]:
    return source.real(nimg)[:, 0, 0, 0].add(1).mul(127.5).round().int().tolist()


@pytest.mark.parametrize(
    ("wanted", "tens", "classes"),
    [
        (["dog"], {3}, ("dog",)),
        (["c*"], {1, 2}, ("cat", "cow")),
        (["?o?"], {2, 3}, ("cow", "dog")),
        (["0", "DOG"], {1, 3}, ("cat", "dog")),
        ([], {1, 2, 3}, ("cat", "cow", "dog")),
    ],
)
def test_the_class_filter_decides_what_is_in_a_batch(
    animals: Path, wanted: list[str], tens: set[int], classes: tuple[str, ...]
) -> None:
    dataset = prepare(animals, classes=wanted)
    source = Batches(dataset.images, to_real=IMAGE.to_real, batch_size=len(dataset.images), seed=0)
    assert {value // 10 for value in values(dataset, source, 0)} == tens
    assert dataset.spec.classes == classes


def test_labels_that_are_asked_for_are_those_of_the_images_of_the_batch(animals: Path) -> None:
    dataset = prepare(animals)
    source = Batches(dataset.images, to_real=IMAGE.to_real, batch_size=8, seed=3, labels=dataset.labels)
    for nimg in range(0, 80, 8):  # over several passes
        labels = source.labels(nimg)
        assert labels is not None
        assert labels.dtype == torch.int64
        assert labels.tolist() == [value // 10 - 1 for value in values(dataset, source, nimg)]


def test_labels_follow_the_class_filter(animals: Path) -> None:
    dataset = prepare(animals, classes=["cow", "dog"])
    source = Batches(dataset.images, to_real=IMAGE.to_real, batch_size=10, seed=0, labels=dataset.labels)
    labels = source.labels(0)
    assert labels is not None
    assert labels.tolist() == [value // 10 - 2 for value in values(dataset, source, 0)]


def test_labels_are_stripped_unless_they_are_asked_for(animals: Path) -> None:
    dataset = prepare(animals)
    assert dataset.labels is not None
    source = Batches(dataset.images, to_real=IMAGE.to_real, batch_size=8, seed=0)
    assert source.labels(0) is None
    labelled = Batches(dataset.images, to_real=IMAGE.to_real, batch_size=8, seed=0, labels=dataset.labels)
    assert torch.equal(source.real(16), labelled.real(16))


def test_every_pass_shows_every_image_once(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = np.arange(30, dtype=np.uint8).reshape(30, 1, 1, 1)
    for limit in (2**20, 10):
        monkeypatch.setattr(batches, "DRAWN_UP_TO", limit)
        source = Batches(samples, to_real=IMAGE.to_real, batch_size=10, seed=0)
        passes = [np.concatenate([source.indices_at(start + i) for i in (0, 10, 20)]) for start in (0, 30, 60)]
        assert all(sorted(one.tolist()) == list(range(30)) for one in passes)
        assert len({tuple(one.tolist()) for one in passes}) == 3
        np.testing.assert_array_equal(source.indices_at(25)[5:], passes[1][:5])


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 3000), st.integers(0, 2**32))
def test_the_cipher_is_a_permutation(count: int, seed: int) -> None:
    found = enciphered(np.arange(count), count, np.random.default_rng(seed))
    assert sorted(found.tolist()) == list(range(count))


def test_the_cipher_mixes() -> None:
    count = 3_000_000
    found = enciphered(np.arange(100_000), count, np.random.default_rng(0))
    assert abs(np.corrcoef(np.arange(len(found)), found)[0, 1]) < 0.02
    counts = np.histogram(found, bins=100, range=(0, count))[0]
    assert ((counts - 1000) ** 2 / 1000).sum() < 170  # chi-squared of 99 degrees: above 170 once in 70,000
    steps = np.diff(found)
    assert len(np.unique(steps)) > 0.9 * len(steps)


def test_a_batch_of_a_mapped_set_is_that_of_the_array(animals: Path) -> None:
    dataset = prepare(animals)
    mapped = Batches(dataset.images, to_real=IMAGE.to_real, batch_size=8, seed=0)
    array = Batches(dataset.images[:], to_real=IMAGE.to_real, batch_size=8, seed=0)
    assert torch.equal(mapped.real(8), array.real(8))
