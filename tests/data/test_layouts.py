"""Which labels folders, and the files beside the images, give: the ecosystem's layouts, each made small."""

from __future__ import annotations

import io
import json
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from rich.console import Console

import faussaire
from data import menagerie
from data.zoo import png, prepared_or_refused
from faussaire.core.errors import DataError
from faussaire.data import Dataset, prepare
from faussaire.views.inspection import inspect_data

pytestmark = pytest.mark.usefixtures("in_this_process")

Files = dict[str, bytes]


def images(*names: str) -> Files:
    """Return an image for each name, whose pixels are its place."""
    return {name: png(value) for value, name in enumerate(names)}


def numbered(pattern: str, count: int = 4, **words: tuple[str, ...]) -> list[str]:
    """Return names: each combination of words, class-sorted, with a number."""
    names = [pattern]
    for word, choices in words.items():
        names = [name.replace(f"<{word}>", choice) for name in names for choice in choices]
    return [name.replace("<i>", str(i)) for name in names for i in range(count)]


def as_folder(files: Files, place: Path) -> Path:
    for name, data in files.items():
        (place / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (place / "set" / name).write_bytes(data)
    return place / "set"


def as_zip(files: Files, place: Path) -> Path:
    with zipfile.ZipFile(place / "set.zip", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return place / "set.zip"


def as_tar(files: Files, place: Path) -> Path:
    with tarfile.open(place / "set.tar", "w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(f"set/{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return place / "set.tar"


def labels_of(dataset: Dataset) -> dict[str, str | None]:
    """Return the class of each image by the name of its file."""
    return {
        record.name: None if record.label is None else dataset.spec.classes[record.label]
        for record in dataset.inventory.kept
    }


def notes_about(dataset: Dataset) -> str:
    return "\n".join(note for note in dataset.inventory.notes if "labels" in note or "classes" in note)


CATS_AND_DOGS = numbered("<of>/<i>.png", of=("cat", "dog"))
BY_FOLDER = {name: name.split("/")[0] for name in CATS_AND_DOGS}
FLAT = numbered("<of>.<i>.png", of=("cat", "dog"))
BY_NAME = {name: name.split(".")[0] for name in FLAT}
ALTERNATING = {name: str(i % 2) for i, name in enumerate(FLAT)}
NUMBERED = [f"{i:05}.png" for i in range(4)]
SHELVED = [f"0000{i // 2}/img0000000{i}.png" for i in range(8)]
STYLEGAN = {name: str(i // 4) for i, name in enumerate(SHELVED)}


def table(rows: dict[str, str], header: str = "file,label", line: str = "{},{}", end: str = "\n") -> bytes:
    return end.join([*([header] if header else []), *(line.format(*row) for row in rows.items())]).encode()


def json_of(value: object) -> bytes:
    return json.dumps(value).encode()


def lines_of(rows: Iterable[object]) -> bytes:
    return b"\n".join(map(json_of, rows))


def beside(rows: dict[str, str], suffix: str, make: Callable[[str], bytes]) -> Files:
    return {name.rsplit(".", 1)[0] + suffix: make(label) for name, label in rows.items()}


def without_suffix(rows: dict[str, str]) -> dict[str, str]:
    return {name.rsplit(".", 1)[0]: label for name, label in rows.items()}


IN_TRAIN = {f"train/{name}": label for name, label in BY_NAME.items()}
KEYED = {name.replace(".", "_", 1): label for name, label in BY_NAME.items()}
KERAS = numbered("<part>/<of>/<i>.png", part=("train", "validation"), of=("cat", "dog"))

LAYOUTS: dict[str, tuple[Files, dict[str, str]]] = {
    "folders of classes": (images(*CATS_AND_DOGS), BY_FOLDER),
    "folders of classes in a folder": (
        images(*(f"data/images/{name}" for name in CATS_AND_DOGS)),
        {f"data/images/{name}": label for name, label in BY_FOLDER.items()},
    ),
    "a readme, a licence and a cover beside": (
        images(*CATS_AND_DOGS) | {"README": b"x", "readme.txt": b"x", "LICENSE.md": b"x", "cover.jpg": png(99)},
        BY_FOLDER,
    ),
    "one stray image beside many": (
        images(*numbered("<of>/<i>.png", 6, of=("cat", "dog"))) | {"x.png": png(99)},
        {name: name[:3] for name in numbered("<of>/<i>.png", 6, of=("cat", "dog"))},
    ),
    "Keras: train and validation": (images(*KERAS), {name: name.split("/")[1] for name in KERAS}),
    "train with classes, test without": (
        images(*(f"train/{name}" for name in CATS_AND_DOGS)) | {f"test/{i}.png": png(90 + i) for i in range(8)},
        {f"train/{name}": label for name, label in BY_FOLDER.items()},
    ),
    "train alone": (
        images(*(f"Train/{name}" for name in CATS_AND_DOGS)),
        {f"Train/{name}": label for name, label in BY_FOLDER.items()},
    ),
    "train and val in a folder, with a folder between": (
        images(*(f"x/{part}/images/{name}" for part in ("train", "val") for name in CATS_AND_DOGS)),
        {f"x/{part}/images/{name}": label for part in ("train", "val") for name, label in BY_FOLDER.items()},
    ),
    "class first, then train and test": (
        images(*numbered("<of>/<part>/<i>.png", of=("cat", "dog"), part=("train", "test"))),
        {name: name[:3] for name in numbered("<of>/<part>/<i>.png", of=("cat", "dog"), part=("train", "test"))},
    ),
    "parts that are named twice, in words of their own": (
        images(*numbered("seg_<part>/seg_<part>/<of>/<i>.png", part=("train",), of=("cat", "dog")),
               *numbered("seg_<part>/seg_<part>/<of>/<i>.png", part=("test",), of=("cat", "dog"))),
        {
            f"seg_{part}/seg_{part}/{name}": label
            for part in ("train", "test")
            for name, label in BY_FOLDER.items()
        },
    ),
    "StyleGAN's dataset.json": (
        images(*SHELVED) | {"dataset.json": json_of({"labels": [[n, int(label)] for n, label in STYLEGAN.items()]})},
        STYLEGAN,
    ),
    "StyleGAN's dataset.json as a table": (
        images(*SHELVED) | {"dataset.json": json_of({"labels": {n: int(label) for n, label in STYLEGAN.items()}})},
        STYLEGAN,
    ),
    "WebDataset's .cls": (images(*KEYED) | beside(KEYED, ".cls", str.encode), KEYED),
    "WebDataset's .json": (
        images(*KEYED) | beside(KEYED, ".json", lambda label: json_of({"caption": "x", "label": label})),
        KEYED,
    ),
    "a .json of its own for each image, with dots in the names": (
        images(*FLAT) | beside(ALTERNATING, ".json", lambda label: json_of({"label": label})),
        ALTERNATING,
    ),
    "a .cls after the whole name, with dots in it": (
        images(*FLAT) | {f"{name}.cls": label.encode() for name, label in ALTERNATING.items()},
        ALTERNATING,
    ),
    "two views of one sample of WebDataset": (
        images(*(f"{i}.{view}.png" for i in range(4) for view in ("left", "right")))
        | {f"{i}.cls": str(i % 2).encode() for i in range(4)},
        {f"{i}.{view}.png": str(i % 2) for i in range(4) for view in ("left", "right")},
    ),
    "imagefolder's metadata.csv": (images(*FLAT) | {"metadata.csv": table(BY_NAME, "file_name,label")}, BY_NAME),
    "imagefolder's metadata.csv in its parts": (
        images(*IN_TRAIN) | {"train/metadata.csv": table(BY_NAME, "file_name,label")},
        IN_TRAIN,
    ),
    "imagefolder's metadata.jsonl": (
        images(*FLAT)
        | {"metadata.jsonl": lines_of({"file_name": n, "text": "a", "label": v} for n, v in BY_NAME.items())},
        BY_NAME,
    ),
    "imagefolder's captions, and folders": (
        images(*CATS_AND_DOGS) | {"metadata.csv": table(dict.fromkeys(CATS_AND_DOGS, "a cat"), "file_name,text")},
        BY_FOLDER,
    ),
    "Kaggle's id,breed": (
        images(*IN_TRAIN)
        | {f"test/{i}.png": png(90 + i) for i in range(8)}
        | {"labels.csv": table(without_suffix(BY_NAME), "id,breed")}
        | {"sample_submission.csv": table({str(i): "0.5" for i in range(8)}, "id,label")},
        IN_TRAIN,
    ),
    "Kaggle's train.csv, with names twice": (
        images(*IN_TRAIN)
        | {name.replace("train", "test"): png(50 + i) for i, name in enumerate(IN_TRAIN)}
        | {"train.csv": table(without_suffix(BY_NAME), "image_id,diagnosis")},
        IN_TRAIN,
    ),
    "a table of Windows without a header": (
        images(*IN_TRAIN)
        | {"classes.csv": table({n.replace("/", "\\"): v for n, v in IN_TRAIN.items()}, "", end="\r\n")},
        IN_TRAIN,
    ),
    "a table with the paths of another machine": (
        images(*IN_TRAIN) | {"all.csv": table({f"/home/me/set/{n}": v for n, v in IN_TRAIN.items()}, "path,class")},
        IN_TRAIN,
    ),
    "a table with a column for each label": (
        images(*FLAT)
        | {"train.csv": table({n: "1,0" if v == "cat" else "0,1" for n, v in BY_NAME.items()}, "image_id,cat,dog")},
        BY_NAME,
    ),
    "a table of files that were converted since": (
        images(*IN_TRAIN)
        | {"train.csv": table({n.replace("png", "JPG"): v for n, v in BY_NAME.items()}, "image,target")},
        IN_TRAIN,
    ),
    "names in another case, in a table": (
        images(*(name.upper() for name in FLAT)) | {"train.csv": table(BY_NAME, "image,label")},
        {name.upper(): label for name, label in BY_NAME.items()},
    ),
    "names in another case, in a labels.csv": (
        images(*(name.replace("png", "PNG") for name in FLAT)) | {"labels.csv": table(BY_NAME)},
        {name.replace("png", "PNG"): label for name, label in BY_NAME.items()},
    ),
    "ids without the zeros in front": (
        images(*NUMBERED) | {"train.csv": table({str(i): label for i, label in enumerate("abab")}, "id,label")},
        dict(zip(NUMBERED, "abab", strict=True)),
    ),
    "ids that became floating point": (
        images(*NUMBERED) | {"train.csv": table({f"{i}.0": label for i, label in enumerate("abab")}, "id,label")},
        dict(zip(NUMBERED, "abab", strict=True)),
    ),
    **{
        f"a header {header!r}": (images(*FLAT) | {"train.csv": table(BY_NAME, header)}, BY_NAME)
        for header in ("fname,label", "name,label", "photo,label", "filenames,breed", "Image Index,Finding Labels")
    },
    "bars between the cells": (images(*FLAT) | {"train.csv": table(BY_NAME, "file|label", "{}|{}")}, BY_NAME),
    "one column that may be the label, among others": (
        images(*FLAT) | {"train.csv": table(BY_NAME, "image_id,split,breed", "{},train,{}")},
        BY_NAME,
    ),
    "line breaks in a quoted cell before the label": (
        images(*FLAT) | {"metadata.csv": table(BY_NAME, "file_name,text,label", '{},"a\nb, ""c""",{}')},
        BY_NAME,
    ),
    "a labels.csv in Latin-1": (
        images(*FLAT) | {"labels.csv": table(BY_NAME).replace(b"cat\n", b"\xe9t\xe9\n")},
        {name: label.replace("cat", r"\xe9t\xe9") for name, label in BY_NAME.items()},
    ),
    "the parts of the set in a table, and folders": (
        images(*CATS_AND_DOGS) | {"parts.csv": table(dict.fromkeys(CATS_AND_DOGS, "1"), "image_id,partition")},
        BY_FOLDER,
    ),
    "Tiny ImageNet as it is unpacked": (
        images(*numbered("train/<of>/images/<i>.png", of=("n01", "n02")), *numbered("val/images/<i>.png")),
        {name: name.split("/")[1] for name in numbered("train/<of>/images/<i>.png", of=("n01", "n02"))},
    ),
    "CycleGAN's domains": (
        images(*numbered("<part>/<i>.png", part=("trainA", "trainB", "testA", "testB"))),
        {name: name[name.index("/") - 1] for name in
         numbered("<part>/<i>.png", part=("trainA", "trainB", "testA", "testB"))},
    ),
    "folds of a set": (
        images(*numbered("<part>/<of>/<i>.png", part=("fold0", "fold_1", "Fold 2"), of=("cat", "dog"))),
        {name: name.split("/")[1] for name in
         numbered("<part>/<of>/<i>.png", part=("fold0", "fold_1", "Fold 2"), of=("cat", "dog"))},
    ),
    "Places365, on shelves by the first letter": (
        images(*numbered("train/<of>/<i>.png", of=("a/abbey", "a/alley", "b/bar", "c/cafe/indoor"))),
        {name: name.split("/")[2] for name in
         numbered("train/<of>/<i>.png", of=("a/abbey", "a/alley", "b/bar", "c/cafe/indoor"))},
    ),
    "a class that is called train": (
        images(*numbered("<of>/<i>.png", of=("train/steam", "train/diesel", "plane", "bus"))),
        {name: name.split("/")[0] for name in
         numbered("<of>/<i>.png", of=("train/steam", "train/diesel", "plane", "bus"))},
    ),
    "classes that are called after masks": (
        images(*numbered("<of>/<i>.png", of=("with_mask", "without_mask"))),
        {name: name.split("/")[0] for name in numbered("<of>/<i>.png", of=("with_mask", "without_mask"))},
    ),
    "masks beside the images": (
        images(*CATS_AND_DOGS) | {f"{name[:-4]}_mask.png": png(90 + i) for i, name in enumerate(CATS_AND_DOGS)}
        | {"cat/0_mask_1.png": png(120)},
        BY_FOLDER,
    ),
    "masks in the samples of WebDataset": (
        images(*KEYED) | beside(KEYED, ".cls", str.encode)
        | {f"{name[:-4]}.seg.png": png(90 + i) for i, name in enumerate(KEYED)},
        KEYED,
    ),
    "parts of a set, and a folder beside them": (
        images(*(f"train/{name}" for name in CATS_AND_DOGS), "docs/1.png", "docs/2.png"),
        {f"train/{name}": label for name, label in BY_FOLDER.items()},
    ),
    "a table in tabs": (images(*FLAT) | {"all.tsv": table(BY_NAME, "class\tfile", "{1}\t{0}")}, BY_NAME),
}  # fmt: skip


@pytest.mark.parametrize("kind", [as_folder, as_zip, as_tar])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_layout_gives_its_labels(tmp_path: Path, layout: str, kind: Callable[[Files, Path], Path]) -> None:
    files, expected = LAYOUTS[layout]
    dataset = prepare(kind(files, tmp_path))
    root = _only_folder(files) if kind is as_zip else ""
    assert labels_of(dataset) == {name.removeprefix(root): label for name, label in expected.items()}
    assert "labels from" in notes_about(dataset)
    assert all(record.note for record in dataset.inventory.rejected)


def _only_folder(files: Files) -> str:
    """Return the folder that an archive of these is read from: it was packed as a whole."""
    tops = {name.split("/")[0] for name in files}
    return f"{tops.pop()}/" if len(tops) == 1 and all("/" in name for name in files) else ""


UNLABELLED: dict[str, tuple[Files, str]] = {
    "flat": (images("a.png", "b.png"), "no labels: the images do not lie in folders of classes"),
    "flat, with names that tell": (
        images(*FLAT), r"their names begin with cat, dog: if these are classes, .* labels\.csv"
    ),
    "one folder": (images("only/1.png", "only/2.png"), "no labels: all images lie in one folder in only"),
    "beside the folders": (
        images(*CATS_AND_DOGS, "x.png", "y.png", "z.png"),
        r"no labels: 3 of 11 images lie beside the folders \(first: x\.png\)",
    ),
    "parts of a set": (images("train/1.png", "test/1.png"), "no labels: test, train are parts of one set and hold no"),
    "StyleGAN without labels": (
        images(*SHELVED) | {"dataset.json": json_of({"labels": None})}, "no labels from dataset.json: it holds none",
    ),
    "StyleGAN without dataset.json": (images(*SHELVED), r"no labels: the folders \(00000 …\) only number their files"),
    "FFHQ": (
        images("00000/00001.png", "00000/00999.png", "01000/01234.png", "69000/69001.png"),
        "only number their files",
    ),
    "by hash": (images(*(f"{i:02x}/{i:02x}34567890.png" for i in (3, 77, 200))), "only number their files"),
    "several labels": (
        images(*FLAT) | {"metadata.jsonl": lines_of({"file_name": n, "label": [1, 2]} for n in FLAT)},
        "no labels from metadata.jsonl: it gives several to 8 images",
    ),
    "images and masks": (
        images(*numbered("<of>/<i>.png", of=("images", "masks"))),
        "no labels: the folders images, masks look like views of the same things",
    ),
    "pictures of low and high resolution": (
        images(*numbered("<of>/<i>.png", of=("set_LR", "set_HR"))), "the folders set_HR, set_LR look like views of the",
    ),
    "pictures and segmentations of a camera": (
        images(*numbered("<of>/<i>.png", of=("CameraRGB", "CameraSeg"))), "CameraRGB, CameraSeg look like views of",
    ),
    "the card of a camera": (
        images(*numbered("DCIM/<of>/IMG_<i>.png", of=("100CANON", "101CANON"))),
        r"no labels: the folders in DCIM \(100CANON …\) are those of a camera",
    ),
    "Danbooru's buckets": (
        images("0000/1000.png", "0001/2001.png", "0999/123999.png"), r"the folders \(0000 …\) only number their files",
    ),
    "folds without classes": (images("fold1/1.png", "fold2/1.png"), "fold1, fold2 are parts of one set and hold no"),
    "a list of labels beside": (
        images(*FLAT) | {"train.txt": table(BY_NAME, "", "{} {}")},
        r"no labels: train\.txt may name the images and their labels: if so, give it as the data itself",
    ),
    "train1 and test1": (images("train1/1.png", "test1/1.png"), "are parts of one set and hold no"),
    "columns of several labels": (
        images(*FLAT) | {"train.csv": table(dict.fromkeys(FLAT, "1,1,0"), "image_id,sad,old,red")},
        "no labels from train.csv: it gives several to 8 images",
    ),
    "a table without labels": (
        images(*FLAT) | {"train.csv": table(dict.fromkeys(FLAT, "a,b"), "image_id,one,other")},
        "no labels from train.csv: no column of it is called label",
    ),
    "a class for each image": (
        images(*(f"{i:03}.png" for i in range(60)))
        | {"ids.csv": table({f"{i:03}.png": f"n{i}" for i in range(60)}, "file,name")},
        "column name tells single images apart: 60 images have 60 different values",
    ),
    "independent attributes of 0 and 1": (
        images(*FLAT)
        | {"list_attr.csv": table({n: f"{i % 2},{i // 2 % 2},{i // 4}" for i, n in enumerate(FLAT)}, "image_id,A,B,C")},
        r"list_attr\.csv: it gives several to 4 images and none to 1: its columns \(A, B, C\) are attributes",
    ),
    "independent attributes of -1 and 1": (
        images(*FLAT)
        | {"list.csv": table({n: f"{i % 2 * 2 - 1},{i // 2 % 2 * 2 - 1}" for i, n in enumerate(FLAT)}, "image_id,A,B")},
        r"list\.csv: it gives several to 2 images and none to 2: its columns \(A, B\) are attributes",
    ),
    **{
        f"a column {column!r}": (
            images(*FLAT) | {"x.csv": table({name: value(i) for i, name in enumerate(FLAT)}, f"image_id,{column}")},
            rf"no labels from x\.csv: its column {column} {why}",
        )
        for column, value, why in (
            ("partition", lambda i: str(i % 3), "tells the part"),
            ("fold", lambda i: str(i % 2), "tells the part"),
            ("group", lambda i: str(i % 2), "only numbers"),
            ("phase", lambda i: ("train", "val")[i % 2], "tells the part"),
            ("age", lambda i: str(30 + i % 2), "holds a measure"),
            ("patient", lambda i: f"p{i // 2}", "holds identities"),
            ("EncodedPixels", lambda i: "1 3", "holds something else"),
            ("strength", lambda i: f"{i / 4}", "holds fractions"),
            ("taken", lambda i: f"2020-01-0{1 + i % 3}", "holds times"),
            ("when", lambda i: str(1600000000 + i % 2), "holds times"),
            ("checksum", lambda i: f"{i % 2:032x}", "holds hashes"),
            ("additional_feature", lambda i: "This is a value of a text feature", "holds sentences"),
            ("where", lambda i: "3 17", "holds sentences or lists"),
        )
    },
    "a folder for each image": (images(*(f"p{i}/a.png" for i in range(60))), "no classes: 60 images have 60 different"),
}  # fmt: skip


@pytest.mark.parametrize("layout", UNLABELLED)
def test_where_there_are_no_labels_it_is_said_why(tmp_path: Path, layout: str) -> None:
    files, why = UNLABELLED[layout]
    dataset = prepare(as_folder(files, tmp_path))
    assert dataset.labels is None
    assert len(dataset.inventory.kept) == sum(name.endswith("png") for name in files)
    assert re.search(why, notes_about(dataset)), notes_about(dataset)


@pytest.mark.parametrize("digits", [1, 2])
def test_folders_named_by_numbers_are_classes(tmp_path: Path, digits: int) -> None:
    names = numbered("<of>/<i>.png", of=tuple(f"{i:0{digits}}" for i in range(3)))
    assert labels_of(prepare(as_folder(images(*names), tmp_path))) == {name: name.split("/")[0] for name in names}


def test_masks_that_are_passed_over_are_told(tmp_path: Path) -> None:
    dataset = prepare(as_tar(images("a.jpg", "b.jpg", "a.seg.png", "b.seg.png"), tmp_path))
    assert "masks beside images of the same name, passed over: 2 (first: a.seg.png)" in dataset.inventory.notes
    assert len(dataset.images) == 2


def test_images_never_share_the_file_of_one_of_them(tmp_path: Path) -> None:
    files = images(*FLAT) | {f"{name[:-4]}.json": json_of({"label": "x"}) for name in FLAT[:5]}
    dataset = prepare(as_folder(files, tmp_path))
    assert labels_of(dataset) == dict.fromkeys(FLAT[:5], "x")
    assert {record.note for record in dataset.inventory.rejected} == {"no label in a .json beside it"}


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (
            {f"img_{i}.png": "a" for i in range(8)},
            r"labels\.csv names no image here \(its first: img_0\.png; an image h",
        ),
        ({"0.png": "a", "1.png": "b"}, r"labels\.csv: 0\.png may be cat/0\.png or dog/0\.png: write the whole path"),
    ],
)
def test_a_labels_csv_that_is_wrong_or_unclear_is_refused(tmp_path: Path, rows: dict[str, str], why: str) -> None:
    with pytest.raises(DataError, match=why):
        prepare(as_folder(images(*CATS_AND_DOGS) | {"labels.csv": table(rows)}, tmp_path))


def test_numbers_without_zeros_that_may_be_two_images_are_none(tmp_path: Path) -> None:
    rows = table({"7": "a", "8": "b", "9": "a"}, "id,label")
    files = images("07.png", "007.png", "08.png", "09.png") | {"train.csv": rows}
    assert labels_of(prepare(as_folder(files, tmp_path))) == {"08.png": "b", "09.png": "a"}


def test_a_table_of_labels_that_names_none_of_the_images_is_told(tmp_path: Path) -> None:
    files = images(*CATS_AND_DOGS) | {"train.csv": table({f"img_{i}.png": "a" for i in range(8)}, "image,label")}
    dataset = prepare(as_folder(files, tmp_path))
    assert labels_of(dataset) == BY_FOLDER
    assert any(
        note.startswith("no labels from train.csv: most of its rows name no image here, or more than one")
        for note in dataset.inventory.notes
    )


def test_the_column_of_labels_that_was_found_is_told(tmp_path: Path) -> None:
    dataset = prepare(as_folder(images(*FLAT) | {"train.csv": table(BY_NAME, "image,diagnosis")}, tmp_path))
    assert "labels from train.csv, column diagnosis" in dataset.inventory.notes


@pytest.mark.parametrize("rows", [{}, {"other": "1,1"}])
def test_names_of_columns_that_are_no_text_are_shown_escaped(tmp_path: Path, rows: dict[str, str]) -> None:
    header = ",".join(["image", "caf\xe9", *rows])
    cells = BY_NAME if not rows else dict.fromkeys(BY_NAME, *rows.values())
    dataset = prepare(
        as_folder(images(*FLAT) | {"train.csv": table(cells, header).replace(b"\xc3\xa9", b"\xe9")}, tmp_path)
    )
    assert r"caf\xe9" in notes_about(dataset)


def test_an_image_whose_row_gives_no_label_is_told_apart_from_one_without_a_row(tmp_path: Path) -> None:
    rows = table(BY_NAME | {FLAT[0]: ""}, "image,label")
    dataset = prepare(as_folder(images(*FLAT, "more.png") | {"train.csv": rows}, tmp_path))
    assert {record.name: record.note for record in dataset.inventory.rejected} == {
        FLAT[0]: "no label in train.csv",
        "more.png": "no row for it in train.csv",
    }


def test_images_of_two_rows_are_left_out_where_others_have_one(tmp_path: Path) -> None:
    rows = table(BY_NAME, "file_name,label") + b"\ncat.0.png,dog"
    dataset = prepare(as_folder(images(*FLAT) | {"metadata.csv": rows}, tmp_path))
    assert labels_of(dataset) == {name: label for name, label in BY_NAME.items() if name != "cat.0.png"}
    assert dataset.inventory.rejected[0].note == "several labels in metadata.csv"


def test_a_table_about_something_else_is_passed_over(tmp_path: Path) -> None:
    tables = {
        "losses.csv": b"id,label\n1,0.5\n2,0.4\n3,0.3\n",
        "pixels.csv": b"label,pixel0\n1,2\n",
        "package.json": b'{"label": 3}',
        "broken.jsonl": b"{",
        "dataset.json": b"[[[[",
        "empty.csv": b"",
        "noise.tsv": bytes(range(256)),
    }
    assert labels_of(prepare(as_folder(images(*CATS_AND_DOGS) | tables, tmp_path))) == BY_FOLDER


def test_pickles_are_never_opened_and_named(tmp_path: Path) -> None:
    batch = b"\x80\x02}q\x01(U\x04dataq\x02"
    files = {"cifar/data_batch_1": batch, "cifar/batches.meta": batch, "cifar/readme.html": b"x"}
    for made in (as_folder(files, tmp_path), as_tar(files, tmp_path)):
        with pytest.raises(DataError, match=r"pickles are never opened, as they may run any program: 2 .*\.npz"):
            prepare(made)
    with pytest.raises(DataError, match="is a pickle, which is never opened"):
        prepare(tmp_path / "set" / "cifar" / "data_batch_1")


BESIDE = {
    kind: name
    for kind, (files, _) in LAYOUTS.items()
    for name in files
    if name.endswith((".csv", ".json", ".jsonl", ".tsv", ".cls")) and "submission" not in name
}


@pytest.mark.parametrize("kind", BESIDE)
def test_no_damage_to_what_lies_beside_crashes(tmp_path: Path, kind: str) -> None:
    files, _ = LAYOUTS[kind]
    folder = as_folder(files, tmp_path)
    for number in range(12):
        (folder / BESIDE[kind]).write_bytes(menagerie.damaged(files[BESIDE[kind]], number))
        prepared_or_refused(folder, resolution=8)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (images(*CATS_AND_DOGS), "labels from the names of the folders"),
        (images(*FLAT), "no labels: the images do not lie in folders of classes"),
        (images(*CATS_AND_DOGS, "x.png", "y.png"), "no labels: 2 of 10 images lie beside the folders"),
    ],
)
def test_training_says_in_a_line_where_labels_come_from(tmp_path: Path, files: Files, told: str) -> None:
    text = io.StringIO()
    faussaire.train(
        as_folder(files, tmp_path),
        run=tmp_path / "run",
        kimg=0.016,
        batch_size=8,
        resolution=8,
        architecture="dense",
        console=Console(file=text, width=200),
    )
    assert sum(line.startswith(told) for line in text.getvalue().splitlines()) == 1


def test_inspecting_says_it_too(tmp_path: Path) -> None:
    text = io.StringIO()
    data, console = [str(as_folder(images(*FLAT), tmp_path))], Console(file=text, width=200)
    inspect_data(data, console, out=tmp_path / "x.png", measure_speed=lambda dataset: None)
    assert "no labels: the images do not lie in folders of classes; their names begin with cat, dog" in text.getvalue()
