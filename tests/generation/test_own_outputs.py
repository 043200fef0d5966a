"""Everything is done inside the folder of the data, and nothing of what comes of it is learnt."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faussaire.cli.main import run
from faussaire.data import prepare

TRAIN = ["train", ".", "--kimg", "0.1", "--batch-size", "8", "--architecture", "dense", "--threads", "1"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of two classes in which everything was done that can be done with them."""
    folder = tmp_path_factory.mktemp("own") / "pictures"
    generator = np.random.default_rng(0)
    for i in range(20):
        path = folder / "ab"[i % 2] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 256, (12, 12), np.uint8)).save(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for command in (
            ["inspect", "."],
            TRAIN,
            ["generate", "runs/pictures", "--out", "grid.png"],
            ["generate", "runs/pictures", "--out", "grid.jpg"],
            ["generate", "runs/pictures", "--out", "made/", "-n", "5"],
            ["generate", "runs/pictures", "--out", "a/", "-n", "5"],
            ["inspect", ".", "--out", "sheet.png"],
        ):
            assert run(command) == 0
    return folder


def test_nothing_that_was_made_is_learnt(pictures: Path) -> None:
    inventory = prepare(pictures).inventory
    assert inventory.class_counts == {"a": 10, "b": 10}
    assert {record.note for record in inventory.rejected} == {"made by faussaire"}


def test_the_same_command_again_goes_on(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(pictures)
    config = Path("runs/pictures/config.json")
    fingerprint = json.loads(config.read_text())["fingerprint"]
    assert run([*TRAIN[:3], "0.2", *TRAIN[4:]]) == 0
    assert json.loads(config.read_text())["fingerprint"] == fingerprint == prepare(pictures).fingerprint


def test_inspect_writes_beside_the_data_and_not_into_it(pictures: Path) -> None:
    beside = {path.name for path in pictures.parent.iterdir()}
    assert beside == {"pictures", "pictures-contact-sheet.png", "pictures-inspection.html"}


def test_what_was_generated_is_learnt_where_it_is_named(pictures: Path) -> None:
    assert len(prepare(pictures / "made").images) == 5
