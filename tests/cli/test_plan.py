"""`faussaire plan`, and what `--device` says where there is no such device."""

from __future__ import annotations

import pytest
import torch

from faussaire.cli.main import run


def test_a_plan_is_printed_with_what_it_rests_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "--resolution", "16", "--width", "4", "--gpus", "8", "--nodes", "2", "--price", "1"]) == 0
    said = capsys.readouterr().out
    assert "lean, width 4, samples of 3 × 16 × 16, batches of 64" in said
    assert [line.split()[:2] for line in said.splitlines() if " h " in line] == [["8", "GPUs"], ["2", "CPU"]]
    assert "Assumed of a GPU: " in said
    assert "1 an hour." in " ".join(said.split())


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ([], "name the data, or say how large its images are"),
        (["--resolution", "16", "--gpus", "0"], "--gpus and --nodes must be 1 or more, not 0"),
        (["--resolution", "17"], "multiple of 4"),
    ],
)
def test_what_cannot_be_planned_is_told_in_one_line(
    flags: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["plan", *flags]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_device_that_is_not_there_ends_in_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "mnist", "--device", "cuda"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("faussaire: --device cuda: ")
    assert line.endswith("--device cpu")
