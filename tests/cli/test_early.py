"""What can be refused without the data is refused before these are touched: here there are none to touch."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faussaire.cli.main import run

REFUSED = {
    "train nowhere --architecture leen": "unknown architecture 'leen'; did you mean 'lean'",
    "train nowhere --fit squash": "--fit 'squash' is unknown",
    "train nowhere --background pale": "--background",
    "train nowhere --frames many": "--frames",
    "train nowhere --duplicates lose": "--duplicates",
    "train nowhere --resolution 3": "--resolution",
    "train nowhere --channels 2": "--channels",
    "train nowhere --seconds 0": "--seconds",
    "train nowhere --rate 1": "--rate",
    "train nowhere --letters 0": "--letters",
    "train nowhere --loss wise": "--loss: unknown 'wise'",
    "train nowhere --penalties r3": "--penalties: unknown 'r3'",
    "train nowhere --augment zoom": "--augment: unknown 'zoom'",
    "train nowhere --lr-schedule steep": "--lr-schedule",
    "train nowhere --recipe stew": "unknown recipe 'stew'",
    "train nowhere --device abacus": "--device: unknown 'abacus'",
    "train nowhere --precision fp64": "--precision",
    "train nowhere --port 99999": "--port is between 0 and 65535",
    "plan nowhere --architecture leen": "unknown architecture 'leen'",
    "inspect nowhere --fit squash": "--fit",
    "inspect nowhere --out afile/sheet.png": "afile",
    "class nowhere --port 99999": "--port",
    "evaluate RUN --data nowhere --protocol fd": "unknown protocol 'fd'",
    "compare RUN RUN --data nowhere --protocol fd": "unknown protocol 'fd'",
}


@pytest.mark.parametrize("command", REFUSED)
def test_what_no_data_could_mend_is_refused_before_they_are_touched(
    command: str, tmp_path: Path, squares_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("afile").touch()
    assert run(shlex.split(command.replace("RUN", str(squares_run)))) in (1, 2)
    assert REFUSED[command] in capsys.readouterr().err
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--conditional", "--conditional needs images of two classes or more, and photos tells of 0"),
        ("--architecture roll", "architecture 'roll' makes no samples of modality 'image'"),
    ],
)
def test_what_does_not_suit_the_kind_of_data_is_refused_before_anything_is_decoded(
    flags: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("photos").mkdir()
    for i in range(3):
        Image.fromarray(np.full((9, 9), 40 * i, np.uint8)).save(f"photos/{i}.png")
    assert run(["train", "photos", "--cache", "cache", *flags.split()]) == 2
    assert message in capsys.readouterr().err
    assert not list(Path("cache").rglob("*.bin"))
    assert not list(Path("cache").rglob("index.json"))
