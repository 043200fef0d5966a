"""From a source to a data set: what is kept, what is rejected, what is held out."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.given import images_as_given, labels_as_given
from data.zoo import KEPT, REJECTED, colours, encoded, png
from faussaire.core.errors import ConfigError, DataError
from faussaire.data import Dataset, prepare
from faussaire.data.store import finishing
from faussaire.modalities.image import rule

pytestmark = pytest.mark.usefixtures("in_this_process")


def notes(dataset: Dataset) -> str:
    return "\n".join(dataset.inventory.notes)


def write_greys(folder: Path, values: list[int], size: int = 8) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for i, value in enumerate(values):
        (folder / f"{i:04}.png").write_bytes(png(value, size))
    return folder


@contextmanager
def as_nobody(folder: Path) -> Iterator[None]:
    """Give root's rights up for a while: root may read everything."""
    if os.geteuid() != 0:
        yield
        return
    prepare("mnist")  # so that every module is imported while that is allowed
    modes = {parent: parent.stat().st_mode for parent in folder.parents}
    closed = {parent: mode for parent, mode in modes.items() if mode & 0o011 != 0o011}
    for parent, mode in closed.items():
        parent.chmod(mode | 0o011)  # the group stays root's
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        for parent, mode in closed.items():
            parent.chmod(mode)


def test_every_animal_of_the_zoo_has_its_stated_outcome(zoo_folder: Path) -> None:
    inventory = prepare(zoo_folder, resolution=16).inventory
    assert {record.name: record.note for record in inventory.kept} == KEPT
    assert {record.name: record.note for record in inventory.rejected} == REJECTED


def test_the_zoo_is_named_sorted_and_counted(zoo_folder: Path) -> None:
    dataset = prepare(zoo_folder)
    names = [record.name for record in dataset.inventory.records]
    assert names == sorted(names)
    assert dataset.name == "my-zoo-2"
    assert len(dataset.images) == len(KEPT)
    assert dataset.labels is None
    assert "other files passed over: 3 (" not in notes(dataset)  # Thumbs.db counts as hidden
    assert "other files passed over: 2" in notes(dataset)
    assert "hidden files or folders passed over: 2" in notes(dataset)
    assert "links to folders that are read anyway, passed over: 1" in notes(dataset)


def test_a_file_without_permission_is_rejected_and_the_rest_is_kept(tmp_path: Path) -> None:
    folder = write_greys(tmp_path / "set", [1, 2, 3])
    (folder / "0001.png").chmod(0)
    with as_nobody(folder):
        inventory = prepare(folder).inventory
    assert [(record.name, record.note) for record in inventory.rejected] == [("0001.png", "no permission to read")]


def test_a_folder_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    folder = write_greys(tmp_path / "set", [1, 2, 3])
    (folder / "locked").mkdir(mode=0)
    with as_nobody(folder):
        assert "the folder locked could not be opened: no permission to read" in notes(prepare(folder))
        with pytest.raises(DataError, match=r"locked.* cannot be opened: no permission to read"):
            prepare(folder / "locked")


def test_grey_images_have_one_channel_and_one_colour_makes_three(tmp_path: Path) -> None:
    folder = write_greys(tmp_path / "set", [1, 2])
    (folder / "grey_as_rgb.png").write_bytes(png((7, 7, 7)))
    assert prepare(folder).spec.shape == (1, 8, 8)
    (folder / "red.png").write_bytes(png((7, 0, 0)))
    assert prepare(folder).spec.shape == (3, 8, 8)


def test_grey_found_is_the_same_as_grey_asked_for(tmp_path: Path) -> None:
    folder = write_greys(tmp_path / "set", list(range(250)))
    found, asked = prepare(folder), prepare(folder, channels=1)
    assert found.fingerprint == asked.fingerprint
    np.testing.assert_array_equal(found.images, asked.images)


def test_grey_data_can_be_asked_for_in_three_channels(tmp_path: Path) -> None:
    images = images_as_given(prepare(write_greys(tmp_path / "set", [10, 20]), channels=3))
    assert images[:, :, 0, 0].tolist() == [[10, 10, 10], [20, 20, 20]]


@pytest.mark.parametrize(("size", "resolution"), [(1, 8), (11, 8), (28, 28), (30, 28), (32, 32), (65, 64), (500, 64)])
def test_the_resolution_found_is_the_median_rounded_down(tmp_path: Path, size: int, resolution: int) -> None:
    folder = write_greys(tmp_path / "set", [1, 2, 3], size)
    (folder / "other.png").write_bytes(png(4, 200))
    dataset = prepare(folder)
    assert dataset.spec.shape == (1, resolution, resolution)
    assert f"resolution {resolution}: the shorter sides have a median of {size} pixels" in notes(dataset)


@pytest.mark.parametrize("resolution", [0, 3, 1025, -8])
def test_a_resolution_out_of_range_is_refused_with_a_way_out(resolution: int) -> None:
    with pytest.raises(ConfigError, match="--resolution 28"):
        prepare("mnist", resolution=resolution)


