"""What is trained on, what is held out, and in which order: of the pixels, and of nothing else."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from data.zoo import png
from faussaire.core.rng import numpy_generator_for
from faussaire.data import Dataset, prepare
from faussaire.data.store import finishing, records


def sorted_classes(count: int = 1200, num_classes: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Return uint8 `[count, 8, 8]`, all different, and their labels, one class after the other."""
    images = numpy_generator_for(0, "sorted classes").integers(0, 256, (count, 8, 8), np.uint8)
    return images, np.arange(count) * num_classes // count


def same(one: Dataset, other: Dataset) -> bool:
    pairs = [(one.images, other.images), (one.held_out, other.held_out)]
    pairs += [(one.labels, other.labels), (one.held_out_labels, other.held_out_labels)]
    return one.fingerprint == other.fingerprint and all(np.array_equal(a, b) for a, b in pairs)


def test_the_order_of_a_class_folder_is_that_of_the_same_files_under_other_names(tmp_path: Path) -> None:
    values = [(i % 256, i // 256 * 100, 7) for i in range(400)]
    for i, turn in enumerate(numpy_generator_for(0, "names").permutation(400)):
        for folder, name in (("sorted", i), ("renamed", turn)):
            path = tmp_path / folder / "ab"[i // 200] / f"{name:03}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(values[i]))
    one, other = (prepare(tmp_path / folder) for folder in ("sorted", "renamed"))
    assert len(one.held_out) > 20
    assert same(one, other)
    assert [record.label for record in one.inventory.records] == [0] * 200 + [1] * 200  # as they lie there


@pytest.mark.parametrize("part", ["labels", "held_out_labels"])
def test_classes_are_mixed_though_the_source_has_one_after_the_other(tmp_path: Path, part: str) -> None:
    images, labels = sorted_classes()
    np.savez(tmp_path / "x.npz", images=images, labels=labels)
    found = getattr(prepare(tmp_path / "x.npz"), part)
    # In random order two neighbours of ten equal classes differ nine times in ten.
    changes, pairs = int((np.diff(found) != 0).sum()), len(found) - 1
    assert abs(changes - 0.9 * pairs) < 4 * math.sqrt(pairs * 0.9 * 0.1)


def test_copies_under_two_labels_have_one_order_wherever_they_lie(tmp_path: Path) -> None:
    found = []
    for name, labels in (("a", [1, 0, 1, 0]), ("b", [0, 0, 1, 1])):
        np.savez(tmp_path / f"{name}.npz", images=np.zeros((4, 8, 8), np.uint8), labels=labels)
        found.append(prepare(tmp_path / f"{name}.npz"))
    assert same(*found)


def test_the_order_does_not_depend_on_how_many_are_read_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, labels = sorted_classes(500)
    np.savez(tmp_path / "x.npz", images=images, labels=labels)
    whole = prepare(tmp_path / "x.npz", cache=tmp_path / "whole")
    for module in (finishing, records):
        monkeypatch.setattr(module, "_BLOCK", 37)
    monkeypatch.setattr(records, "_SORTED", 100)
    assert same(prepare(tmp_path / "x.npz", cache=tmp_path / "pieces"), whole)


def test_images_that_are_left_out_stay_in_the_order_of_the_source(tmp_path: Path) -> None:
    for i in range(30):
        (tmp_path / f"{i:02}.png").write_bytes(png(i) if i % 3 else b"")
    names = [record.name for record in prepare(tmp_path).inventory.rejected]
    assert names == [f"{i:02}.png" for i in range(0, 30, 3)]
