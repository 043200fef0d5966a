"""Two processes make what one makes: the real program, as torchrun starts it, on the processor."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file

from faussaire import train
from faussaire.core.world import World
from faussaire.runs.folder import RunFolder
from faussaire.runs.plan import Segment
from faussaire.training.distributed import _packed, _unpacked, tell

SETTINGS = {"kimg": 0.8, "batch_size": 16, "width": 4, "precision": "fp32", "conditional": True, "pictures": 2}
AUGMENT = ("translation", "colour", "cutout")
pytestmark = pytest.mark.slow
PATIENCE_SECONDS = 600  # of a machine that does much besides


def flags() -> list[str]:
    said = [f"--{name.replace('_', '-')}={value}" for name, value in SETTINGS.items() if value is not True]
    return [*said, "--conditional", *(part for name in AUGMENT for part in ("--augment", name))]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three hundred images of noise in three colours, of two classes."""
    path = tmp_path_factory.mktemp("data") / "noise.npz"
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (300, 16, 16, 3), dtype=np.uint8)
    np.savez(path, images=images, labels=random.integers(0, 2, len(images)))
    return path


@pytest.fixture(scope="module")
def alone(data: Path) -> Path:
    """The folder of a run of fifty steps by one process, of two shards."""
    folder = data.parent / "of one" / "run"
    console = Console(file=io.StringIO())
    train(data, run=folder, threads=1, shards=2, augment=AUGMENT, console=console, **SETTINGS)
    return folder


def start(data: Path, folder: Path, rank: int, port: int) -> subprocess.Popen[str]:
    """Start one of two processes as torchrun would."""
    environment = os.environ | {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "OMP_NUM_THREADS": "1"}
    environment |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "COLUMNS": "200"}
    return subprocess.Popen(
        [sys.executable, "-m", "faussaire", "train", str(data), "--folder", str(folder), *flags()],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def pair(data: Path, folder: Path) -> list[subprocess.Popen[str]]:
    """Start two processes."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return [start(data, folder, rank, port) for rank in range(2)]


def state(folder: Path) -> dict[str, torch.Tensor]:
    """Load the last checkpoint of a run."""
    return load_file(max((folder / "checkpoints").glob("0*")) / "state.safetensors")


def test_two_processes_make_every_tensor_that_one_makes_of_two_shards(data: Path, alone: Path) -> None:
    folder = data.parent / "of two" / "run"
    first, second = (process.communicate(timeout=PATIENCE_SECONDS) for process in pair(data, folder))
    assert "in 2 processes" in first[0], first
    assert second == ("", "")  # the first alone says and writes
    made, expected = state(folder), state(alone)
    assert made.keys() == expected.keys()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in made.items())
    *_, score = RunFolder(folder).events("score")
    *_, expected_score = RunFolder(alone).events("score")
    for event in (score, expected_score):
        event.data.pop("forecast", None)  # rests on earlier scores, and the clock says how many those are
    assert score.data == expected_score.data  # each made half of the samples


def test_when_one_is_killed_the_other_names_it_and_one_alone_goes_on_exactly(data: Path, alone: Path) -> None:
    folder = data.parent / "killed"
    first, second = pair(data, folder)
    events, until = folder / "events.jsonl", time.monotonic() + PATIENCE_SECONDS
    while not (events.exists() and '"kind": "stats"' in events.read_text()):
        assert first.poll() is None, first.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)
    second.send_signal(signal.SIGKILL)
    _, said = first.communicate(timeout=PATIENCE_SECONDS)
    second.communicate()
    assert first.returncode == 1
    assert f"process 1 of 2 (pid {second.pid} on {socket.gethostname()}) is gone: all of them end" in said
    train(data, run=folder, augment=AUGMENT, console=Console(file=io.StringIO()), **SETTINGS)
    assert all(torch.equal(tensor, state(alone)[name]) for name, tensor in state(folder).items())


def test_a_plan_is_told_to_the_last_bit() -> None:
    segment = Segment(nimg=2**40, progress=0.1 + 0.2, end_nimg=2**62, halvings=2)
    assert _unpacked(_packed(segment)) == segment


def test_a_process_alone_has_nobody_to_tell_and_nothing_to_wait_for() -> None:
    world = World()
    tell(world, 0)
    assert world.from_first({"a": [1]}) == {"a": [1]}
    assert world.order([3, 4]) == [3, 4]
    assert world.together(lambda: 5) == 5
    assert torch.equal(world.gather(torch.ones(3, 2), [3]), torch.ones(3, 2))
