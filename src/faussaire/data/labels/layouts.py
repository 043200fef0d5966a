"""Which labels the names of folders give to the images in them.

The folders of the first level are classes, below a folder that all images lie in, and below parts of a set (train,
test): a class is the same in each part. A few images beside the folders, fewer than one in ten, or covers and previews,
are left out; with more of them there are no labels. Folders that only number their files, as large sets have them, are
no classes. Where there are no labels, it is said why.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence

from faussaire.data.labels.labels import WrittenLabels, no_labels

SPLITS = frozenset(
    {"train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval", "evaluation", "holdout"}
)
"""What parts of one set are called, in lower case."""

_WITH_SPLITS = frozenset({"set", "data", "dataset", "images", "image", "imgs", "img", "seg", "split", "part", "folder"})
_COVERS = frozenset(
    {"cover", "folder", "preview", "thumbnail", "thumb", "logo", "banner", "readme", "screenshot", "sample", "example"}
)
_VIEWS = frozenset(
    {"images", "image", "imgs", "img", "jpegimages", "photos", "masks", "mask", "labels", "annotations", "gt",
     "groundtruth", "ground_truth", "segmentation", "segmentations", "edges", "depth", "originals", "thumbnails"}
)  # fmt: skip
_STRAY = 10  # fewer than one image in so many may lie beside the folders

Path = tuple[str, ...]  # the folders that an image lies in


def is_split(name: str) -> bool:
    """Whether something is called as a part of a set is: train, test1, training_set, seg_test."""
    words = {word for word in re.split("[^a-z]+", name.lower()) if word}
    return bool(words & SPLITS) and words <= SPLITS | _WITH_SPLITS


def labels_of_folders(names: Sequence[str], usable: Sequence[bool]) -> WrittenLabels:
    """Return the labels of images by the folders in their names; only those that are `usable` decide."""
    paths = [tuple(name.split("/")[:-1]) for name in names]
    real = [path for path, able in zip(paths, usable, strict=True) if able]
    if not any(real):
        return no_labels(len(names), f"the images do not lie in folders of classes{_prefixes(names)}")
    base = _common(real)
    tops = {_top(path, len(base)) for path in real} - {""}
    if tops and (all(map(is_split, tops)) or _hold_classes(real, len(base))):
        return _of_splits(names, paths, usable, base, sorted(tops))
    return _of_level(names, paths, usable, base)


def _common(paths: Sequence[Path]) -> Path:
    """Return the folders that all paths begin with."""
    first, last = min(paths), max(paths)
    num = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:num]


def _top(path: Path, depth: int) -> str:
    return path[depth] if len(path) > depth else ""


def _hold_classes(paths: Sequence[Path], depth: int) -> bool:
    """Whether one of the folders is called as a part of a set is, and holds folders of its own."""
    below: dict[str, set[str]] = {}
    for path in paths:
        if len(path) > depth + 1 and is_split(path[depth]):
            below.setdefault(path[depth], set()).update(_below_splits(path, depth)[:1])
    return any(len(names) > 1 for names in below.values())


def _of_splits(
    names: Sequence[str], paths: Sequence[Path], usable: Sequence[bool], base: Path, splits: Sequence[str]
) -> WrittenLabels:
    """Return the labels of images in parts of a set, whose classes are folders in them."""
    below = [_below_splits(path, len(base)) for path in paths]
    real = [(path[len(base)], inside) for path, inside, able in zip(paths, below, usable, strict=True) if able]
    parts = ", ".join(splits)
    reason = f"{parts} are parts of one set" if len(splits) > 1 else f"{parts} is part of a set"
    with_classes = {top for top, inside in real if inside}
    if not with_classes:
        return no_labels(len(names), f"{reason} and hold no folders of classes{_prefixes(names)}")
    flat = {
        i: f"{path[len(base)]} has no folders of classes"
        for i, (path, inside) in enumerate(zip(paths, below, strict=True))
        if len(path) > len(base) and not inside and path[len(base)] not in with_classes
    }
    counted = [able and i not in flat for i, able in enumerate(usable)]
    found = _of_level(names, below, counted, _common([inside for top, inside in real if top in with_classes]))
    notes = (f"{reason}, all of it is read: give one of them for that part alone",)
    return WrittenLabels(labels=found.labels, notes=(*found.notes, *notes), missing={**found.missing, **flat})


def _below_splits(path: Path, depth: int) -> Path:
    """Return the folders of a path below the part of the set that it is in, which may be named twice."""
    depth += 1
    while depth < len(path) and is_split(path[depth]):
        depth += 1
    return path[depth:]


def _of_level(names: Sequence[str], paths: Sequence[Path], usable: Sequence[bool], base: Path) -> WrittenLabels:
    """Return the labels that the folders just below `base` give."""
    tops = [_top(path, len(base)) for path in paths]
    real = [(top, name) for top, name, able in zip(tops, names, usable, strict=True) if able]
    classes = {top for top, _ in real} - {""}
    strays = [name for top, name in real if not top]
    inside = f" in {'/'.join(base)}" if base else ""
    if not classes:
        return no_labels(len(names), f"all images lie in one folder{inside}{_prefixes(names)}")
    if len(classes) < 2:
        return no_labels(len(names), f"there is one folder alone{inside} ({classes.pop()}), with images beside it")
    if all(name.lower() in _VIEWS for name in classes):
        return no_labels(
            len(names),
            f"the folders {', '.join(sorted(classes))} look like views of the same things, not classes: give one",
        )
    if _are_shelves(real):
        return no_labels(len(names), f"the folders{inside} ({min(classes)} …) only number their files")
    if strays and len(strays) * _STRAY >= len(real) and not all(map(_is_cover, strays)):
        return no_labels(
            len(names),
            f"{len(strays)} of {len(real)} images lie beside the folders{inside} (first: {strays[0]}): "
            "put each into the folder of its class",
        )
    missing = {i: "it lies beside the folders of classes" for i, top in enumerate(tops) if not top}
    labels = [top if top in classes else None for top in tops]
    return WrittenLabels(labels=labels, notes=(f"labels from the names of the folders{inside}",), missing=missing)


def _is_cover(name: str) -> bool:
    return os.path.splitext(name.rsplit("/", 1)[-1])[0].lower().rstrip("0123456789-_ ") in _COVERS


def _are_shelves(real: Sequence[tuple[str, str]]) -> bool:
    """Whether folders just keep files apart, each of which tells by its name where it lies."""
    return all(_is_shelf(top, os.path.splitext(name.rsplit("/", 1)[-1])[0]) for top, name in real if top)


def _is_shelf(folder: str, stem: str) -> bool:
    """Whether a file lies where its number or hash puts it: 00012/img00012345, 69000/69123, a7/a7f3…."""
    if not re.fullmatch("[0-9]{5,}", folder):
        return re.fullmatch("[0-9a-f]{2,3}", folder) is not None and stem.startswith(folder) and len(stem) >= 8
    digits = re.search("[0-9]{1,18}$", stem)
    if digits is None:
        return False
    thousands = int(digits[0]) // 1000
    by_number = int(folder) in (thousands, 1000 * thousands)
    return by_number or re.fullmatch("img[0-9]{8}", stem) is not None or (stem != folder and stem.startswith(folder))


def _prefixes(names: Sequence[str]) -> str:
    """Return what to do where names begin with what may be their class, as cat.0.jpg does."""
    stems = [os.path.splitext(name.rsplit("/", 1)[-1])[0] for name in names]
    found = Counter(re.sub(r"[\W_]*[0-9]+\)?$", "", stem) for stem in stems)
    if not 2 <= len(found) <= 100 or min(found.values()) < 2 or "" in found:
        return ""
    listed = ", ".join(sorted(found)[:3]) + (" …" if len(found) > 3 else "")
    return (
        f"; their names begin with {listed}: if these are classes, put the images into folders of these names, or a "
        "labels.csv (file,label) beside them"
    )
