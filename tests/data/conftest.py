"""Folders and files of images for the tests of the data side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data.zoo import png, write_zoo


@pytest.fixture
def zoo_folder(tmp_path: Path) -> Path:
    """Return a folder with one of everything that goes wrong."""
    folder = tmp_path / "My Zoo_2"
    folder.mkdir()
    write_zoo(folder)
    return folder


@pytest.fixture
def class_folder(tmp_path: Path) -> Path:
    """Return a folder of three grey images in each of the folders 10, 2 and cat."""
    root = tmp_path / "classes"
    for label, name in enumerate(("2", "10", "cat")):
        folder = root / name
        folder.mkdir(parents=True)
        for i in range(3):
            (folder / f"{i}.png").write_bytes(png(label * 10 + i))
    return root


@pytest.fixture
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Return 300 different images uint8 `[300, 8, 8]` and labels uint8 `[300]` from 0 to 2, sorted."""
    generator = np.random.default_rng(0)
    return generator.integers(0, 256, (300, 8, 8), np.uint8), np.arange(300).astype(np.uint8) // 100
