"""kill -9 during a preparation: the next start goes on, and what comes of it is the same."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faussaire.data import prepare

PROGRAM = """
import sys, time
from faussaire.data import prepare
prepare(sys.argv[1], cache=sys.argv[2], workers=int(sys.argv[3]), progress=lambda done, total: time.sleep(0.02))
"""
KILLS = 20


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of 1,500 pictures in two classes."""
    folder = tmp_path_factory.mktemp("kill") / "pictures"
    generator = np.random.default_rng(0)
    for i in range(1500):
        path = folder / "ab"[i % 2] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 256, (12, 12, 3), np.uint8)).save(path)
    return folder


def progress(cache: Path) -> int:
    return sum(path.stat().st_size for path in cache.glob("*/*/*.u8"))


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_twenty_kills_at_random_moments_change_nothing(pictures: Path, tmp_path: Path, workers: int) -> None:
    whole = prepare(pictures, cache=tmp_path / "whole", workers=1)
    generator = np.random.default_rng(workers)
    cache, began, resumed = tmp_path / "cache", 0, 0
    for kill in range(KILLS // 2):  # half of the twenty for each number of workers
        if list(cache.glob("*/*/index.json")):  # done in spite of all the kills: begin another
            assert prepare(pictures, cache=cache).fingerprint == whole.fingerprint
            cache, began = tmp_path / f"cache-{kill}", 0
        command = [sys.executable, "-c", PROGRAM, str(pictures), str(cache), str(workers)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and progress(cache) <= began:
            time.sleep(0.005)  # the interpreter starts
        time.sleep(generator.uniform(0, 0.3))
        process.kill()
        process.wait()
        now = progress(cache)
        resumed += now > began > 0
        began = now
    assert resumed
    again = prepare(pictures, cache=cache, workers=workers)
    assert again.fingerprint == whole.fingerprint
    assert again.inventory.notes == whole.inventory.notes
    np.testing.assert_array_equal(again.images, whole.images)
