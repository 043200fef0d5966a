"""Names and links in archives: the bytes of a name are its identity, and every entry is kept or told."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from data.given import images_as_given
from data.zoo import png
from faussaire.data import Dataset, prepare

pytestmark = pytest.mark.usefixtures("in_this_process")

GBK = ["猫", "狗", "鸟", "鱼", "马", "牛", "羊", "猪"]
LATIN = ["é", "è", "ê", "ë", "à", "â", "ç", "ô"]


def names_of(dataset: Dataset) -> list[str]:
    return [record.name for record in dataset.inventory.kept]


def notes(dataset: Dataset) -> str:
    return "\n".join(dataset.inventory.notes)


def write_tar(path: Path, entries: list[tuple[bytes | str, bytes]], *links: tuple[str, str, bytes]) -> Path:
    """Write a tar of files by name, then of links: name, target and type."""
    with tarfile.open(path, "w", encoding="utf-8") as archive:
        for name, data in entries:
            text = name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else name
            info = tarfile.TarInfo(text)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for text, target, kind in links:
            info = tarfile.TarInfo(text)
            info.type, info.linkname = kind, target
            archive.addfile(info)
    return path


def write_zip(path: Path, entries: list[tuple[bytes | str, bytes]]) -> Path:
    """Write a zip whose names are exactly these bytes, not said to be UTF-8 where they are bytes."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, (name, data) in enumerate(entries):
            archive.writestr(f"{number:0{len(name)}}" if isinstance(name, bytes) else name, data)
    data = bytearray(path.read_bytes())
    for number, (name, _) in enumerate(entries):
        if isinstance(name, bytes):
            data = data.replace(f"{number:0{len(name)}}".encode(), name)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(("letters", "encoding"), [(GBK, "gbk"), (LATIN, "latin-1")])
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_names_in_an_old_encoding_are_all_kept(tmp_path: Path, letters: list[str], encoding: str, kind: str) -> None:
    entries = [(f"photo {letter}.png".encode(encoding), png(i)) for i, letter in enumerate(letters)]
    dataset = prepare((write_tar if kind == "tar" else write_zip)(tmp_path / f"set.{kind}", list(entries)))
    assert len(dataset.images) == len(set(names_of(dataset))) == 8
    assert all(name.isprintable() for name in names_of(dataset))


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_folders_in_an_old_encoding_are_classes_of_their_own(tmp_path: Path, kind: str) -> None:
    entries = [(f"{letter}/{i}.png".encode("gbk"), png(i)) for letter in GBK[:3] for i in range(2)]
    dataset = prepare((write_tar if kind == "tar" else write_zip)(tmp_path / f"set.{kind}", list(entries)))
    assert len(dataset.spec.classes) == len(set(dataset.spec.classes)) == 3
    assert list(dataset.inventory.class_counts.values()) == [2, 2, 2]


def test_utf_8_in_a_zip_that_does_not_say_so_is_read_as_such(tmp_path: Path) -> None:
    dataset = prepare(write_zip(tmp_path / "set.zip", [("猫.png".encode(), png(1)), ("犬.png".encode(), png(2))]))
    assert set(names_of(dataset)) == {"猫.png", "犬.png"}


