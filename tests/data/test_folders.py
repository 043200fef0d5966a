"""Folders of images: what is read, and which labels their names give."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from data.zoo import png
from faussaire.core.errors import DataError
from faussaire.data import prepare

pytestmark = pytest.mark.usefixtures("in_this_process")


def test_folders_are_classes_in_natural_order(class_folder: Path) -> None:
    dataset = prepare(class_folder)
    assert dataset.spec.classes == ("2", "10", "cat")
    assert dataset.labels is not None
    # Items are sorted by path, so 10/ comes before 2/: the value of each image tells its class.
    assert (dataset.images[:, 0, 0, 0] // 10).tolist() == dataset.labels.tolist()


def test_one_image_beside_the_folders_means_no_labels(class_folder: Path) -> None:
    (class_folder / "stray.png").write_bytes(png(99))
    assert prepare(class_folder).labels is None


def test_one_folder_alone_is_no_class(tmp_path: Path) -> None:
    (tmp_path / "only").mkdir()
    for i in range(2):
        (tmp_path / "only" / f"{i}.png").write_bytes(png(i))
    assert prepare(tmp_path).labels is None


def test_a_stray_pipe_or_broken_link_does_not_cost_the_labels(class_folder: Path) -> None:
    (class_folder / "gone.png").symlink_to("nowhere")
    dataset = prepare(class_folder)
    assert dataset.spec.classes == ("2", "10", "cat")
    assert dataset.inventory.rejected[0].label is None


def test_folders_named_train_and_test_are_remarked_on(tmp_path: Path) -> None:
    for name in ("train", "test"):
        (tmp_path / name / "cat").mkdir(parents=True)
        (tmp_path / name / "cat" / "0.png").write_bytes(png(1))
    assert any("parts of one set" in note for note in prepare(tmp_path).inventory.notes)


def test_a_linked_folder_elsewhere_is_read(class_folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "links"
    root.mkdir()
    (root / "cats").symlink_to(class_folder / "cat")
    (root / "tens").symlink_to(class_folder / "10")
    assert prepare(root).spec.classes == ("cats", "tens")


def test_a_link_to_the_folder_above_ends(class_folder: Path) -> None:
    (class_folder / "cat" / "up").symlink_to(class_folder.parent)
    assert len(prepare(class_folder).images) == 9


def test_a_link_to_a_folder_that_is_passed_over_is_read(class_folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "shop"
    root.mkdir()
    class_folder.rename(root / ".store")
    for name, target in (("cats", "cat"), ("tens", "10")):
        (root / name).symlink_to(Path(".store") / target)
    dataset = prepare(root)
    assert dataset.inventory.class_counts == {"cats": 3, "tens": 3}


def test_two_links_to_one_folder_are_read_once_and_told(class_folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "links"
    root.mkdir()
    for name in ("cats", "felines"):
        (root / name).symlink_to(class_folder / "cat")
    (root / "tens").symlink_to(class_folder / "10")
    dataset = prepare(root)
    assert dataset.inventory.class_counts == {"cats": 3, "tens": 3}
    assert "links to folders that are read anyway, passed over: 1 (first: felines)" in dataset.inventory.notes


def test_links_that_lead_round_in_circles_end(class_folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "o.png").write_bytes(png(99))
    (other / "back").symlink_to(class_folder)
    (other / "round").symlink_to(other)
    (class_folder / "out").symlink_to(other)
    dataset = prepare(class_folder)
    assert dataset.inventory.class_counts == {"2": 3, "10": 3, "cat": 3, "out": 1}
    assert "links to folders that are read anyway, passed over: 2 (first: out/back)" in dataset.inventory.notes


@pytest.mark.parametrize(
    "names",
    [
        (b"caf\xe9", b"caf\xe8"),
        (b"\xc3\xa8\xff", b"\xc3\xa8\xfe"),
        ("\N{LATIN SMALL LETTER E WITH ACUTE}".encode(), "e\N{COMBINING ACUTE ACCENT}".encode()),
        (b"a\nb", rb"a\nb"),
        (b"Cat", b"cat"),
        (b"tab\t", b"tab "),
        (b"blank", b"blank "),
    ],
)
def test_folders_whose_names_differ_in_their_bytes_are_classes_of_their_own(
    tmp_path: Path, names: tuple[bytes, bytes]
) -> None:
    for number, name in enumerate(names):
        folder = os.path.join(os.fsencode(tmp_path), name)
        os.mkdir(folder)
        for i in range(2):
            Path(os.fsdecode(os.path.join(folder, b"%d.png" % i))).write_bytes(png(10 * number + i))
    dataset = prepare(tmp_path)
    assert list(dataset.inventory.class_counts.values()) == [2, 2]
    assert all(name.isprintable() for name in dataset.spec.classes)
    labels = {record.name.split("/")[0]: record.label for record in dataset.inventory.kept}
    assert {dataset.spec.classes[label or 0] for label in labels.values()} == set(labels)


def test_files_whose_names_differ_in_their_bytes_are_all_kept(tmp_path: Path) -> None:
    for number, name in enumerate((b"\xe9.png", b"\xe8.png", "\N{LATIN SMALL LETTER E WITH ACUTE}.png".encode())):
        Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name))).write_bytes(png(number))
    records = prepare(tmp_path).inventory.kept
    assert {record.name for record in records} == {r"\xe9.png", r"\xe8.png", "é.png"}


def test_a_folder_whose_own_name_is_no_text_is_read(class_folder: Path) -> None:
    root = class_folder.rename(Path(os.fsdecode(os.fsencode(class_folder.parent) + b"/\xff\xe9")))
    assert len(prepare(root).images) == 9


def test_archives_and_arrays_in_a_folder_are_told(class_folder: Path) -> None:
    for name in ("cat/more.zip", "more.tar.gz", "x.npy"):
        (class_folder / name).write_bytes(b"x")
    dataset = prepare(class_folder)
    assert dataset.inventory.class_counts == {"2": 3, "10": 3, "cat": 3}
    told = "archives and arrays in it are not read: 3 (first: cat/more.zip); give each as data of its own"
    assert told in dataset.inventory.notes


def test_a_folder_of_nothing_but_archives_of_another_kind_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "cats.rar").write_bytes(b"Rar!")
    with pytest.raises(DataError, match=r"0 usable images .*first: cats.rar\); give each as data of its own"):
        prepare(tmp_path)
