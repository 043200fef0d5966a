"""Data sets for the benchmarks: what contestants train on, and the test images that nothing trains on.

A data set NAME is `NAME/` with the four IDX files of MNIST, or `NAME.zip` or `NAME-train.zip` with a folder of images
for each class, of which a fifth is the test part. What such folders have sorted by class is mixed, and the fifth drawn,
by a seed that never changes. They lie in `../shared/datasets` beside the checkout, or where --sets says.

Anything else that `faussaire train` takes, by its path, is brought to one size as it would be there, with or without
labels, and a fifth of it set aside in the same way: `NAME@64`, or `PATH@64`, at a resolution of 64.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

import faussaire
from faussaire.core.errors import FaussaireError
from faussaire.core.rng import draw_places, numpy_generator_for
from faussaire.data.sources.idx import FASHION_CLASSES, read_idx

ROOT = Path(__file__).resolve().parents[2] / "shared" / "datasets"
TEST_ONE_IN = 5
SEED = 0  # another one is another data set, with another judge


@dataclass(frozen=True, kw_only=True)
class ImageSet:
    """Images uint8 `[N, C, H, W]` and labels int64 `[N]`, in a part to train on and a test part, both mixed.

    Where nothing is told of classes there are none, and every label is 0.
    """

    name: str
    classes: tuple[str, ...]
    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray
    folder: Path | None
    """What `faussaire train` can be given; None where the training part has no path of its own."""

    def trainable(self, scratch: Path) -> Path:
        """Return a path of the training part for `faussaire train`, writing it where it has none."""
        if self.folder is not None:
            return self.folder
        path = scratch / f"{self.name}-train.npz"
        if not path.is_file():
            images = np.ascontiguousarray(self.train.transpose(0, 2, 3, 1))
            labels = {"labels": self.train_labels, "classes": np.array(self.classes)} if self.classes else {}
            np.savez(path, images=images, **labels)
        return path

    def digest(self) -> str:
        """Return the SHA-256 of all images and labels, in hexadecimal."""
        digest = hashlib.sha256(repr([self.train.shape, self.test.shape, self.classes]).encode())
        for part in (self.train, self.train_labels, self.test, self.test_labels):
            digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()


def add_sets_flag(parser: argparse.ArgumentParser) -> None:
    """Add --sets, the folder of the data sets."""
    parser.add_argument("--sets", type=Path, default=ROOT, metavar="FOLDER", help=f"of the data sets [{ROOT}]")


def load(root: Path, name: str) -> ImageSet:
    """Read a data set by its name, or by its path, or end the benchmark with one line that says what is missing."""
    name, _, side = name.partition("@")
    if side and not side.isdigit():
        sys.exit(f"{name}@{side}: what stands after @ is a resolution in pixels, as in {name}@64")
    candidates = (root / name, root / f"{name}.zip", root / f"{name}-train.zip", Path(name).expanduser())
    path = next((path for path in candidates if path.exists()), None)
    if path is None:
        sys.exit(f"{root} holds no data set {name}: name the folder of the data sets with --sets FOLDER")
    if not side and path.parent == root:
        return _from_idx(path) if path.is_dir() else _from_zip(path, name)
    return _prepared(path, int(side) if side else None)


def _prepared(path: Path, side: int | None) -> ImageSet:
    """Read whatever `faussaire train` takes, as it would be seen there."""
    try:
        found = faussaire.prepare(path, **({} if side is None else {"resolution": side}))
    except FaussaireError as error:
        sys.exit(f"{path}: {error}")
    images = np.concatenate([found.images[:], found.held_out[:]])
    labels = np.zeros(len(images), np.int64)
    if found.labels is not None and found.held_out_labels is not None:
        labels = np.concatenate([found.labels[:], found.held_out_labels[:]])
    classes = found.spec.classes if len(found.spec.classes) > 1 else ()
    name = f"{found.name}-{images.shape[2]}"
    return _split(name, classes, images, labels if classes else np.zeros_like(labels))


def _from_idx(folder: Path) -> ImageSet:
    parts = {}
    for part in ("train", "t10k"):
        for what, axes in (("images", 3), ("labels", 1)):
            path = folder / f"{part}-{what}-idx{axes}-ubyte"
            path = path if path.is_file() else path.with_name(f"{path.name}.gz")
            if not path.is_file():
                sys.exit(f"{path} is missing: {folder} must hold the four IDX files of MNIST or of a set like it")
            parts[part, what] = read_idx(path)
            if parts[part, what].ndim != axes:
                sys.exit(f"{path} has {parts[part, what].ndim} axes, not {axes}")
    num_classes = int(parts["train", "labels"].max()) + 1
    return ImageSet(
        name=folder.name,
        classes=FASHION_CLASSES if "fashion" in folder.name else tuple(str(label) for label in range(num_classes)),
        train=parts["train", "images"][:, None],
        train_labels=parts["train", "labels"].astype(np.int64),
        test=parts["t10k", "images"][:, None],
        test_labels=parts["t10k", "labels"].astype(np.int64),
        folder=folder.resolve(),
    )


def _from_zip(path: Path, name: str) -> ImageSet:
    """Read a folder for each class, at whatever depth, of colour images that all have one size."""
    with zipfile.ZipFile(path) as archive:
        found = sorted(n for n in archive.namelist() if n.lower().endswith((".png", ".jpg", ".jpeg")))
        classes = tuple(sorted({PurePosixPath(n).parent.name for n in found}))
        if len(classes) < 2:
            sys.exit(f"{path} has no folder for each class: a judge needs labels to learn from")
        images, labels = [], []
        for file in found:
            with Image.open(io.BytesIO(archive.read(file))) as picture:
                images.append(np.asarray(picture.convert("RGB")))
            labels.append(classes.index(PurePosixPath(file).parent.name))
    pixels = np.ascontiguousarray(np.stack(images).transpose(0, 3, 1, 2))
    return _split(name, classes, pixels, np.array(labels, np.int64))


def _split(name: str, classes: tuple[str, ...], pixels: np.ndarray, labels: np.ndarray) -> ImageSet:
    """Set a fifth of each class of images uint8 `[N, C, H, W]` aside."""
    test, train = split(labels)
    return ImageSet(
        name=name,
        classes=classes,
        train=pixels[train],
        train_labels=labels[train],
        test=pixels[test],
        test_labels=labels[test],
        folder=None,
    )


def split(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the places int64 of a random fifth of each class of labels `[N]`, and those of all others; both mixed."""
    test = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        here = np.flatnonzero(labels == label)
        test[here[draw_places(len(here), len(here) // TEST_ONE_IN, seed=SEED, stream=f"test part {label}")]] = True
    order = numpy_generator_for(SEED, "order of both parts").permutation(len(labels))
    return order[test[order]], order[~test[order]]
