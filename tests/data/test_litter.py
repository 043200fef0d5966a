"""What systems leave in folders and archives is no image and makes no class; what a user names is read."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from data.zoo import png
from faussaire.data import prepare
from faussaire.data.sources.litter import in_litter

pytestmark = pytest.mark.usefixtures("in_this_process")

FOLDERS = [
    "@eaDir", "@Recycle", "@Recently-Snapshot", "#recycle", "#snapshot", ".thumbnails", ".git", ".ipynb_checkpoints",
    ".Spotlight-V100", ".Trash-1000", ".Trashes", ".fseventsd", "__pycache__", "lost+found", "$RECYCLE.BIN", "RECYCLER",
    "System Volume Information", "__MACOSX", "node_modules", "site-packages",
    "found.001", "FOUND.017", "RECYCLED", "@__thumb", "_vti_cnf", "_gsdata_", "iPod Photo Cache",
    "Lightroom Previews.lrdata", "Photos Library.photoslibrary",
]  # fmt: skip
FILES = ["Thumbs.db", "thumbs.db", "ehthumbs.db", "Desktop.ini", ".DS_Store", "._1.png"]


def tree() -> dict[str, bytes]:
    """Return two classes of two images by path, and litter at the root and in a class."""
    files = {f"{name}/{i}.png": png(10 * k + i) for k, name in enumerate("ab") for i in range(2)}
    for where in ("", "a/"):
        files |= {f"{where}{folder}/x.png": png(99) for folder in FOLDERS} | {
            f"{where}{name}": png(98) for name in FILES
        }
    return files


def test_litter_in_a_folder_is_passed_over(tmp_path: Path) -> None:
    for name, data in tree().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    dataset = prepare(tmp_path)
    assert dataset.inventory.class_counts == {"a": 2, "b": 2}
    num = 2 * (len(FOLDERS) + len(FILES))
    assert any(note.startswith(f"hidden files or folders passed over: {num} ") for note in dataset.inventory.notes)


def test_litter_in_an_archive_is_passed_over(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name, data in tree().items():
            archive.writestr(name, data)
    dataset = prepare(tmp_path / "set.zip")
    assert dataset.inventory.class_counts == {"a": 2, "b": 2}
    assert f"hidden files passed over: {2 * (len(FOLDERS) + len(FILES))}" in dataset.inventory.notes


@pytest.mark.parametrize("name", FOLDERS)
def test_litter_that_is_named_itself_is_read(tmp_path: Path, name: str) -> None:
    for sub in "ab":
        (tmp_path / name / "deeper" / sub).mkdir(parents=True)
        (tmp_path / name / "deeper" / sub / "1.png").write_bytes(png(ord(sub)))
    assert len(prepare(tmp_path / name, cache=tmp_path / "cache").images) == 2
    assert prepare(tmp_path / name / "deeper", cache=tmp_path / "cache").spec.classes == ("a", "b")


def test_the_pictures_of_an_environment_of_python_are_passed_over(class_folder: Path) -> None:
    (class_folder / "venv" / "share").mkdir(parents=True)
    (class_folder / "venv" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (class_folder / "venv" / "share" / "logo.png").write_bytes(png(99))
    dataset = prepare(class_folder)
    assert dataset.inventory.class_counts == {"2": 3, "10": 3, "cat": 3}
    assert "environments of Python, passed over: 1 (first: venv)" in dataset.inventory.notes


def test_trash_is_a_class_unless_it_is_built_as_a_waste_paper_basket(class_folder: Path) -> None:
    for name in ("trash/1.png", "Trash/files/1.png", "Trash/info/1.trashinfo"):
        (class_folder / name).parent.mkdir(parents=True, exist_ok=True)
        (class_folder / name).write_bytes(png(99))
    assert prepare(class_folder).inventory.class_counts == {"2": 3, "10": 3, "cat": 3, "trash": 1}


@pytest.mark.parametrize(
    "path", ["../../a.png", "./a.png", "/abs/a.png", "a.b/c.d.png", "thumbs/1.png", "tmp/1.png", "found/1", "trash/a"]
)
def test_ordinary_paths_are_no_litter(path: str) -> None:
    assert not in_litter(path)
