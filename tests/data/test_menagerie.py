"""Whatever lies in a folder: each file has its stated outcome, none stops a run, and no damage crashes a reader."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image, ImageCms

import faussaire
from data import menagerie
from data.given import images_as_given
from data.zoo import KEPT, REJECTED, encoded, idx, png, prepared_or_refused
from faussaire import prepare
from faussaire.core.errors import DataError
from faussaire.modalities.image.decode import decode, quiet_pillow
from faussaire.modalities.image.rule import Rule

FILES = menagerie.files()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with all of them."""
    folder = tmp_path / "menagerie"
    folder.mkdir()
    for name, (data, _) in FILES.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def num_damaged(pytestconfig: pytest.Config) -> int:
    """Return how many files are damaged in all."""
    return int(pytestconfig.getoption("--damaged"))


def test_there_are_sixty_and_more() -> None:
    assert len(FILES) >= 60
    assert len(FILES) + len(KEPT) + len(REJECTED) >= 100


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.usefixtures("hand_over_at_once")
def test_every_file_has_its_stated_outcome(folder: Path, workers: int) -> None:
    records = prepare(
        folder, resolution=16, fit="crop", workers=workers, cache=folder.parent / "cache"
    ).inventory.records
    found = {record.name: ("+" if record.kept else "-") + record.note for record in records}
    assert found.keys() == FILES.keys()
    wrong = {
        name: (found[name], outcome)
        for name, (_, outcome) in FILES.items()
        if found[name] != outcome and (outcome.startswith("+") or not found[name].startswith(outcome))
    }
    assert wrong == {}
    assert all("\n" not in record.note for record in records)


def test_all_of_it_together_is_trained_on(folder: Path, tmp_path: Path) -> None:
    run = faussaire.train(folder, run=tmp_path / "run", resolution=16, kimg=0.02, batch_size=8, architecture="dense")
    assert run.generator().sample(2).shape == (2, 16, 16, 3)


def test_alpha_is_kept_or_laid_over_a_colour(tmp_path: Path) -> None:
    for number in range(2):
        Image.new("RGBA", (8, 8), (200, 100, number, 0)).save(tmp_path / f"{number}.png")
    assert images_as_given(prepare(tmp_path, channels=4))[0, :, 0, 0].tolist() == [200, 100, 0, 0]
    for background, colour in (("white", [255] * 3), ("black", [0] * 3), ("#ff8000", [255, 128, 0])):
        over = prepare(tmp_path, background=background, channels=3)
        assert images_as_given(over)[0, :, 0, 0].tolist() == colour


def test_a_profile_changes_colours_to_srgb_and_that_of_srgb_changes_nothing() -> None:
    rule = Rule(resolution=8, channels=3)
    red = Image.new("RGB", (8, 8), (255, 0, 0))
    for profile in (None, ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()):
        plain = decode(encoded(red, "PNG", icc_profile=profile), rule)
        assert plain.row is not None
        assert (plain.note, plain.row[:, 0, 0].tolist()) == ("", [255, 0, 0])
    swapped = decode(encoded(red, "PNG", icc_profile=menagerie.swapping_profile()), rule)
    assert swapped.row is not None
    assert (swapped.note, swapped.row[:, 0, 0].tolist()) == ("colour profile to sRGB", [0, 255, 0])


def test_every_frame_of_an_animation_is_an_image_on_request(tmp_path: Path) -> None:
    for name in ("animated.png", "animated.webp", "pages.tif", "ok.png", "cut.gif", "nothing.jpg"):
        (tmp_path / name).write_bytes(FILES[name][0])
    dataset = prepare(tmp_path, frames="all", resolution=8, fit="crop")
    names = [record.name for record in dataset.inventory.kept]
    assert names == [f"{file}[{i}]" for file in ("animated.png", "animated.webp") for i in range(3)] + [
        "ok.png",
        *(f"pages.tif[{i}]" for i in range(3)),
    ]
    assert [record.name for record in dataset.inventory.rejected] == ["cut.gif", "nothing.jpg"]
    assert images_as_given(dataset)[:3].argmax(axis=1)[:, 0, 0].tolist() == [0, 1, 2]
    assert "files with several frames: 3, each frame an image" in dataset.inventory.notes


def write_links(root: Path) -> None:
    (root / "a").mkdir()
    (root / "a" / "1.png").write_bytes(png(1))
    (root / "a" / "2.png").write_bytes(png(2))
    (root / "a" / "up").symlink_to("..")
    (root / "b").symlink_to("a")


def write_tree(*names: str) -> Callable[[Path], None]:
    def write(root: Path) -> None:
        for value, name in enumerate(names):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(png(value + 1) if name.lower().endswith("g") else b"x")

    return write


