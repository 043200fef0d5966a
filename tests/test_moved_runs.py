"""A run knows its data from any folder, and after both were moved; where it does not, the way out is told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faussaire.cli.main import run as command
from faussaire.core.errors import CheckpointError
from faussaire.runs.folder import RunFolder
from faussaire.runs.opening import recorded_config

QUICK = ["--kimg", "0.1", "--architecture", "dense", "--batch-size", "10", "--pictures", "2", "--threads", "1"]
SCORE = ["--protocol", "fd2000-pixels-dct"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the images `cats + dogs`, and a run on them that was begun from there; not to be changed."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "cats + dogs").mkdir()
    for i, pixels in enumerate(np.random.default_rng(0).integers(0, 256, (20, 12, 12, 3), np.uint8)):
        Image.fromarray(pixels).save(folder / "cats + dogs" / f"{i}.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert command(["train", "cats + dogs", "--run", "runs/a", "--cache", "prepared", *QUICK]) == 0
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path / "elsewhere"


def rewrite(run: Path, **settings: object) -> None:
    """Change what the config.json of a run says of its settings, as another version would have written it."""
    content = json.loads((run / "config.json").read_text())
    content["config"] |= settings
    content.pop("data_from_run")
    (run / "config.json").write_text(json.dumps(content))


def test_a_run_begun_by_relative_paths_is_evaluated_replayed_and_resumed_from_another_folder(
    project: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(project / "runs" / "a", elsewhere / "mine")
    assert command(["evaluate", str(project / "runs" / "a"), *SCORE]) == 0
    assert command(["train", "--replay", str(project / "runs" / "a"), "--run", "again"]) == 0
    longer = [*QUICK[2:], "--kimg", "0.2"]
    assert command(["train", str(project / "cats + dogs"), "--run", "mine", *longer]) == 0
    assert not (elsewhere / "prepared").exists()
    assert recorded_config(RunFolder("mine")).data == (str(project / "cats + dogs"),)


def test_a_run_moved_together_with_its_data_finds_it(project: Path, elsewhere: Path) -> None:
    moved = elsewhere / "moved"
    shutil.copytree(project, moved)
    content = (moved / "runs" / "a" / "config.json").read_text().replace(str(project), "/no/longer/there")
    (moved / "runs" / "a" / "config.json").write_text(content)
    assert recorded_config(RunFolder(moved / "runs" / "a")).data == (str(moved / "cats + dogs"),)


@pytest.mark.parametrize(
    ("arguments", "way_out"),
    [(["evaluate", "alone"], "by --data"), (["train", "--replay", "alone"], "train DATA --re")],
)
def test_a_run_copied_without_its_data_says_how_to_name_it(
    project: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], way_out: str
) -> None:
    shutil.copytree(project / "runs" / "a", elsewhere / "alone")
    rewrite(elsewhere / "alone", data=["/no/longer/there"], cache=None)
    assert command(arguments) == 2
    assert way_out in capsys.readouterr().err
    assert command(["evaluate", "alone", *SCORE, "--data", str(project / "cats + dogs")]) == 0


def test_a_run_that_recorded_several_sets_as_one_text_still_opens(project: Path, elsewhere: Path) -> None:
    shutil.copytree(project / "runs" / "a", elsewhere / "old")
    rewrite(elsewhere / "old", data="mnist + fashion-mnist")
    assert recorded_config(RunFolder("old")).data == ("mnist", "fashion-mnist")
    rewrite_text = json.loads((elsewhere / "old" / "config.json").read_text())
    rewrite_text["config"]["data"] = str(project / "cats + dogs")
    (elsewhere / "old" / "config.json").write_text(json.dumps(rewrite_text))
    assert recorded_config(RunFolder("old")).data == (str(project / "cats + dogs"),)


@pytest.mark.parametrize(
    "content", ["{}", '{"config": 3}', '{"config": {"data": 5}}', '{"config": {"data": "x", "new": 1}}']
)
def test_settings_of_another_kind_are_told_in_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(
        CheckpointError, match=r"config\.json: it does not hold the (config|spec) of a run; put a copy of it back"
    ):
        recorded_config(RunFolder(tmp_path))
