"""IDX pairs."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from data.zoo import idx
from faussaire.core.errors import DataError
from faussaire.data import prepare
from faussaire.data.sources.idx import read_idx


@pytest.fixture
def pair(tmp_path: Path, digits: tuple[np.ndarray, np.ndarray]) -> Path:
    folder = tmp_path / "some-digits"
    folder.mkdir()
    (folder / "train-images-idx3-ubyte").write_bytes(idx(digits[0]))
    (folder / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(digits[1])))
    (folder / "t10k-images-idx3-ubyte").write_bytes(idx(digits[0][:10]))
    return folder


def test_the_training_pair_of_a_folder_is_taken(pair: Path, digits: tuple[np.ndarray, np.ndarray]) -> None:
    dataset = prepare(pair)
    assert dataset.name == "some-digits"
    assert len(dataset.inventory.records) == 300
    assert dataset.spec.classes == ("0", "1", "2")
    assert [record.label for record in dataset.inventory.records] == digits[1].tolist()


def test_the_other_pair_can_be_given_by_its_file(pair: Path) -> None:
    dataset = prepare(pair / "t10k-images-idx3-ubyte")
    assert len(dataset.inventory.records) == 10
    assert dataset.labels is None
    assert "no file of labels beside it" in dataset.inventory.notes


def test_names_with_a_dot_are_known(tmp_path: Path, digits: tuple[np.ndarray, np.ndarray]) -> None:
    (tmp_path / "train-images.idx3-ubyte").write_bytes(idx(digits[0]))
    (tmp_path / "train-labels.idx1-ubyte").write_bytes(idx(digits[1]))
    assert prepare(tmp_path).spec.classes == ("0", "1", "2")


def test_an_unpacked_file_beside_its_gz_is_one_file(pair: Path) -> None:
    (pair / "train-images-idx3-ubyte.gz").write_bytes(b"never opened")
    assert len(prepare(pair).inventory.records) == 300


def test_two_training_files_are_not_guessed_between(pair: Path) -> None:
    (pair / "letters-train-images-idx3-ubyte").write_bytes(b"")
    with pytest.raises(DataError, match=r"several IDX files .* give one of them"):
        prepare(pair)


def test_names_of_classes_beside_an_idx_pair_are_used(pair: Path) -> None:
    (pair / "classes.txt").write_text("zéro\nun\n\ndeux\n", "utf-8")
    assert prepare(pair).spec.classes == ("zéro", "un", "deux")


def test_too_few_names_of_classes_are_told(pair: Path) -> None:
    (pair / "classes.txt").write_text("zero\none\n")
    with pytest.raises(DataError, match="labels from 0 to 2, but 2 names"):
        prepare(pair)


def test_fashion_in_the_name_assumes_its_classes_and_says_so(pair: Path) -> None:
    dataset = prepare(pair.rename(pair.with_name("My-Fashion")))
    assert dataset.spec.classes == ("T-shirt/top", "Trouser", "Pullover")
    assert any("assumed to be those of Fashion-MNIST" in note for note in dataset.inventory.notes)


def test_labels_given_in_the_place_of_images_are_told(pair: Path) -> None:
    with pytest.raises(DataError, match="holds labels: give the file of images"):
        prepare(pair / "train-labels-idx1-ubyte.gz")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: b"\1" + data[1:], "is not an IDX file"),
        (lambda data: b"", "is not an IDX file"),
        (lambda data: data[:-1], "is cut short"),
        (lambda data: data + b"x", "goes on after its end"),
        (lambda data: data[:4] + b"\xff" * 12, "cut short|cannot be read"),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_damaged_idx_is_told(tmp_path: Path, damage: Callable[[bytes], bytes], message: str, zipped: bool) -> None:
    data = damage(idx(np.zeros((3, 8, 8), np.uint8)))
    path = tmp_path / f"train-images-idx3-ubyte{'.gz' if zipped else ''}"
    path.write_bytes(gzip.compress(data) if zipped else data)
    with pytest.raises(DataError, match=message):
        prepare(tmp_path)


@pytest.mark.parametrize("data", [b"", b"no gzip", gzip.compress(bytes(5000), mtime=0)[:15]])
def test_a_damaged_gz_is_told(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(data)
    with pytest.raises(DataError, match=r"cannot be read|not an IDX"):
        prepare(tmp_path)


def test_unequal_numbers_of_labels_are_told(pair: Path) -> None:
    (pair / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(np.zeros(299, np.uint8))))
    with pytest.raises(DataError, match="300 images, but 299 labels"):
        prepare(pair)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("images", ["train-images-idx3-ubyte", "train-images.idx3-ubyte"])
@pytest.mark.parametrize("labels", ["train-labels-idx1-ubyte", "train-labels.idx1-ubyte"])
def test_files_in_folders_of_their_own_names_are_found_from_anywhere(
    tmp_path: Path, digits: tuple[np.ndarray, np.ndarray], packed: bool, images: str, labels: str
) -> None:
    home = tmp_path / "kaggle"
    for name, array in ((images, digits[0]), (labels, digits[1]), ("t10k-images-idx3-ubyte", digits[0][:10])):
        (home / name).mkdir(parents=True)
        data = gzip.compress(idx(array)) if packed else idx(array)
        (home / name / f"{name}{'.gz' if packed else ''}").write_bytes(data)
    for place in (home, home / images, next((home / images).iterdir())):
        dataset = prepare(place)
        assert (dataset.name, dataset.spec.classes) == ("kaggle", ("0", "1", "2"))
        assert [record.label for record in dataset.inventory.records] == digits[1].tolist()


def test_the_same_file_with_a_hyphen_and_with_a_dot_is_one(pair: Path) -> None:
    (pair / "train-images.idx3-ubyte").write_bytes((pair / "train-images-idx3-ubyte").read_bytes())
    assert len(prepare(pair).inventory.records) == 300


@pytest.mark.parametrize(("code", "dtype"), [(8, "u1"), (11, ">i2"), (12, ">i4"), (13, ">f4"), (14, ">f8")], ids=str)
def test_numbers_of_every_type_are_read(
    tmp_path: Path, digits: tuple[np.ndarray, np.ndarray], code: int, dtype: str
) -> None:
    head = struct.pack(">HBB3I", 0, code, 3, *digits[0].shape)
    (tmp_path / "x-images.idx3-int").write_bytes(head + digits[0].astype(dtype).tobytes())
    (tmp_path / "x-labels.idx1-int").write_bytes(
        struct.pack(">HBBI", 0, 12, 1, 300) + digits[1].astype(">i4").tobytes()
    )
    records = prepare(tmp_path).inventory.records
    dataset = prepare(tmp_path / "x-images.idx3-int")
    assert [record.label for record in records] == digits[1].tolist()
    assert {image.tobytes() for image in dataset.images[:, 0]} <= {image.tobytes() for image in digits[0]}


def test_an_unpacked_idx_file_of_any_type_stays_mapped(tmp_path: Path) -> None:
    (tmp_path / "x-images-idx3-float").write_bytes(struct.pack(">HBB3I", 0, 13, 3, 2, 8, 8) + bytes(512))
    assert isinstance(read_idx(tmp_path / "x-images-idx3-float"), np.memmap)