@pytest.mark.parametrize("kind", ["tar", "zip"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_entries_of_one_name_are_all_kept_and_told(tmp_path: Path, kind: str) -> None:
    entries: list[tuple[bytes | str, bytes]] = [("a/1.png", png(i)) for i in range(3)]
    entries += [("b/1.png", png(9))]
    dataset = prepare((write_tar if kind == "tar" else write_zip)(tmp_path / f"set.{kind}", entries))
    assert dataset.inventory.class_counts == {"a": 3, "b": 1}
    assert sorted(int(image[0, 0, 0]) for image in dataset.images) == [0, 1, 2, 9]
    assert "entries that share a name with another, all kept: 2 (first: a/1.png)" in notes(dataset)


def test_links_in_a_tar_are_the_files_that_they_lead_to(tmp_path: Path) -> None:
    path = write_tar(
        tmp_path / "set.tar",
        [("a/1.png", png(1)), ("b/2.png", png(2))],
        ("a/hard.png", "b/2.png", tarfile.LNKTYPE),
        ("b/soft.png", "../a/1.png", tarfile.SYMTYPE),
        ("b/again.png", "soft.png", tarfile.SYMTYPE),
    )
    dataset = prepare(path)
    values = {record.name: int(images_as_given(dataset)[i][0, 0, 0]) for i, record in enumerate(dataset.inventory.kept)}
    assert values == {"a/1.png": 1, "a/hard.png": 2, "b/2.png": 2, "b/again.png": 1, "b/soft.png": 1}


def test_links_in_a_tar_that_lead_to_no_file_are_told(tmp_path: Path) -> None:
    path = write_tar(
        tmp_path / "set.tar",
        [("a/1.png", png(1)), ("b/2.png", png(2))],
        ("c", "a", tarfile.SYMTYPE),
        ("loop.png", "loop.png", tarfile.SYMTYPE),
        ("gone.png", "nowhere.png", tarfile.SYMTYPE),
        ("out.png", "/etc/passwd", tarfile.SYMTYPE),
        ("pipe.png", "", tarfile.FIFOTYPE),
    )
    dataset = prepare(path)
    assert names_of(dataset) == ["a/1.png", "b/2.png"]
    assert "links to folders that are read anyway, passed over: 1 (first: c)" in notes(dataset)
    assert "links to what is not in the archive, passed over: 3 (first: loop.png)" in notes(dataset)
    assert "pipes and devices, passed over: 1 (first: pipe.png)" in notes(dataset)


def test_a_link_in_a_tar_to_a_folder_that_is_passed_over_is_read(tmp_path: Path) -> None:
    path = write_tar(
        tmp_path / "set.tar",
        [(".store/1/x.png", png(1)), (".store/2/x.png", png(2))],
        ("cats", ".store/1", tarfile.SYMTYPE),
        ("dogs", ".store/2", tarfile.SYMTYPE),
    )
    dataset = prepare(path)
    assert (names_of(dataset), dataset.spec.classes) == (["cats/x.png", "dogs/x.png"], ("cats", "dogs"))


def test_a_symbolic_link_in_a_zip_is_the_file_that_it_leads_to(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("a/1.png", png(1))
        archive.writestr("b/2.png", png(2))
        info = zipfile.ZipInfo("b/link.png")
        info.create_system, info.external_attr = 3, 0o120777 << 16
        archive.writestr(info, "../a/1.png")
    dataset = prepare(tmp_path / "set.zip")
    assert dataset.inventory.class_counts == {"a": 1, "b": 2}
    assert len(dataset.inventory.rejected) == 0


def test_sparse_files_in_a_tar_are_told(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "set.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        for name in ("a.png", "b.png", "sparse.png"):
            info = tarfile.TarInfo(name)
            info.size = len(png(1))
            if name == "sparse.png":
                info.pax_headers = {"GNU.sparse.map": f"0,{len(png(1))}", "GNU.sparse.size": str(len(png(1)))}
            archive.addfile(info, io.BytesIO(png(1)))
    assert "sparse files: pack the tar without --sparse, passed over: 1 (first: sparse.png)" in notes(
        prepare(tmp_path / "set.tar")
    )


def test_a_packed_folder_is_the_root_whatever_it_is_called(tmp_path: Path) -> None:
    entries: list[tuple[bytes | str, bytes]] = [(f".pics/{name}/1.png", png(i)) for i, name in enumerate("ab")]
    dataset = prepare(write_tar(tmp_path / "set.tar", [*entries, (".pics/@eaDir/1.png", png(9))]))
    assert (names_of(dataset), dataset.spec.classes) == (["a/1.png", "b/1.png"], ("a", "b"))


def test_names_with_control_characters_are_shown_escaped(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "set.tar", [("new\nline\t\x1b[31m.png", png(1)), ("b.png", png(2))])
    dataset = prepare(path)
    assert names_of(dataset) == ["b.png", r"new\nline\t\x1b[31m.png"]
    assert len(dataset.inventory.records) == 2


def test_a_dot_before_a_name_makes_no_class(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "set.tar", [("./a/1.png", png(1)), ("b/1.png", png(2)), ("./b/2.png", png(3))])
    assert prepare(path).inventory.class_counts == {"a": 1, "b": 2}


def test_names_that_are_said_to_be_utf_8_and_are_not_cost_nothing(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for i in range(3):
            archive.writestr(f"é{i}.png", png(i))
    data = (tmp_path / "set.zip").read_bytes()
    (tmp_path / "set.zip").write_bytes(data.replace("é1".encode(), b"\xe9\x311"))
    dataset = prepare(tmp_path / "set.zip")
    assert len(dataset.images) == len(set(names_of(dataset))) == 3
