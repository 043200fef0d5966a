"""Values that no flag can take: one line that names the flag, exit code 2, and nothing begun."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from faussaire.cli.main import run
from faussaire.core.config import resolve
from faussaire.core.errors import ConfigError
from toy import write_squares

TRAIN = (
    "--minutes -1", "--minutes nan", "--minutes inf", "--minutes 1e400", "--minutes 1e9", "--minutes ''", "--kimg nan",
    "--kimg 1e12", "--epochs 0", "--threads 0", "--threads 100000", "--threads 1.5", "--resolution 1",
    "--resolution 100000", "--resolution 99999999999999999999", "--seed -1", "--seed 18446744073709551616",
    "--seed 1e30",
    "--seed nan", "--batch-size 0", "--batch-size 1", "--batch-size 1000000000", "--width 100000000",
    "--z-dim 10000000000", "--d-steps 1000000000000", "--pictures 1000000000", "--lr nan", "--lr-final nan",
    "--beta2 nan", "--ema nan", "--gamma -1", "--score-minutes nan", "--cache ''", "--channels 2.5",
)  # fmt: skip

OTHERS = {
    "generate RUN -n 1.5": "whole number",
    "generate RUN -n nan": "whole number",
    "generate RUN --seed 18446744073709551616": "below 2^64",
    "generate RUN --truncation nan": "truncation",
    "generate afile": "no generator",
    "generate .": "no generator",
    "evaluate nowhere": "no such run",
    "evaluate RUN --seed -1": "0 or more",
    "evaluate RUN --data ''": "is empty",
    "train ''": "is empty",
    "compare RUN nowhere": "no such run",
    "compare RUN .": "no generator",
    "serve afile": "no such run",
    "serve RUN --port 70000": "--port",
    "serve RUN --port 80.5": "whole number",
    "inspect squares.npy --resolution 1": "--resolution",
    "inspect squares.npy --cache ''": "--cache",
    "list ''": "architectures",
    "demo --minutes nan": "--minutes",
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_squares(tmp_path / "squares.npy")
    (tmp_path / "afile").touch()


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what was said, which must be one line."""
    printed = capsys.readouterr()
    (line,) = (printed.out + printed.err).strip().splitlines()
    assert line.startswith("faussaire: ")
    return line


@pytest.mark.parametrize("flags", TRAIN)
def test_train_refuses_what_no_training_could_mean(flags: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "squares.npy", *shlex.split(flags)]) == 2
    assert flags.split()[0] in one_line(capsys).lower()
    assert not any(Path("runs").rglob("*"))


@pytest.mark.parametrize("command", OTHERS)
def test_every_verb_refuses_in_one_line(command: str, squares_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(shlex.split(command.replace("RUN", str(squares_run)))) == 2
    assert OTHERS[command] in one_line(capsys)


@pytest.mark.parametrize(("text", "number"), [("1e2", 100), ("100", 100), ("100.0", 100)])
def test_a_whole_number_may_be_written_in_any_way(
    text: str, number: int, squares_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["generate", str(squares_run), "-n", text, "--out", "each/"]) == 0
    assert len(list(Path("each").glob("*.png"))) == number


def test_the_largest_seed_is_one() -> None:
    assert resolve(None, {"data": "x", "seed": 2**64 - 1}).seed == 2**64 - 1
    with pytest.raises(ConfigError, match="--seed must be at most"):
        resolve(None, {"data": "x", "seed": 2**64})


def test_a_class_may_be_called_none() -> None:
    assert resolve(None, {"data": "none", "classes": ["none"]}).classes == ("none",)
    assert resolve(None, {"data": ["none"]}).data == ("none",)
