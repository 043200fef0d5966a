"""What every test may use: a modality that is not images, and runs small enough to make many of."""

from __future__ import annotations

import gc
import io
import signal
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from rich.console import Console

from faussaire import train
from faussaire.data.pool import scan, workers
from faussaire.training import probing
from toy import TRIED, without_curves, write_squares

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a job in the background, whose programs would not hear Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --damaged: `pytest tests/data/test_menagerie.py --damaged 100` reads that many damaged files."""
    parser.addoption("--damaged", type=int, default=10_000, metavar="N", help="files to damage at random [10,000]")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that have slow tests: the last that are given out are short, and end at the same time."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what stays to the end: torch, and thousands of tests."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep what is prepared and computed out of the user's own cache, and say things in English."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        patch.setenv("LC_ALL", "C.UTF-8")
        yield folder


@pytest.fixture(autouse=True, scope="session")
def few_steps_tried() -> Iterator[None]:
    """Let a training that tries how fast it would be try a step, not half a second for each way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probing, "PROBE_SECONDS", 0.0)
        yield


@pytest.fixture(autouse=True, scope="module")
def no_curves(request: pytest.FixtureRequest) -> Iterator[None]:
    """Draw an empty picture in place of curves, in a hundredth of the time, where many runs are made and none seen."""
    unseen = request.path.parent.name in ("runs", "training")
    with without_curves() if unseen else nullcontext():
        yield


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tests share two cores: one thread each is quicker than two that wait for one another."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def images_folder(tmp_path: Path) -> Path:
    """A .npy of 60 small grey images that differ from one another."""
    return write_squares(tmp_path / "squares.npy")


@pytest.fixture(scope="session")
def squares_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run on such images; not to be changed."""
    folder = tmp_path_factory.mktemp("squares")
    data = write_squares(folder / "squares.npy")
    console = Console(file=io.StringIO())
    settings = {"kimg": 2, "z_dim": 16, "pictures": 8, "threads": 1, **TRIED}
    return train(data, run=folder / "runs" / "squares", console=console, **settings).path


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decode without another process, a quarter of a second each: for tests of what is read, not of who reads it."""
    monkeypatch.setattr(workers, "num_cores", lambda: 0)


@pytest.fixture
def hand_over_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all processes take part after the first file of any set."""
    monkeypatch.setattr(scan, "_CHUNK_FIRST", 1)
    for name in ("_SECONDS_TO_TELL", "_SECONDS_ALONE"):
        monkeypatch.setattr(scan, name, 0.0)
