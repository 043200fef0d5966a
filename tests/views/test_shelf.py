"""`faussaire runs`: what is there, what is damaged, and what may go."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest

from faussaire.cli.main import run as command
from faussaire.runs.checkpoint import checkpoints
from faussaire.runs.folder import RunFolder
from runs.test_manifest import flip


@pytest.fixture
def shelf(tmp_path: Path, squares_run: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two runs, one of which was killed."""
    for name in ("done", "killed"):
        shutil.copytree(squares_run, tmp_path / "runs" / name)
    rows = [{"protocol": "fd2000-pixels-dct", "value": 1.5, "low": 1.25, "high": 1.75}]
    RunFolder(tmp_path / "runs" / "done").emit("score", nimg=2000, durable=True, rows=rows)
    RunFolder(tmp_path / "runs" / "killed").emit("resumed", nimg=2000, durable=True, seconds=1.0)
    (tmp_path / "runs" / "notes").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))  # which is no terminal
    return tmp_path / "runs"


def test_each_run_is_listed_with_its_state_size_and_last_score(
    shelf: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert command(["runs"]) == 0
    _, done, killed = capsys.readouterr().out.splitlines()
    assert done.split()[:3] == ["done", "finished", "100%"]
    assert killed.split()[:2] == ["killed", "killed"]
    assert done.rstrip().endswith("fd2000-pixels-dct 1.5 (1.25 to 1.75)")
    assert killed.split()[-1] == "none"
    with RunFolder(shelf / "killed").lock():
        assert command(["runs"]) == 0
    assert capsys.readouterr().out.splitlines()[2].split()[1] in ("running", "silent")


def test_what_is_damaged_is_named_and_makes_the_exit_code_1(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["runs", "--verify"]) == 0
    assert capsys.readouterr().out.splitlines() == ["runs/done: whole", "runs/killed: whole"]
    flip(shelf / "done" / "reals.png", 50)
    assert command(["runs", "runs/done", "--verify"]) == 1
    captured = capsys.readouterr()
    assert captured.out.splitlines()[1] == "  reals.png: it is not as it was written: its SHA-256 is another"
    assert "1 of 1 runs is damaged" in captured.err


def test_pruning_keeps_the_newest_whole_checkpoint_and_asks_first(
    shelf: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shelf / "done" / "checkpoints"
    (newest, *_) = checkpoints(folder)
    for name in (f"{1:012d}", "aside-000000000002", ".000000000003.tmp"):
        shutil.copytree(newest, folder / name)
    assert command(["runs", "runs/done", "--prune"]) == 2
    assert "nobody can be asked: add --yes" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", Asked("n\n"))
    assert command(["runs", "runs/done", "--prune"]) == 0
    assert "Nothing was removed." in capsys.readouterr().out
    assert len(list(folder.iterdir())) > 1
    with RunFolder(shelf / "done").lock():
        assert command(["runs", "runs/done", "--prune", "--yes"]) == 0
    assert "a process trains in it; it is left alone" in capsys.readouterr().out
    assert command(["runs", "runs/done", "--prune", "--yes"]) == 0
    assert "MB" in capsys.readouterr().out
    assert [path.name for path in folder.iterdir()] == [newest.name]
    assert command(["runs", "runs/done", "--prune"]) == 0
    assert "There is nothing to remove." in capsys.readouterr().out


class Asked(io.StringIO):
    """Somebody at a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_folder_without_runs_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["runs", str(tmp_path)]) == 2
    assert "no runs in" in capsys.readouterr().err
