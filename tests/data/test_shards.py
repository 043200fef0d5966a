"""Data in several files: shards, parts of a set, folders that hold archives or tables."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from data.zoo import png
from faussaire.core.errors import DataError
from faussaire.data import Dataset, locate, prepare
from faussaire.data.sources.shards import expanded, why_no_classes

pytestmark = pytest.mark.usefixtures("in_this_process")


def write_shard(path: Path, values: range, *, labelled: bool) -> None:
    """Write a tar of images, the second half of which are dogs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for value in values:
            files = {f"{value:06}.png": png(value)}
            if labelled:
                files[f"{value:06}.cls"] = b"dog\n" if value >= values.start + len(values) // 2 else b"cat\n"
            for name, data in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))


def write_shards(folder: Path, *, labelled: bool = True, name: str = "train-{:06}.tar") -> None:
    for i in range(3):
        write_shard(folder / name.format(i), range(10 * i, 10 * i + 4), labelled=labelled)


def classes_of_pixels(dataset: Dataset) -> dict[int, str]:
    assert dataset.labels is not None
    pixels = dataset.images[:, 0, 0, 0].tolist()
    return {value: dataset.spec.classes[label] for value, label in zip(pixels, dataset.labels.tolist(), strict=True)}


SHARDS = {10 * i + k: "dog" if k >= 2 else "cat" for i in range(3) for k in range(4)}


def test_shards_share_their_classes_however_they_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "web"
    write_shards(folder)
    one_by_one = prepare([folder / f"train-00000{i}.tar" for i in range(3)])
    assert classes_of_pixels(one_by_one) == SHARDS
    for data in (folder, f"{folder}/train-{{000000..000002}}.tar", f"{folder}/train-00000{{0,1,2}}.tar"):
        assert prepare(data).fingerprint == one_by_one.fingerprint
    assert locate(folder).name == "web"
    assert locate(f"{folder}/train-{{000000..000002}}.tar").name == "train"


def test_shards_without_labels_are_no_classes(tmp_path: Path) -> None:
    write_shards(tmp_path / "web", labelled=False)
    dataset = prepare(tmp_path / "web")
    assert (len(dataset.images), dataset.labels) == (12, None)
    assert "no labels: the parts are shards, named by their numbers" in dataset.inventory.notes


def test_of_a_folder_of_shards_those_to_train_on_are_read(tmp_path: Path) -> None:
    write_shards(tmp_path / "web")
    write_shards(tmp_path / "web", name="val-{:06}.tar", labelled=False)
    (tmp_path / "web" / "README.md").write_text("x")
    dataset = prepare(tmp_path / "web")
    assert classes_of_pixels(dataset) == SHARDS
    assert any("but train-000000.tar and 2 others, read" in note for note in dataset.inventory.notes)


def test_an_archive_in_a_folder_keeps_its_classes(tmp_path: Path) -> None:
    write_shard(tmp_path / "set" / "download" / "pets.tar", range(4), labelled=True)
    (tmp_path / "set" / "readme.txt").write_text("x")
    assert classes_of_pixels(prepare(tmp_path / "set")) == {0: "cat", 1: "cat", 2: "dog", 3: "dog"}


def test_a_table_beside_an_archive_gives_its_labels(tmp_path: Path) -> None:
    write_shard(tmp_path / "train.tar", range(4), labelled=False)
    write_shard(tmp_path / "test.tar", range(10, 14), labelled=False)
    for swap in (False, True):
        rows = [f"{value:06},{'cat' if (value < 2) != swap else 'dog'}" for value in range(4)]
        (tmp_path / "labels.csv").write_text("\n".join(["id,breed", *rows]))
        expected = {value: "cat" if (value < 2) != swap else "dog" for value in range(4)}
        assert classes_of_pixels(prepare(tmp_path)) == expected


def test_a_new_shard_makes_the_set_another(tmp_path: Path) -> None:
    write_shards(tmp_path)
    before = prepare(tmp_path)
    write_shard(tmp_path / "train-000003.tar", range(30, 34), labelled=True)
    assert (len(before.images), len(prepare(tmp_path).images)) == (12, 16)


def test_images_beside_archives_are_what_a_folder_is(tmp_path: Path) -> None:
    write_shards(tmp_path)
    for name in ("plain", "other"):
        (tmp_path / name).write_bytes(png(77))
    assert prepare(tmp_path).images[:, 0, 0, 0].tolist() == [77, 77]


def test_the_folder_of_kaggles_digits_is_its_training_table(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 64))
    names = ",".join(f"pixel{i}" for i in range(64))
    rows = [",".join(map(str, row)) for row in images]
    labelled = [f"{i % 2},{row}" for i, row in enumerate(rows)]
    (tmp_path / "train.csv").write_text("\n".join([f"label,{names}", *labelled]))
    (tmp_path / "test.csv").write_text("\n".join([names, *rows]))
    (tmp_path / "sample_submission.csv").write_text("ImageId,Label\n1,0\n2,0\n")
    dataset = prepare(tmp_path)
    assert dataset.spec.classes == ("0", "1")
    found = sorted(image.tobytes() for image in dataset.images)
    assert found == sorted(row.tobytes() for row in images.astype(np.uint8))


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["train-000000", "train-000001"], "shards"),
        (["data-0001-of-0002", "data-0002-of-0002"], "shards"),
        (["train", "Test"], "parts are those of one set"),
        (["seg_train", "seg_test"], "parts are those of one set"),
        (["train_station", "airport"], ""),
        (["a", "a"], "two parts have the same name"),
        (["cats", "dogs"], ""),
        (["1", "2"], ""),
        (["001", "002"], ""),
        (["class1", "class2"], ""),
    ],
)
def test_which_parts_are_classes(names: list[str], told: str) -> None:
    assert told in why_no_classes(names)
    assert bool(told) == bool(why_no_classes(names))


def test_parts_are_classes_by_the_names_of_their_folders(tmp_path: Path) -> None:
    for value, name in enumerate(("Cat A", "猫", "cat-a")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "0.png").write_bytes(png(value))
    dataset = prepare([tmp_path / name for name in ("Cat A", "猫", "cat-a")])
    assert classes_of_pixels(dataset) == {0: "Cat A", 1: "猫", 2: "cat-a"}


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("a{08..11}.tar", ["a08.tar", "a09.tar", "a10.tar", "a11.tar"]),
        ("{x,y}-{0..1}", ["x-0", "x-1", "y-0", "y-1"]),
        ("{x}", ["{x}"]),
        ("plain", ["plain"]),
        ("a{0..999999999}", ["a{0..999999999}"]),
        ("a{3..1}", ["a{3..1}"]),
    ],
)
def test_a_pattern_stands_for_names(pattern: str, names: list[str]) -> None:
    assert expanded(pattern) == names


def test_a_shard_that_is_not_there_is_told(tmp_path: Path) -> None:
    write_shards(tmp_path)
    with pytest.raises(DataError, match=r"train-000003\.tar: no such path"):
        prepare(f"{tmp_path}/train-{{000000..000003}}.tar")
    braces = tmp_path / "{a,b}"
    braces.mkdir()
    for i in range(2):
        (braces / f"{i}.png").write_bytes(png(i))
    assert len(prepare(braces).images) == 2
