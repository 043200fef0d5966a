"""The command line: exit codes, one line for an error, and help that does not wait for torch."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faussaire.cli.flags import GROUPS
from faussaire.cli.main import app, run
from faussaire.core.config import FIELDS, flag


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def one_image(tmp_path: Path) -> str:
    (tmp_path / "one").mkdir()
    Image.new("L", (28, 28)).save(tmp_path / "one" / "only.png")
    return "one"


QUICK = ["--kimg", "0.1", "--architecture", "dense", "--batch-size", "10", "--pictures", "2"]


def test_train_generate_and_list_work_together(images_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", str(images_folder), "--run", "r", *QUICK]) == 0
    for name in ("reals.png", "noise.png", "curves.png", "progress.gif", "config.json", "events.jsonl"):
        assert (Path("r") / name).stat().st_size > 0
    assert "D right on real" in capsys.readouterr().out
    assert run(["generate", "r", "-n", "5", "--seed", "3", "--out", "s.npy"]) == 0
    assert np.load("s.npy").shape == (5, 12, 12, 1)
    assert run(["list", "losses"]) == 0
    assert "relativistic" in capsys.readouterr().out


WRONG = {
    "no such path": (["train", "nowhere/at/all"], "no such path"),
    "an unknown set": (["train", "mnits"], "mnist"),
    "an unknown class": (["train", "fashion-mnist", "--classes", "Ankle bot"], "Ankle boot"),
    "an unknown option": (["train", "mnist", "--minuts", "1"], "--minutes"),
    "an unknown verb": (["trian", "mnist"], "train"),
    "a resolution of 0": (["train", "mnist", "--resolution", "0"], "--resolution"),
    "a resolution in words": (["train", "mnist", "--resolution", "large"], "--resolution"),
    "a resolution that cannot be halved": (["train", "mnist", "--resolution", "30"], "28 or 32"),
    "two lengths": (["train", "mnist", "--minutes", "1", "--kimg", "1"], "one length"),
    "an unwritable run folder": (["train", "mnist", "--run", "/dev/null/run"], "--run"),
    "no data": (["train"], "no data given"),
    "an unknown loss": (["train", "mnist", "--loss", "hinged"], "hinge"),
    "an unknown recipe": (["train", "mnist", "--recipe", "chapter"], "chapter-dense"),
    "nothing to generate with": (["generate", "nowhere"], "no such run"),
    "nothing to list": (["list", "nets"], "architectures"),
    "nothing to replay": (["train", "--replay", "nowhere"], "no such run"),
    "nothing to inspect": (["inspect", "nowhere/at/all"], "no such path"),
}


@pytest.mark.parametrize("case", WRONG)
def test_the_users_errors_take_one_line_with_the_way_out_and_exit_code_2(
    case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, way_out = WRONG[case]
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    lines = (out + err).strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("faussaire: ")
    assert way_out in lines[0]
    assert not Path("runs").exists() or not any(Path("runs").rglob("*"))


def test_an_empty_folder_and_a_single_image_are_refused(one_image: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty").mkdir()
    assert run(["train", "empty"]) == 2
    assert "empty" in capsys.readouterr().err
    assert run(["train", one_image]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-n", "0"], "1 or more"),
        (["--seed", "-1"], "0 or more"),
        (["--truncation", "9"], "truncation"),
        (["--out", "s.csv"], "samples.npy"),
        (["--out", "/dev/null/s.npy"], "cannot be written"),
    ],
)
def test_generate_refuses_what_it_cannot_do(
    images_folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    run(["train", str(images_folder), "--run", "r", *QUICK])
    capsys.readouterr()
    assert run(["generate", "r", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_divergence_is_a_failure_with_a_verdict(images_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quick = [*QUICK[2:], "--kimg", "2", "--penalties", "none", "--loss", "wasserstein", "--beta1", "0.9"]
    assert run(["train", str(images_folder), "--run", "r", *quick, "--lr", "1e30"]) == 1
    assert "no longer finite" in capsys.readouterr().err


def test_every_setting_is_a_flag(capsys: pytest.CaptureFixture[str]) -> None:
    app(["train", "--help"], result_action="return_value")
    out = capsys.readouterr().out
    assert [name for name in FIELDS if name != "data" and flag(name) not in out] == []


def test_help_shows_a_default_that_is_zero_and_lists_every_setting_under_what_it_is_about(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    app(["train", "--help"], result_action="return_value")
    lines = capsys.readouterr().out.splitlines()
    flags = " ".join(" ".join(lines).replace("│", " ").split()).split(" --")
    for name in ("seed", "beta1"):
        assert re.search(r"\[0(\.0)?\]", next(text for text in flags if text.startswith(f"{name} ")))
    assert sorted(name for own in GROUPS.values() for name in own) == sorted(set(FIELDS) - {"data"})
    assert [line for line in lines if line.startswith("Usage: faussaire train DATA...")]
    assert "Example: faussaire train holiday-photos/" in flags[0].replace("`", "") + " --"
    assert "crop, pad, stretch, smart" in " ".join(flags)


def test_help_and_listing_data_sets_do_not_import_torch() -> None:
    program = (
        "import sys\nfrom faussaire.cli.main import app\nimport faussaire\n"
        "app(['train', '--help'], result_action='return_value')\n"
        "app(['list', 'datasets'], result_action='return_value')\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True).returncode == 0


@pytest.mark.parametrize(
    "arguments", [["train", "mnist"], ["inspect", "mnist"], ["generate", "r"], ["evaluate", "r"], ["compare", "r", "r"],
                  ["serve"], ["list"], ["demo"]],
)  # fmt: skip
def test_a_working_directory_that_was_removed_is_told_by_every_verb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert run(arguments) == 2
    assert "the folder that this shell is in cannot be used" in capsys.readouterr().err
    monkeypatch.chdir(tmp_path)


def test_a_class_that_is_named_by_a_number_is_told_by_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    for name in ("1", "2", "3"):
        (tmp_path / "three" / name).mkdir(parents=True)
        for number in range(5):
            picture = rng.integers(0, 256, (12, 12), np.uint8)
            Image.fromarray(picture).save(tmp_path / "three" / name / f"{number}.png")
    assert run(["train", "three", "--classes", "0", "--run", "r", *QUICK]) == 0
    captured = capsys.readouterr()
    assert "no class is called 0, so it is the one of that number: 1" in captured.out + captured.err


@pytest.mark.parametrize(
    "arguments",
    [["generate"], ["evaluate"], ["serve"], ["train", "--replay"], ["train", "mnist", "--kimg", "0.1", "--run"]],
)
def test_a_run_that_cannot_be_looked_for_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert run([*arguments, "x" * 300]) == 2
    said = capsys.readouterr().err
    assert "unexpected" not in said
    assert "x" * 300 in said.replace("\n", "")
