"""Which labels the names of folders give to the images in them.

The folders of the first level are classes, below a folder that all images lie in, and below parts of a set (train,
test, fold3): a class is the same in each part. A few images beside the folders, fewer than one in ten, or covers and
previews, are left out; with more of them there are no labels. Folders that only number their files, as large sets and
cameras have them, views of the same things and shelves by the first letter are no classes. Where there are no labels,
it is said why.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Sequence
from functools import lru_cache

from faussaire.data.labels.labels import WrittenLabels, no_labels

SPLITS = frozenset(
    {"train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval", "evaluation", "holdout"}
)
"""What parts of one set are called, in lower case."""

_WITH_SPLITS = frozenset({"set", "data", "dataset", "images", "image", "imgs", "img", "seg", "split", "part", "folder"})
_FOLD = re.compile(r"(fold|part|split|chunk|batch)[ _-]?[0-9]+")
_DOMAIN = re.compile(rf"({'|'.join(sorted(SPLITS))})[ _-]?([A-Z])", re.IGNORECASE)
_CAMERA = re.compile("[1-9][0-9]{2}[A-Z0-9_]{5}")  # as cameras name folders, 100CANON: JEITA CP-3461, DCF
_COVERS = frozenset(
    {"cover", "folder", "preview", "thumbnail", "thumb", "logo", "banner", "readme", "screenshot", "sample", "example"}
)
_CONTAINERS = frozenset({"images", "image", "imgs", "img", "jpegimages", "photos", "pictures", "originals"})
_VIEWS = _CONTAINERS | {"labels", "annotations", "ground_truth", "edges", "originals", "thumbnails"}
_VIEW_WORDS = frozenset(
    {"image", "images", "rgb", "seg", "segmentation", "segmentations", "mask", "masks", "gt", "groundtruth", "depth",
     "normals", "lr", "hr", "lq", "hq"}
)  # fmt: skip
_MASK = re.compile(
    r"(.+?)([ ._-](mask|masks|seg|segm|segmentation|groundtruth|ground_truth|matte|depth)|\.(gt|labels?|normals?))"
    r"([ ._-]?[0-9]+)?",
    re.IGNORECASE,
)
_STRAY = 10  # fewer than one image in so many may lie beside the folders

Path = tuple[str, ...]  # the folders that an image lies in


def is_split(name: str) -> bool:
    """Whether something is called as a part of a set is: train, test1, training_set, seg_test."""
    words = {word for word in re.split("[^a-z]+", name.lower()) if word}
    return (bool(words & SPLITS) and words <= SPLITS | _WITH_SPLITS) or _FOLD.fullmatch(name.lower()) is not None


def masks_in(names: Sequence[str]) -> set[int]:
    """Return which images are masks of others by their names: `a_mask.png`, `a.seg.png` where there is an `a.jpg`."""
    stems = [os.path.splitext(name.rsplit("/", 1)[-1])[0] for name in names]
    known = set(stems)
    found = ((i, _MASK.fullmatch(stem)) for i, stem in enumerate(stems))
    return {i for i, mask in found if mask is not None and mask[1] in known}


def labels_of_folders(names: Sequence[str], usable: Sequence[bool]) -> WrittenLabels:
    """Return the labels of images by the folders in their names; only those that are `usable` decide."""
    paths = [_path(name.rpartition("/")[0]) for name in names]
    real = [path for path, able in zip(paths, usable, strict=True) if able]
    if not any(real):
        return no_labels(len(names), f"the images do not lie in folders of classes{_prefixes(names)}")
    base = _common(real)
    tops = {_top(path, len(base)) for path in real} - {""}
    if tops and (all(map(is_split, tops)) or _hold_classes(real, len(base))):
        return _of_splits(names, paths, usable, base, sorted(tops))
    return _of_level(names, paths, usable, base)


@lru_cache
def _path(inside: str) -> Path:
    """Return the folders that a name begins with; `trainA`, a domain of a part of a set, as two."""
    folders = inside.split("/") if inside else []
    domains = [_DOMAIN.fullmatch(folder) for folder in folders]
    parts = (
        (folder,) if found is None or found[2].islower() else found.groups()
        for folder, found in zip(folders, domains, strict=True)
    )
    return tuple(one for part in parts for one in part)


def _common(paths: Sequence[Path]) -> Path:
    """Return the folders that all paths begin with."""
    first, last = min(paths), max(paths)
    num = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:num]


def _top(path: Path, depth: int) -> str:
    return path[depth] if len(path) > depth else ""


def _hold_classes(paths: Sequence[Path], depth: int) -> bool:
    """Whether one of the folders is called as a part of a set is, and holds folders of its own.

    One alone may be a class of that name, beside two others or more that hold as many images.
    """
    below: dict[str, set[str]] = {}
    for path in paths:
        if len(path) > depth + 1 and is_split(path[depth]):
            below.setdefault(path[depth], set()).update(_below_splits(path, depth)[:1])
    num_images = Counter(_top(path, depth) for path in paths)
    others = num_images.keys() - {name for name in num_images if is_split(name)} - {""}
    num_others = sum(num_images[name] for name in others)
    if len(below) == 1 and len(others) > 1 and num_others >= sum(num_images[name] for name in below):
        return False
    return any(len(names) > 1 for names in below.values())


def _of_splits(
    names: Sequence[str], paths: Sequence[Path], usable: Sequence[bool], base: Path, splits: Sequence[str]
) -> WrittenLabels:
    """Return the labels of images in parts of a set, whose classes are folders in them."""
    below = _without_containers(
        [_below_splits(path, len(base)) for path in paths], [_top(path, len(base)) for path in paths]
    )
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


def _without_containers(below: Sequence[Path], parts: Sequence[str]) -> list[Path]:
    """Return paths without a folder such as `images` that all of a part lies in."""
    containers = {
        part: inside[0]
        for part in set(parts)
        if (inside := _common([path for path, one in zip(below, parts, strict=True) if one == part]))
        and inside[0].lower() in _CONTAINERS
    }
    return [path[1:] if part in containers else path for path, part in zip(below, parts, strict=True)]


def _below_splits(path: Path, depth: int) -> Path:
    """Return the folders of a path below the part of the set that it is in, which may be named twice."""
    depth += 1
    while depth < len(path) and is_split(path[depth]):
        depth += 1
    return path[depth:]


def _of_level(names: Sequence[str], paths: Sequence[Path], usable: Sequence[bool], base: Path) -> WrittenLabels:
    """Return the labels that the folders just below `base` give."""
    depth = len(base)
    if all(_is_shelved(path, depth) for path, able in zip(paths, usable, strict=True) if able):
        depth += 1
    tops = [_top(path, depth) for path in paths]
    real = [(top, name) for top, name, able in zip(tops, names, usable, strict=True) if able]
    classes = {top for top, _ in real} - {""}
    strays = [name for top, name in real if not top]
    inside = f" in {'/'.join(base)}" if base else ""
    if not classes:
        return no_labels(len(names), f"all images lie in one folder{inside}{_prefixes(names)}")
    if len(classes) < 2:
        return no_labels(len(names), f"there is one folder alone{inside} ({classes.pop()}), with images beside it")
    if _are_views(classes):
        return no_labels(
            len(names),
            f"the folders {', '.join(sorted(classes))} look like views of the same things, not classes: give one",
        )
    if all(map(_CAMERA.fullmatch, classes)):
        return no_labels(len(names), f"the folders{inside} ({min(classes)} …) are those of a camera")
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


def _are_views(folders: Collection[str]) -> bool:
    """Whether folders hold views of the same things: all that tells their names apart are words for that."""
    if all(folder.lower() in _VIEWS for folder in folders):
        return True
    words = [{word.lower() for word in re.findall("[A-Z]+(?![a-z])|[A-Z]?[a-z]+", folder)} for folder in folders]
    apart = [own - set.intersection(*words) for own in words]
    return len(set().union(*apart)) > 1 and set().union(*apart) <= _VIEW_WORDS


def _is_shelved(path: Path, depth: int) -> bool:
    """Whether a folder stands where its first letter puts it, a/abbey."""
    letter, folder = _top(path, depth), _top(path, depth + 1).lower()
    return len(letter) == 1 and letter.isalpha() and folder.startswith(letter.lower()) and folder[1:3].isalpha()


def _is_cover(name: str) -> bool:
    return os.path.splitext(name.rsplit("/", 1)[-1])[0].lower().rstrip("0123456789-_ ") in _COVERS


def _are_shelves(real: Sequence[tuple[str, str]]) -> bool:
    """Whether folders just keep files apart, each of which tells by its name where it lies."""
    return all(_is_shelf(top, os.path.splitext(name.rsplit("/", 1)[-1])[0]) for top, name in real if top)


def _is_shelf(folder: str, stem: str) -> bool:
    """Whether a file lies where its number or hash puts it: 00012/img00012345, 69000/69123, 0123/5123, a7/a7f3…."""
    if re.fullmatch("[0-9]{3,4}", folder) and re.fullmatch("[0-9]{4,18}", stem) and int(stem) % 1000 == int(folder):
        return True
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
