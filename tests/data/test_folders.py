"""Folders of images: what is read, and which labels their names give."""

from __future__ import annotations

from pathlib import Path

from data.zoo import png
from faussaire.data import prepare


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