def test_other_numbers_of_channels_are_refused() -> None:
    with pytest.raises(ConfigError, match="--channels 3"):
        prepare("mnist", channels=2)


def test_one_image_is_not_enough(tmp_path: Path) -> None:
    folder = write_greys(tmp_path / "set", [1])
    (folder / "empty.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"1 usable .* 1 rejected \(first: empty.png, empty file\).* at least 2"):
        prepare(folder)


def test_an_empty_folder_says_what_was_passed_over(tmp_path: Path) -> None:
    (tmp_path / "photo.psd").write_bytes(b"x")
    with pytest.raises(DataError, match=r"0 usable .* passed over: 1 \(\.psd\)"):
        prepare(tmp_path)


def test_one_in_ten_is_held_out_and_none_is_lost(tmp_path: Path, digits: tuple[np.ndarray, np.ndarray]) -> None:
    np.savez(tmp_path / "set.npz", images=digits[0], labels=digits[1])
    dataset = prepare(tmp_path / "set.npz")
    assert dataset.labels is not None
    assert dataset.held_out_labels is not None
    assert 15 <= len(dataset.held_out) <= 45
    assert len(dataset.images) == len(dataset.labels) == 300 - len(dataset.held_out)
    together = np.concatenate([dataset.images, dataset.held_out]).reshape(300, -1)
    assert {row.tobytes() for row in together} == {row.tobytes() for row in digits[0]}
    pairs = zip(digits[0].reshape(300, -1), digits[1], strict=True)
    label_of = {row.tobytes(): label for row, label in pairs}
    assert [label_of[row.tobytes()] for row in dataset.held_out] == dataset.held_out_labels.tolist()


def test_of_fewer_than_50_none_is_held_out(tmp_path: Path, digits: tuple[np.ndarray, np.ndarray]) -> None:
    np.save(tmp_path / "set.npy", digits[0][:49])
    dataset = prepare(tmp_path / "set.npy")
    assert (len(dataset.images), len(dataset.held_out)) == (49, 0)
    assert dataset.held_out.shape == (0, 1, 8, 8)


def test_copies_fall_on_one_side(tmp_path: Path, digits: tuple[np.ndarray, np.ndarray]) -> None:
    np.save(tmp_path / "set.npy", np.concatenate([digits[0], digits[0]]))
    dataset = prepare(tmp_path / "set.npy")
    assert "exact copies of other images: 300" in notes(dataset)
    train = {image.tobytes() for image in dataset.images}
    assert not train & {image.tobytes() for image in dataset.held_out}


def test_a_set_of_copies_is_never_held_out_whole(tmp_path: Path) -> None:
    for value in range(30):  # about three of these hashes fall on the side that is held out
        np.save(tmp_path / "set.npy", np.full((200, 4, 4), value, np.uint8))
        assert len(prepare(tmp_path / "set.npy").images) == 200


def test_a_class_is_never_held_out_whole(tmp_path: Path, digits: tuple[np.ndarray, np.ndarray]) -> None:
    np.savez(tmp_path / "set.npz", images=digits[0], labels=np.arange(300))
    dataset = prepare(tmp_path / "set.npz")
    assert len(dataset.spec.classes) == len(dataset.images) == 300


def test_a_class_without_a_usable_image_is_dropped(class_folder: Path) -> None:
    for file in (class_folder / "2").iterdir():
        file.write_bytes(b"")
    dataset = prepare(class_folder)
    assert dataset.spec.classes == dataset.inventory.classes == ("10", "cat")
    assert labels_as_given(dataset) == [0] * 3 + [1] * 3
    assert [record.label for record in dataset.inventory.records] == [0] * 3 + [None] * 3 + [1] * 3
    assert dataset.inventory.class_counts == {"10": 3, "cat": 3}
    assert "classes without a usable image dropped: 2" in notes(dataset)


@pytest.mark.usefixtures("hand_over_at_once")
def test_the_result_does_not_depend_on_the_number_of_processes(tmp_path: Path) -> None:
    folder = write_greys(tmp_path / "set", list(range(250)), 12)
    (folder / "0100.png").write_bytes(b"")
    found = [prepare(folder, resolution=8, workers=num, cache=tmp_path / f"cache-{num}") for num in (1, 2, 3)]
    assert len({dataset.fingerprint for dataset in found}) == 1
    assert list(found[0].inventory.records) == list(found[1].inventory.records)
    np.testing.assert_array_equal(found[0].images, found[2].images)


def test_a_folder_and_its_zip_are_the_same_data(class_folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for file in class_folder.rglob("*.png"):
            archive.write(file, file.relative_to(class_folder))
    assert prepare(class_folder).fingerprint == prepare(tmp_path / "set.zip").fingerprint


def test_the_fingerprint_is_that_of_the_content(tmp_path: Path) -> None:
    first = prepare(write_greys(tmp_path / "a", [1, 2, 3]))
    assert prepare(write_greys(tmp_path / "b", [1, 2, 3])).fingerprint == first.fingerprint
    assert prepare(write_greys(tmp_path / "c", [1, 2, 4])).fingerprint != first.fingerprint
    assert prepare(tmp_path / "a", resolution=4).fingerprint != first.fingerprint


def test_the_fingerprint_is_the_same_for_ever(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", images=np.arange(3 * 16).reshape(3, 4, 4).astype(np.uint8), labels=[0, 1, 1])
    expected = "1c141d8a596dd0010f371a8adca52433939fdaf111be9f27f18e7826cbd80e8a"
    dataset = prepare(tmp_path / "set.npz")
    assert dataset.fingerprint == expected
    assert dataset.formerly == "0ee23d411b89ea2d41dd2518df47d5bff85799cf9e316cb5f019d29437931dec"  # by version 0.1


def test_progress_rises_to_the_total(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    folder = write_greys(tmp_path / "set", list(range(150)))
    prepare(folder, progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1] == (150, 150)


def test_an_interruption_passes_through_and_ends(tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(write_greys(tmp_path / "set", list(range(250)) * 4), progress=interrupt)


def test_a_file_that_goes_away_meanwhile_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_greys(tmp_path / "set", [1, 2, 3])
    looked = rule.look

    def look_then_remove(*args: object) -> object:
        (folder / "0001.png").unlink()
        return looked(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(rule, "look", look_then_remove)
    assert [record.name for record in prepare(folder).inventory.rejected] == ["0001.png"]


def test_many_sizes_in_one_folder_are_brought_to_one(tmp_path: Path) -> None:
    for i, (height, width) in enumerate([(3, 90), (90, 3), (64, 64), (33, 31)]):
        (tmp_path / f"{i}.png").write_bytes(encoded(Image.fromarray(colours(height, width)), "PNG"))
    assert prepare(tmp_path, resolution=20).images.shape == (4, 3, 20, 20)


def test_why_nothing_is_held_out_is_said(tmp_path: Path) -> None:
    few = np.random.default_rng(0).integers(0, 256, (40, 8, 8), np.uint8)
    copies = np.repeat(few[:1], 300, axis=0)
    for name, images, settings, said in (
        ("few", few, {}, "held out: none, as that begins at 50 images, and 40 are used"),
        ("copies", copies, {}, "held out: none, as too few of the 300 images differ: copies of an image stay together"),
        ("dropped", np.concatenate([few, few]), {"duplicates": "drop"}, "at 50 images, and 40 are used"),
    ):
        np.save(tmp_path / f"{name}.npy", images)
        notes = prepare(tmp_path / f"{name}.npy", **settings).inventory.notes  # type: ignore[arg-type]
        assert any(said in note for note in notes), notes


@pytest.mark.parametrize(("count", "held_out"), [(49, 0), (50, 5), (199, 19)])
def test_of_a_small_set_a_tenth_is_counted_off_from_50_images_on(tmp_path: Path, count: int, held_out: int) -> None:
    images = np.random.default_rng(1).integers(0, 256, (count, 8, 8), np.uint8)
    np.save(tmp_path / "small.npy", images)
    np.save(tmp_path / "other.npy", images[::-1])
    small, other = prepare(tmp_path / "small.npy"), prepare(tmp_path / "other.npy")
    assert (len(small.images), len(small.held_out)) == (count - held_out, held_out)
    assert np.array_equal(small.held_out[:], other.held_out[:])


def test_copies_of_an_image_stay_together_in_a_small_set(tmp_path: Path) -> None:
    images = np.random.default_rng(2).integers(0, 256, (60, 8, 8), np.uint8)
    np.save(tmp_path / "twice.npy", np.concatenate([images, images]))
    twice = prepare(tmp_path / "twice.npy")
    assert len(twice.held_out) == 12
    assert not {row.tobytes() for row in twice.held_out} & {row.tobytes() for row in twice.images}


@pytest.mark.parametrize("labelled", [False, True])
def test_a_run_that_began_with_a_small_set_undivided_goes_on_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, labelled: bool
) -> None:
    images = np.random.default_rng(3).integers(0, 256, (90, 8, 8), np.uint8)
    labels = {"labels": np.arange(90) % 3} if labelled else {}
    np.savez(tmp_path / "small.npz", images=images, **labels)
    with monkeypatch.context() as earlier:
        earlier.setattr(finishing, "HELD_OUT_FROM", 200)
        before = prepare(tmp_path / "small.npz", cache=tmp_path / "earlier")
    now = prepare(tmp_path / "small.npz", fingerprint=before.fingerprint)
    assert len(prepare(tmp_path / "small.npz").held_out) == 9
    assert (now.fingerprint, len(now.held_out)) == (before.fingerprint, 0)
    assert np.array_equal(now.images[:], before.images[:])
    if labelled:
        assert np.array_equal(now.labels, before.labels)
