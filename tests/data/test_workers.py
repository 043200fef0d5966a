"""What a codec may do to a process that decodes, and that it costs one file, never the program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from data.menagerie import raw_png
from faussaire.core.errors import DataError
from faussaire.data import Dataset, prepare
from faussaire.data.pool import workers
from faussaire.data.pool.chunks import Task
from faussaire.data.pool.outcomes import KEPT
from faussaire.data.pool.workers import Workers
from faussaire.modalities import modality
from faussaire.modalities.image.rule import SIZES, Rule

IMAGE = modality("image")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals end the processes")

BROKEN_CODEC = """
import os, signal, time
from pathlib import Path
from PIL.PngImagePlugin import PngImageFile
from faussaire.data.pool import worker

here = Path(__file__).parent
if (here / "no more").exists():
    os._exit(1)
worker.CPU_SECONDS, worker.SECONDS = 0.2, 0.5

def does(what):
    if what == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif what == "exit":
        os._exit(3)
    elif what == "killed for want of memory":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "loop":
        while True:
            pass
    elif what == "sleep":
        time.sleep(1000)
    elif what == "print":
        os.write(1, bytes(1000))
    elif what == "want of memory":
        raise MemoryError
    elif what == "the last":
        (here / "no more").touch()
        os.kill(os.getpid(), signal.SIGSEGV)

real_open, real_load = PngImageFile._open, PngImageFile.load

def opens(self):
    real_open(self)
    does(self.info.get("opened"))

def loads(self):
    does(self.info.get("loaded"))
    return real_load(self)

PngImageFile._open, PngImageFile.load = opens, loads
"""
"""Of the processes that decode alone: they import `sitecustomize` as they start, this one has done so already."""


@pytest.fixture
def broken_codec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the processes that decode do what a PNG tells them to; return the folder of what makes them."""
    folder = tmp_path / "codec"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(BROKEN_CODEC)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder


def write_pictures(folder: Path, count: int = 4, **odd: tuple[str, str]) -> Path:
    """Write pictures 0.png, 1.png …, and odd ones which make their decoder do something when opened or loaded."""
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(0)
    for i in range(count):
        Image.fromarray(random.integers(0, 256, (8, 8, 3), np.uint8)).save(folder / f"{i}.png")
    for name, (when, what) in odd.items():
        told = PngImagePlugin.PngInfo()
        told.add_text(when, what)
        Image.fromarray(random.integers(0, 256, (8, 8, 3), np.uint8)).save(folder / f"{name}.png", pnginfo=told)
    return folder


def rejected(dataset: Dataset) -> dict[str, str]:
    return {record.name: record.note for record in dataset.inventory.rejected}


OUTCOMES = {
    "crash": "its decoder crashed (SIGSEGV)",
    "exit": "its decoder crashed",
    "killed for want of memory": "its decoder was ended by the system, most likely for want of memory",
    "loop": "its decoder took more than 8 seconds of the processor, or 60 of the clock",
    "sleep": "its decoder took more than 8 seconds of the processor, or 60 of the clock",
    "want of memory": "too large for the memory of this machine",
}


@pytest.mark.usefixtures("broken_codec")
def test_whatever_a_file_does_to_its_decoder_costs_that_file_alone(tmp_path: Path) -> None:
    odd = {f"{place}-{what}": ("loaded", what) for place, what in zip("000zzz", OUTCOMES, strict=True)}
    dataset = prepare(write_pictures(tmp_path / "set", **odd))
    assert rejected(dataset) == {f"{name}.png": OUTCOMES[what] for name, (_, what) in odd.items()}
    assert len(dataset.images) == 4


@pytest.mark.usefixtures("broken_codec")
@pytest.mark.parametrize("frames", ["first", "all"])
def test_a_header_that_crashes_its_reader_costs_that_file_alone(tmp_path: Path, frames: str) -> None:
    folder = write_pictures(tmp_path / "set", **{"1-odd": ("opened", "crash"), "2-odd": ("opened", "loop")})
    dataset = prepare(folder, frames=frames)
    assert rejected(dataset) == {"1-odd.png": OUTCOMES["crash"], "2-odd.png": OUTCOMES["loop"]}
    assert dataset.spec.shape == (3, 8, 8)


@pytest.mark.usefixtures("broken_codec", "hand_over_at_once")
@pytest.mark.parametrize("num", [1, 2, 3])
def test_several_crashes_among_many_files_leave_the_others_in_order(tmp_path: Path, num: int) -> None:
    odd = {f"{i}-odd": ("loaded", "crash") for i in (0, 3, 30, 31)}
    dataset = prepare(write_pictures(tmp_path / "set", 40, **odd), workers=num)
    plain = prepare(write_pictures(tmp_path / "plain", 40), workers=0)
    assert list(rejected(dataset)) == [f"{name}.png" for name in odd]
    np.testing.assert_array_equal(dataset.images, plain.images)