@pytest.mark.parametrize(
    ("write", "num", "classes"),
    [
        (write_tree("1.png", "2.png"), 2, ()),
        (write_tree("a/1.png", "b/1.png"), 2, ("a", "b")),
        (write_tree("a/x/1.png", "a/y/1.png", "b/z/1.png"), 3, ("a", "b")),
        (write_tree("a/1.png", "b/1.png", "stray.png"), 3, ()),
        (write_tree("only/1.png", "only/2.png"), 2, ()),
        (write_tree("a/b/c/d/e/f/1.png", "a/2.png"), 2, ()),
        (write_tree("1.png", "2.png", "__MACOSX/3.png", "Thumbs.db", ".git/4.png", "desktop.ini"), 2, ()),
        (write_tree("a/1.png", "b/1.png", "c/notes.txt"), 2, ("a", "b")),
        (write_tree("10/1.png", "9/1.png", "2/1.png"), 3, ("2", "9", "10")),
        (write_tree("Cat/1.png", "cat/1.png"), 2, ("Cat", "cat")),
        (write_tree("1.png", "1.PNG", "1.Png"), 3, ()),
        (write_tree("猫/1.png", "犬/1.png"), 2, ("犬", "猫")),
        (write_links, 2, ()),
    ],
)
def test_every_layout_has_its_stated_outcome(
    tmp_path: Path, write: Callable[[Path], None], num: int, classes: tuple[str, ...]
) -> None:
    write(tmp_path)
    dataset = prepare(tmp_path)
    assert (len(dataset.images), dataset.spec.classes) == (num, classes)


@pytest.mark.parametrize("names", [(), ("notes.txt",), ("1.png",), ("a/b/c/notes.txt", ".hidden.png")])
def test_layouts_without_two_images_are_told_in_one_line(tmp_path: Path, names: tuple[str, ...]) -> None:
    write_tree(*names)(tmp_path)
    with pytest.raises(DataError, match=r"usable images found.*at least 2 are needed"):
        prepare(tmp_path)


def test_no_damage_to_an_image_crashes_or_hangs(num_damaged: int) -> None:
    rule = Rule(resolution=8, channels=3)
    names = [name for name, (data, outcome) in FILES.items() if outcome[0] == "+" and len(data) < 20_000]
    with quiet_pillow():
        for number in range(num_damaged * 12 // 17):  # the rest are containers
            data = menagerie.damaged(FILES[names[number % len(names)]][0], number)
            began = time.monotonic()
            outcome = decode(data, rule)
            assert time.monotonic() - began < 10
            assert (outcome.row is None and outcome.note) or outcome.row.shape == (3, 8, 8)


def containers() -> dict[str, bytes]:
    """Return a small one of each kind by name."""
    images = np.arange(12 * 64).reshape(12, 8, 8).astype(np.uint8)
    npy, npz, zipped, tarred, parquet, deep, table = (io.BytesIO() for _ in range(7))
    np.save(npy, images)
    np.save(deep, images.astype(">u2") * 16)
    np.savez_compressed(npz, images=images, labels=np.arange(12) % 2, classes=["a", "b"])
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive, tarfile.open(fileobj=tarred, mode="w") as tar:
        for i in range(4):
            archive.writestr(f"{'ab'[i % 2]}/{i}.png", png(i))
            info = tarfile.TarInfo(f"{'ab'[i % 2]}/{i}.png")
            info.size = len(png(i))
            tar.addfile(info, io.BytesIO(png(i)))
    pyarrow.parquet.write_table(pyarrow.table({"image": [png(i) for i in range(4)], "label": [0, 1, 0, 1]}), parquet)
    rows = [",".join(map(str, [i % 2, *image.reshape(-1)])) for i, image in enumerate(images)]
    with zipfile.ZipFile(table, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train.csv", "\n".join(rows))
    return {
        "x.npy": npy.getvalue(),
        "x.npz": npz.getvalue(),
        "x.zip": zipped.getvalue(),
        "x.tar": tarred.getvalue(),
        "x.tar.gz": gzip.compress(tarred.getvalue()),
        "x-images-idx3-ubyte": idx(images),
        "x-images-idx3-ubyte.gz": gzip.compress(idx(images)),
        "x.csv": "\n".join(["label," + ",".join(f"pixel{i}" for i in range(64)), *rows]).encode(),
        "x.csv.gz": gzip.compress("\n".join(rows).encode()),
        "x-savetxt.txt": "\n".join(
            " ".join(f"{value:.3e}" for value in image.reshape(-1)) for image in images
        ).encode(),
        "x.csv.zip": table.getvalue(),
        "x-images-idx3-float": struct.pack(">HBB3I", 0, 13, 3, *images.shape) + images.astype(">f4").tobytes(),
        "x-deep.npy": deep.getvalue(),
        "x.parquet": parquet.getvalue(),
        "x.txt": b"file,label\na.png,1\nb.png,2\n",
    }


@pytest.mark.parametrize("name", containers())
def test_no_damage_to_any_container_crashes_or_hangs(tmp_path: Path, name: str, num_damaged: int) -> None:
    whole = containers()[name]
    path = tmp_path / name
    for i in range(2):
        (tmp_path / f"{'ab'[i]}.png").write_bytes(png(i))
    for number in range(-(-num_damaged * 5 // (17 * len(containers())))):
        path.write_bytes(menagerie.damaged(whole, number))
        began = time.monotonic()
        dataset = prepared_or_refused(path, resolution=8)
        assert time.monotonic() - began < 10
        if dataset is not None:
            assert dataset.images.shape[1:] == dataset.spec.shape
            assert dataset.images[:].shape == dataset.images.shape
