"""What every test may use: a modality that is not images, and runs small enough to make many of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from faussaire import modalities
from toy import Points


@pytest.fixture(autouse=True, scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep what is prepared and computed out of the user's own cache."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tests share two cores: one thread each is quicker than two that wait for one another."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def points_modality(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the toy modality."""
    monkeypatch.setitem(modalities.MODALITIES, "points", Points())


@pytest.fixture
def images_folder(tmp_path: Path) -> Path:
    """A .npy of 60 small grey images that differ from one another."""
    rng = np.random.default_rng(0)
    path = tmp_path / "squares.npy"
    images = np.zeros((60, 12, 12), np.uint8)
    for image in images:
        top, left = rng.integers(0, 8, 2)
        image[top : top + 4, left : left + 4] = rng.integers(100, 256)
    np.save(path, images)
    return path
