"""Values that no flag can take: one line that names the flag, exit code 2, and nothing begun."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from faussaire.cli.main import run
from faussaire.core.config import resolve
from faussaire.core.errors import ConfigError
from faussaire.views.numbers import NARROW
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
    "train squares.npy --title 'This cat does not exist'": "add --studio",
    "serve --playground --title 'This cat does not exist'": "the game alone",
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
    assert line.startswith(("faussaire: ", "faussaire\N{NO-BREAK SPACE}: "))
    return line


@pytest.mark.parametrize("flags", TRAIN)
def test_train_refuses_what_no_training_could_mean(flags: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "squares.npy", *shlex.split(flags)]) == 2
    assert flags.split()[0] in one_line(capsys).lower()
    assert not any(Path("runs").rglob("*"))


NO_NUMBERS = {
    "train squares.npy --minutes soon": "--minutes attend un nombre de minutes comme 10 ou 0.5, et non « soon »",
    "train squares.npy -m 0,5": "-m attend un nombre de minutes comme 10 ou 0.5, et non « 0,5 »",
    "train squares.npy --minutes 0": "--minutes doit être supérieur à 0, et non 0",
    "train squares.npy --kimg -2": "--kimg doit être supérieur à 0, et non -2",
    "train squares.npy --lr inf": "--lr attend un taux d’apprentissage au-dessus de 0, comme 0.006, et non « inf »",
    "inspect squares.npy --resolution 64px": "--resolution attend un nombre entier de pixels comme 64, et non « 64px »",
    "demo --minutes nan": "--minutes attend un nombre de minutes comme 10 ou 0.5, et non « nan »",
    "class squares.npy --minutes bientôt": "--minutes attend un nombre de minutes comme 10 ou 0.5, et non « bientôt »",
    "plan squares.npy --price cheap": "--price attend un prix par heure comme 3 ou 0.7, et non « cheap »",
    "plan --resolution 64 --price -1": "--price attend un prix par heure comme 3 ou 0.7, et non -1",
    "plan squares.npy --gpus many": "--gpus attend un nombre entier de processeurs graphiques comme 8, et non « many »",
    "export RUN --to film --seconds long": "--seconds attend un nombre de secondes comme 10 ou 0.5, et non « long »",
    "export RUN --to film --seeds a": "--seeds attend un nombre entier comme 0, et non « a »",
    "serve RUN --port http": "--port attend un nombre entier comme 8765, et non « http »",
    "generate RUN --truncation less": "--truncation attend un nombre de 0 à 2, comme 0.7, et non « less »",
}


@pytest.mark.parametrize("command", NO_NUMBERS)
def test_what_is_no_number_is_refused_in_french_too(
    command: str, squares_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--lang", "fr", *shlex.split(command.replace("RUN", str(squares_run)))]) == 2
    said = one_line(capsys).replace(NARROW, " ").replace("\N{NO-BREAK SPACE}", " ")
    assert said == f"faussaire : {NO_NUMBERS[command]}"


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
