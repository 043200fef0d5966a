"""Labelled data sets for the benchmarks: what contestants train on, and the test images that nothing trains on.

A data set NAME is `NAME/` with the four IDX files of MNIST, or `NAME.zip` or `NAME-train.zip` with a folder of images
for each class, of which a fifth is the test part. What such folders have sorted by class is mixed, and the fifth drawn,
by a seed that never changes. They lie in `../shared/datasets` beside the checkout, or where --data says.
"""

from __future__ import annotations

import argparse
import io
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from faussaire.core.rng import draw_places, numpy_generator_for
from faussaire.data.sources.idx import FASHION_CLASSES, read_idx

ROOT = Path(__file__).resolve().parents[2] / "shared" / "datasets"
TEST_ONE_IN = 5
SEED = 0  # another one is another data set, with another judge


@dataclass(frozen=True, kw_only=True)
class LabelledSet:
    """Images uint8 `[N, C, H, W]` and labels int64 `[N]`, in a part to train on and a test part, both mixed."""

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
            np.savez(path, images=images, labels=self.train_labels, classes=np.array(self.classes))
        return path


def add_data_flag(parser: argparse.ArgumentParser) -> None:
    """Add --data, the folder of the data sets."""
    parser.add_argument("--data", type=Path, default=ROOT, metavar="FOLDER", help=f"of the data sets [{ROOT}]")


def load(root: Path, name: str) -> LabelledSet:
    """Read a data set, or end the benchmark with one line that says what is missing."""
    folder = root / name
    if folder.is_dir():
        return _from_idx(folder)
    for path in (root / f"{name}.zip", root / f"{name}-train.zip"):
        if path.is_file():
            return _from_zip(path, name)
    sys.exit(f"{root} holds no data set {name}: name the folder of the data sets with --data FOLDER")


def _from_idx(folder: Path) -> LabelledSet:
    parts = {}
    for part in ("train", "t10k"):
        for what, axes in (("images", 3), ("labels", 1)):
            path = folder / f"{part}-{what}-idx{axes}-ubyte"
            path = path if path.is_file() else path.with_name(f"{path.name}.gz")
            if not path.is_file():
                sys.exit(f"{path} is missing: {folder} must hold the four IDX files of MNIST or of a set like it")
            parts[part, what] = read_idx(path, num_axes=axes)
    num_classes = int(parts["train", "labels"].max()) + 1
    return LabelledSet(
        name=folder.name,
        classes=FASHION_CLASSES if "fashion" in folder.name else tuple(str(label) for label in range(num_classes)),
        train=parts["train", "images"][:, None],
        train_labels=parts["train", "labels"].astype(np.int64),
        test=parts["t10k", "images"][:, None],
        test_labels=parts["t10k", "labels"].astype(np.int64),
        folder=folder.resolve(),
    )


def _from_zip(path: Path, name: str) -> LabelledSet:
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
    numbers = np.array(labels, np.int64)
    test, train = split(numbers)
    return LabelledSet(
        name=name,
        classes=classes,
        train=pixels[train],
        train_labels=numbers[train],
        test=pixels[test],
        test_labels=numbers[test],
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
