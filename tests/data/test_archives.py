"""Zips: read in place, entry by entry."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from data.zoo import png
from faussaire.core.errors import DataError
from faussaire.data import Dataset, prepare
from faussaire.data.sources.zips import zip_source

pytestmark = pytest.mark.usefixtures("in_this_process")


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def names_of(dataset: Dataset) -> list[str]:
    return [record.name for record in dataset.inventory.records]


def test_a_zip_of_one_folder_is_read_from_within_it(tmp_path: Path) -> None:
    files = {f"photos/{name}/{i}.png": png(i) for name in "ab" for i in range(2)}
    dataset = prepare(write_zip(tmp_path / "My photos.zip", files))
    assert (dataset.name, dataset.spec.classes) == ("my-photos", ("a", "b"))


def test_what_systems_leave_in_zips_is_passed_over(tmp_path: Path) -> None:
    files = {"a.png": png(1), "b.png": png(2), "readme.md": b"x"}
    litter = {"__MACOSX/._a.png": b"x", ".DS_Store": b"x", "sub/Thumbs.db": b"x", "empty/": b""}
    dataset = prepare(write_zip(tmp_path / "set.zip", files | litter))
    assert names_of(dataset) == ["a.png", "b.png"]
    assert "hidden files passed over: 3" in dataset.inventory.notes
    assert "other files passed over: 1 (.md)" in dataset.inventory.notes


def test_labels_csv_works_in_a_zip(tmp_path: Path) -> None:
    files = {"top/a.png": png(1), "top/b.png": png(2), "top/labels.csv": b"file,label\na.png,x\nb.png,y\n"}
    assert prepare(write_zip(tmp_path / "set.zip", files)).spec.classes == ("x", "y")


def test_a_path_that_leaves_the_zip_is_only_a_name(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "set.zip", {"../../evil.png": png(1), "/abs.png": png(2), "c.png": png(3)})
    before = sorted(tmp_path.rglob("*"))
    assert len(prepare(path).images) == 3
    assert sorted(tmp_path.rglob("*")) == before


def edit_entry(path: Path, name: bytes, change: Callable[[bytearray, int, int], None]) -> None:
    """Change the local header and the directory entry of one file, each given by its offset."""
    data = bytearray(path.read_bytes())
    local = data.index(b"PK\3\4", data.index(name) - 30)
    central = data.rindex(name) - 46
    change(data, local, central)
    path.write_bytes(bytes(data))


def test_an_entry_with_a_password_is_rejected(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "set.zip", {"a.png": png(1), "b.png": png(2), "c.png": png(3)})

    def encrypt(data: bytearray, local: int, central: int) -> None:
        data[local + 6] |= 1
        data[central + 8] |= 1

    edit_entry(path, b"b.png", encrypt)
    record = prepare(path).inventory.rejected[0]
    assert (record.name, record.note) == ("b.png", "protected by a password")


def test_an_entry_of_unknown_compression_is_rejected(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "set.zip", {"a.png": png(1), "b.png": png(2), "c.png": png(3)})

    def compress(data: bytearray, local: int, central: int) -> None:
        data[local + 8] = data[central + 10] = 99

    edit_entry(path, b"b.png", compress)
    assert prepare(path).inventory.rejected[0].note.startswith("cannot be unpacked")


def test_an_entry_with_a_wrong_checksum_is_rejected(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "set.zip", {"a.png": png(1), "b.png": png(2), "c.png": png(3)})

    def spoil(data: bytearray, local: int, central: int) -> None:
        data[local + 60] ^= 255

    edit_entry(path, b"b.png", spoil)
    assert prepare(path).inventory.rejected[0].note.startswith("damaged in the zip")


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_entries_of_every_kind_give_the_bytes_that_zipfile_gives(tmp_path: Path, compression: int) -> None:
    path = tmp_path / "set.zip"
    path.write_bytes(b"a program that unpacks itself comes first")
    with zipfile.ZipFile(path, "a", compression) as archive:
        for i in range(3):
            info = zipfile.ZipInfo(f"{i} \N{LATIN SMALL LETTER E WITH ACUTE}.png")
            info.extra = b"xx" + (200 * i).to_bytes(2, "little") + bytes(200 * i)  # longer than is read at once
            info.compress_type = compression
            archive.writestr(info, png(i))
    with zip_source(path, tmp_path) as source, zipfile.ZipFile(path) as archive:
        assert source.read is not None
        assert [source.read(i) for i in range(3)] == [archive.read(name) for name in archive.namelist()]


@pytest.mark.parametrize("data", [b"", b"PK not a zip", b"PK\3\4 not a zip"])
def test_a_broken_zip_is_told(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "set.zip").write_bytes(data)
    with pytest.raises(DataError, match="not a zip"):
        prepare(tmp_path / "set.zip")


def test_a_zip_of_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="0 usable images"):
        prepare(write_zip(tmp_path / "set.zip", {}))


def test_what_faussaire_wrote_is_passed_over_in_a_zip_and_named(tmp_path: Path) -> None:
    ours = {f"my run/{name}": b"{}" for name in ("config.json", "events.jsonl")}
    ours |= {"my run/reals.png": png(7), "my run/samples/0.png": png(8), "sheets/.faussaire": b"", "sheets/1": png(9)}
    dataset = prepare(write_zip(tmp_path / "set.zip", {"a.png": png(1), "b.png": png(2)} | ours))
    assert names_of(dataset) == ["a.png", "b.png"]
    assert "folders that faussaire wrote, passed over: 2 (first: my run)" in dataset.inventory.notes
    assert not any("one folder alone" in note for note in dataset.inventory.notes)


def zipped(path: Path, files: dict[str, bytes]) -> bytes:
    return write_zip(path, files).read_bytes()


def test_a_zip_in_place_of_images_is_read(tmp_path: Path) -> None:
    train = zipped(tmp_path / "inner", {f"{name}/{i}.png": png(i) for name in "ab" for i in range(2)})
    test = zipped(tmp_path / "inner", {"9.png": png(9)})
    dataset = prepare(write_zip(tmp_path / "Cats.zip", {"train.zip": train, "test1.zip": test, "readme.txt": b"hello"}))
    assert (dataset.name, dataset.spec.classes, len(names_of(dataset))) == ("Cats", ("a", "b"), 4)
    assert "the zip holds no images, but train.zip, read" in dataset.inventory.notes
    assert not list(tmp_path.glob("train*"))


def test_several_zips_in_a_zip_are_told(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner", {"a.png": png(1), "b.png": png(2)})
    with pytest.raises(DataError, match=r"holds no images, but 2 archives \(one.zip, two.zip\)"):
        prepare(write_zip(tmp_path / "set.zip", {"one.zip": inner, "two.zip": inner}))


def test_a_zip_in_a_zip_in_a_zip_is_not_entered(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner", {"a.png": png(1), "b.png": png(2)})
    middle = zipped(tmp_path / "middle", {"inner.zip": inner})
    with pytest.raises(DataError, match="0 usable images"):
        prepare(write_zip(tmp_path / "set.zip", {"middle.zip": middle}))


def test_a_damaged_zip_in_a_zip_is_told(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "set.zip", {"train.zip": b"PK\3\4 not a zip"})
    with pytest.raises(DataError, match=r"set.zip/train.zip is not a zip"):
        prepare(path)


def test_images_beside_a_zip_are_what_is_read(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner", {"a.png": png(1)})
    dataset = prepare(write_zip(tmp_path / "set.zip", {"b.png": png(2), "c.png": png(3), "inner.zip": inner}))
    assert names_of(dataset) == ["b.png", "c.png"]
