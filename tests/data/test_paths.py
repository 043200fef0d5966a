"""Where data lies: several paths, odd names, and data that moved since."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from data.given import labels_as_given
from data.zoo import png
from faussaire.core.config import named
from faussaire.core.names import slug
from faussaire.data import locate, prepare
from faussaire.data.paths import found_again, from_folder, joined_once, whole

pytestmark = pytest.mark.usefixtures("in_this_process")


def folder_of(path: Path, *, first: int = 0) -> Path:
    """Make a folder of two different images."""
    path.mkdir(parents=True)
    for i in range(2):
        (path / f"{i}.png").write_bytes(png(first + i))
    return path


@pytest.mark.parametrize("name", ["cats + dogs", " + ", "a + b + c", "hf + x"])
def test_a_plus_in_a_path_is_a_letter_like_another(tmp_path: Path, name: str) -> None:
    folder_of(tmp_path / name)
    folder_of(tmp_path / "cats", first=7)
    assert len(prepare(tmp_path / name).images) == 2
    both = prepare([tmp_path / name, tmp_path / "cats"])
    assert labels_as_given(both) in ([0, 0, 1, 1], [1, 1, 0, 0])


def test_a_hundred_and_fifty_folders_are_one_set_with_a_short_name(tmp_path: Path) -> None:
    folders = [folder_of(tmp_path / f"{'long' * 30}-{i}", first=2 * i) for i in range(150)]
    dataset = prepare(folders)
    assert len(dataset.images) + len(dataset.held_out) == 300
    assert dataset.name == f"{'long' * 10}-and-149-others"
    assert named([str(i) for i in range(150)]) == "0 + 1 + 2 + 147 others"


@pytest.mark.parametrize("letter", ["a", "é", "語", "\N{CJK UNIFIED IDEOGRAPH-20000}"])
def test_a_name_of_any_letters_leaves_room_for_what_is_added_to_it(tmp_path: Path, letter: str) -> None:
    name = letter * (200 // len(letter.encode()))
    dataset = prepare(folder_of(tmp_path / name))
    assert 0 < len(dataset.name.encode()) <= 120
    (tmp_path / f".tmp-{dataset.name}-contact-sheet.png").touch()
    assert slug(name).startswith(letter)


def test_a_recorded_path_stands_from_anywhere_and_a_name_stays_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_of(tmp_path / "pics")
    (tmp_path / "mnist").mkdir()
    monkeypatch.chdir(tmp_path)
    assert whole("pics") == str(tmp_path / "pics")
    assert whole("./mnist") == str(tmp_path / "mnist")
    assert whole("mnist") == "mnist"
    assert whole("hf:someone/flowers:train") == "hf:someone/flowers:train"
    assert whole("hf:pics:train:image") == f"hf:{tmp_path / 'pics'}:train:image"
    assert from_folder("pics", tmp_path / "runs" / "a") == os.path.join("..", "..", "pics")
    assert from_folder("mnist", tmp_path / "runs") is None


def test_data_that_moved_with_its_run_is_found_and_what_is_gone_keeps_its_path(tmp_path: Path) -> None:
    moved = folder_of(tmp_path / "new" / "pics")
    (tmp_path / "new" / "runs" / "a").mkdir(parents=True)
    old, gone = str(tmp_path / "old" / "pics"), str(tmp_path / "old" / "gone")
    beside = ["../../pics", "../../gone", None]
    run = tmp_path / "new" / "runs" / "a"
    assert found_again([old, gone, "mnist"], beside, run) == (str(moved), gone, "mnist")
    assert found_again([old], [], run) == (old,)


def test_text_that_an_older_run_recorded_is_taken_apart_unless_it_is_a_path(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "cats + dogs")
    assert joined_once(str(folder)) == [str(folder)]
    assert joined_once("mnist + fashion-mnist") == ["mnist", "fashion-mnist"]


def test_a_saved_set_is_the_same_wherever_the_command_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = tmp_path / "saved"
    saved.mkdir()
    (saved / "dataset_dict.json").write_text("{}")
    identities = set()
    for folder, name in ((tmp_path, "saved"), (saved, "."), (tmp_path, str(saved)), (tmp_path, "hf:saved")):
        monkeypatch.chdir(folder)
        identities.add(locate(name).identity)
    assert identities == {f"hf:{saved}"}


def test_arrays_given_together_are_still_one_array(tmp_path: Path) -> None:
    for i in range(2):
        np.save(tmp_path / f"{i}.npy", np.random.default_rng(i).integers(0, 256, (3, 8, 8), np.uint8))
    assert len(prepare([tmp_path / "0.npy", tmp_path / "1.npy"]).images) == 6
