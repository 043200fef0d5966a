"""The data sets that come with the package."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from faussaire.data import embedded_sets, prepare

pytestmark = pytest.mark.usefixtures("in_this_process")

NAMES = sorted(embedded_sets())
SHAPES = {
    "mnist": (1, 28, 28),
    "fashion-mnist": (1, 28, 28),
    "names": (27, 9),
    "spoken-digits": (1, 64, 64),
    "chorales": (4, 64, 48),
}
LICENCES = {
    "mnist": "creativecommons.org/licenses/by-sa/3.0",
    "fashion-mnist": "Zalando SE",
    "names": "Social Security",
    "spoken-digits": "creativecommons.org/licenses/by-sa/4.0",
    "chorales": "public",
}


@pytest.mark.parametrize("name", NAMES)
def test_an_embedded_set_is_what_its_entry_says(name: str) -> None:
    entry = embedded_sets()[name]
    dataset = prepare(name)
    assert dataset.name == name
    assert dataset.spec.shape == SHAPES[name]
    assert len(dataset.spec.classes) == entry.num_classes
    assert len(dataset.inventory.records) == entry.num_samples
    assert len(dataset.inventory.kept) >= 0.99 * entry.num_samples
    assert set(dataset.inventory.class_counts.values()) <= {100, 1000}
    by_chance = 3 * math.sqrt(0.1 * 0.9 / entry.num_samples)
    assert len(dataset.held_out) / entry.num_samples == pytest.approx(0.1, abs=by_chance)


@pytest.mark.parametrize("name", NAMES)
def test_an_embedded_set_has_its_licence_beside_it(name: str) -> None:
    assert LICENCES[name] in embedded_sets()[name].path.with_name(f"{name}.LICENSE.txt").read_text("utf-8")


def test_the_embedded_sets_are_small() -> None:
    assert sum(entry.path.stat().st_size for entry in embedded_sets().values()) < 13_000_000


def test_a_name_means_the_embedded_set_and_with_a_slash_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mnist").mkdir()
    np.save(tmp_path / "mnist" / "x.npy", np.zeros((3, 8, 8), np.uint8))
    monkeypatch.chdir(tmp_path)
    assert len(prepare("mnist").inventory.kept) == 10_000
    assert prepare("./mnist/x.npy").spec.shape == (1, 8, 8)


def test_the_lucky_number_can_be_chosen_alone() -> None:
    dataset = prepare("mnist", classes=("7",))
    assert dataset.spec.classes == ("7",)
    assert len(dataset.inventory.records) == 1000
    assert dataset.labels is not None
    assert set(dataset.labels.tolist()) == {0}
