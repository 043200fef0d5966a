"""What is left open is chosen once, recorded, and stands for the run."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from faussaire.core.config import Config
from faussaire.core.errors import ConfigError
from faussaire.data import Dataset
from faussaire.runs.folder import RunFolder
from faussaire.runs.opening import recorded_config
from faussaire.training.settings import CHOSEN, _of_its_kind, settings_asked_for
from toy import music_spec

FIXTURES = Path(__file__).parents[1] / "fixtures"


def test_all_that_was_chosen_is_recorded(squares_run: Path) -> None:
    recorded = RunFolder(squares_run).read_json(squares_run / "config.json")["config"]
    assert recorded["augment"] == ["translation", "cutout"]
    assert recorded["batch_size"] is not None


def test_a_run_of_0_1_that_did_not_record_its_augmentation_has_that_of_its_images(tmp_path: Path) -> None:
    old = RunFolder(shutil.copytree(FIXTURES / "run-0.1.0", tmp_path / "run"))
    assert old.read_json(old.config)["config"]["augment"] is None
    # Of images, the learning rate follows from width and batch where none was given, and the shards from the threads.
    assert all(getattr(recorded_config(old), name) is not None for name in CHOSEN if name not in ("lr", "shards"))
    assert recorded_config(old).augment == ("translation", "cutout")


def test_a_name_that_no_registry_has_is_refused_before_any_data_is_read() -> None:
    with pytest.raises(ConfigError, match="--loss: unknown 'hinged'; did you mean 'hinge'"):
        settings_asked_for("nowhere", None, {"loss": "hinged"}, None)


def test_networks_of_one_size_get_no_width_of_the_kind_of_data() -> None:
    tunes = cast(Dataset, SimpleNamespace(spec=music_spec(1, 24), labels=None))
    assert _of_its_kind(Config(data=("tunes",)), tunes).width == 8
    of_one_size = _of_its_kind(Config(data=("tunes",), architecture="dense"), tunes)
    assert (of_one_size.width, of_one_size.gamma) == (None, 40.0)