@pytest.mark.usefixtures("broken_codec")
def test_what_a_codec_prints_is_no_reply(tmp_path: Path) -> None:
    dataset = prepare(write_pictures(tmp_path / "set", odd=("loaded", "print")))
    assert len(dataset.images) == 5


@pytest.mark.usefixtures("hand_over_at_once")
@pytest.mark.parametrize("num", [1, 2])
def test_when_no_process_can_be_started_any_more_one_line_says_so_and_the_next_start_goes_on(
    tmp_path: Path, broken_codec: Path, num: int
) -> None:
    folder = write_pictures(tmp_path / "set", 20, **{"3-odd": ("loaded", "the last"), "5-odd": ("loaded", "the last")})
    with pytest.raises(DataError, match=r"no other can be started.* it goes on from here"):
        prepare(folder, workers=num)
    (broken_codec / "sitecustomize.py").write_text(BROKEN_CODEC.replace('(here / "no more").touch()', "pass"))
    (broken_codec / "no more").unlink()
    assert len(prepare(folder, workers=num).images) == 20


@pytest.mark.parametrize("interpreter", ["", "/bin/false", "/bin/true", "/gone/python", "/bin/cat"])
def test_where_no_process_can_be_started_at_all_this_one_decodes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interpreter: str
) -> None:
    monkeypatch.setattr(sys, "executable", interpreter)
    monkeypatch.setattr(workers, "_PAUSES", (0.0,))
    assert len(prepare(write_pictures(tmp_path / "set")).images) == 4


def test_a_process_that_was_killed_in_between_costs_no_file(tmp_path: Path) -> None:
    write_pictures(tmp_path / "set")
    tasks = [Task(read=lambda: b"", path=str(tmp_path / "set" / f"{i}.png")) for i in range(4)]
    rule = Rule(resolution=8, channels=3)
    with Workers(IMAGE, 1) as found:
        found.decode(tasks, rule)
        (process,) = found._all
        process._process.kill()
        process._process.wait()
        chunk = found.decode(tasks, rule)
    assert (chunk.outcomes["flags"] & KEPT).all()
    assert not found._idle or all(p._process.poll() is not None for p in found._all)


@pytest.mark.usefixtures("hand_over_at_once")
def test_ctrl_c_while_preparing_ends_every_process_and_the_next_start_goes_on(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "set", 48)

    def interrupt(done: int, total: int) -> None:
        if done > 10:
            raise KeyboardInterrupt

    before = children()
    with pytest.raises(KeyboardInterrupt):
        prepare(folder, workers=2, progress=interrupt)
    assert children() == before
    assert len(prepare(folder, workers=2).images) == 48


def children() -> set[str]:
    """Return the processes that this one has started and that are there."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(os.getpid())], capture_output=True, text=True)
    return {pid for pid in found.stdout.split() if Path(f"/proc/{pid}/cmdline").exists()}


HANGS = """
import sys
from faussaire.cli.main import run
sys.exit(run(["inspect", sys.argv[1], "--out", sys.argv[2]]))
"""


def test_ctrl_c_is_answered_at_once_also_while_a_file_hangs(tmp_path: Path, broken_codec: Path) -> None:
    text = BROKEN_CODEC.replace("0.2, 0.5", "1000, 1000").replace(
        "time.sleep", "(here / 'hangs').write_text(f'{os.getpid()}.'); time.sleep"
    )
    (broken_codec / "sitecustomize.py").write_text(text)
    folder = write_pictures(tmp_path / "set", odd=("loaded", "sleep"))
    path = os.pathsep.join([str(broken_codec), *sys.path])
    command = [sys.executable, "-c", HANGS, str(folder), str(tmp_path / "sheet.png")]
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path}, stderr=subprocess.PIPE, text=True)
    pid = ""
    while not pid.endswith("."):
        assert process.poll() is None
        time.sleep(0.02)
        pid = (broken_codec / "hangs").read_text() if (broken_codec / "hangs").exists() else ""
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    assert "interrupted" in process.communicate()[1]
    assert not Path(f"/proc/{pid.removesuffix('.')}").exists()


def test_a_picture_that_claims_gigabytes_is_rejected_by_its_header(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "set")
    (folder / "0-bomb.png").write_bytes(raw_png(60_000, 60_000, 8, 2, bytes(10**6)))
    assert rejected(prepare(folder)) == {"0-bomb.png": "more than 100 megapixels, the limit"}


def test_the_processes_are_the_first_to_go_where_memory_runs_out_and_leave_no_core() -> None:
    with Workers(IMAGE, 1) as found:
        found.answers(SIZES, [Task(data=b"")])
        (process,) = found._all
        pid = process._process.pid
        assert Path(f"/proc/{pid}/oom_score_adj").read_text() == "1000\n"
        limits = Path(f"/proc/{pid}/limits").read_text()
        assert os.getpgid(pid) != os.getpgid(0)
    assert next(line for line in limits.splitlines() if line.startswith("Max core")).split()[4:6] == ["0", "0"]
