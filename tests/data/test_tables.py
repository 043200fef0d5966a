"""Sources beyond folders, zips and arrays: each from its file to the images and labels of a data set."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import zstandard

from data.given import images_as_given, labels_as_given
from data.zoo import idx, png
from faussaire.core.errors import DataError
from faussaire.data import Dataset, locate, prepare
from faussaire.data.sources import downloads

pytestmark = pytest.mark.usefixtures("in_this_process")

LABELLED = {f"{name}/{i}.png": png(value + i) for name, value in (("cat", 10), ("dog", 20)) for i in range(3)}


def packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def values(dataset: Dataset) -> list[int]:
    return [int(value) for value in images_as_given(dataset)[:, 0, 0, 0]]


def is_labelled(dataset: Dataset) -> bool:
    pairs = sorted(zip(values(dataset), labels_as_given(dataset), strict=True))
    return dataset.spec.classes == ("cat", "dog") and pairs == [(10, 0), (11, 0), (12, 0), (20, 1), (21, 1), (22, 1)]


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("set.tar", bytes),
        ("set.tar.gz", gzip.compress),
        ("set.tgz", gzip.compress),
        ("set.tar.bz2", bz2.compress),
        ("set.tar.xz", lzma.compress),
        ("set.tar.zst", zstandard.ZstdCompressor().compress),
        ("set", gzip.compress),
    ],
)
def test_a_tar_is_read_however_it_is_packed(tmp_path: Path, name: str, pack: type[bytes]) -> None:
    (tmp_path / name).write_bytes(pack(packed(LABELLED)))
    before = sorted(tmp_path.rglob("*"))
    dataset = prepare(tmp_path / name)
    assert is_labelled(dataset)
    assert dataset.name == "set"
    assert sorted(tmp_path.rglob("*")) == before


def test_what_a_tar_holds_besides_files_is_passed_over(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind in (("link.png", tarfile.SYMTYPE), ("pipe.png", tarfile.FIFOTYPE), ("dir.png", tarfile.DIRTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        for name in ("../../evil.png", "/abs.png", "._junk.png", "__MACOSX/a.png", "x.txt"):
            info = tarfile.TarInfo(name)
            info.size = len(png(1))
            archive.addfile(info, io.BytesIO(png(1)))
    (tmp_path / "set.tar").write_bytes(buffer.getvalue())
    dataset = prepare(tmp_path / "set.tar")
    assert [record.name for record in dataset.inventory.records] == ["../../evil.png", "/abs.png"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_of_a_tar_that_is_cut_short_the_beginning_is_used(tmp_path: Path, pack: type[bytes]) -> None:
    data = pack(packed({f"{i}.png": png(i) + np.random.default_rng(i).bytes(4000) for i in range(9)}))
    (tmp_path / "set.tar").write_bytes(data[: len(data) * 2 // 3])
    dataset = prepare(tmp_path / "set.tar")
    assert 3 <= len(dataset.images) < 9


def test_a_tar_that_is_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faussaire.core.packed.UNPACKED_BYTES", 1000)
    (tmp_path / "set.tar.gz").write_bytes(gzip.compress(packed({"a.png": bytes(10_000_000)})))
    with pytest.raises(DataError, match="unpacks to more than 100 times its size"):
        prepare(tmp_path / "set.tar.gz")


def write_table(
    path: Path, images: np.ndarray, labels: list[str] | None, *, header: bool = True, mark: str = ","
) -> Path:
    names = [*(["label"] if labels else []), *(f"pixel{i}" for i in range(images[0].size))]
    lines = [mark.join(names)] if header else []
    for i, image in enumerate(images):
        lines.append(mark.join([*([labels[i]] if labels else []), *map(str, image.reshape(-1).tolist())]))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("labelled", [True, False])
def test_a_table_of_pixels_is_the_images(
    tmp_path: Path, digits: tuple[np.ndarray, np.ndarray], header: bool, mark: str, labelled: bool
) -> None:
    labels = [str(label) for label in digits[1][::7]] if labelled else None
    dataset = prepare(write_table(tmp_path / "x.csv", digits[0][::7], labels, header=header, mark=mark))
    np.testing.assert_array_equal(images_as_given(dataset)[:, 0], digits[0][::7])
    assert dataset.spec.classes == (("0", "1", "2") if labelled else ())
    assert dataset.labels is None or labels_as_given(dataset) == digits[1][::7].tolist()


def test_a_table_equals_the_array_that_it_was_made_of(tmp_path: Path, digits: tuple[np.ndarray, np.ndarray]) -> None:
    np.savez(tmp_path / "x.npz", images=digits[0], labels=digits[1])
    table = write_table(tmp_path / "x.csv", digits[0], [str(label) for label in digits[1]])
    assert prepare(table).fingerprint == prepare(tmp_path / "x.npz").fingerprint


def test_a_table_in_colour_and_one_of_fractions(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), np.uint8)
    dataset = prepare(write_table(tmp_path / "colour.csv", images, ["a", "b", "a", "b", "a"]))
    np.testing.assert_array_equal(images_as_given(dataset), images.transpose(0, 3, 1, 2))
    assert dataset.spec.classes == ("a", "b")
    fractions = prepare(write_table(tmp_path / "fractions.csv", images[..., 0] / 255, None))
    np.testing.assert_array_equal(images_as_given(fractions)[:, 0], images[..., 0])


def test_odd_rows_of_a_table_are_left_out(tmp_path: Path, digits: tuple[np.ndarray, np.ndarray]) -> None:
    path = write_table(tmp_path / "x.csv", digits[0][::50], [str(label) for label in digits[1][::50]])
    lines = path.read_text().splitlines()
    lines[2] = lines[2] + ",7"
    lines[3] = lines[3].rpartition(",")[0] + ",pear"
    lines[4] = lines[4].rpartition(",")[0] + ",999"
    path.write_text("\n".join(lines))
    dataset = prepare(path)
    np.testing.assert_array_equal(images_as_given(dataset)[:, 0], digits[0][[0, 200, 250]])
    assert [record.note for record in dataset.inventory.rejected] == [
        "a row of 66 values, not 65",
        "a value that is no number",
        "values far beyond those of the others, which are in [0, 255]",
    ]


def write_parquet(path: Path, *, names: list[str] | None = None) -> Path:
    cells = [{"bytes": data, "path": name} for name, data in LABELLED.items()]
    labels: list[object] = [name.split("/")[0] for name in LABELLED]
    if names is not None:
        labels = [names.index(str(label)) for label in labels]
    table = pyarrow.table({"id": list(range(6)), "image": cells, "label": labels})
    if names is not None:
        told = {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}
        table = table.replace_schema_metadata({"huggingface": json.dumps(told)})
    pyarrow.parquet.write_table(table, path)
    return path


@pytest.mark.parametrize("names", [None, ["cat", "dog"], ["horse", "cat", "dog"]])
def test_parquet_gives_images_and_the_names_of_its_labels(tmp_path: Path, names: list[str] | None) -> None:
    assert is_labelled(prepare(write_parquet(tmp_path / "x.parquet", names=names)))


def test_a_folder_of_parquet_is_read_whole_but_for_its_test_part(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for part in ("train-00000-of-00002", "train-00001-of-00002", "test-00000-of-00001"):
        write_parquet(tmp_path / "data" / f"{part}.parquet")
    assert len(prepare(tmp_path).images) == 12


def test_parquet_in_folders_of_parts_is_read_but_for_its_test_part(tmp_path: Path) -> None:
    for part in ("train", "test"):
        (tmp_path / "default" / part).mkdir(parents=True)
        write_parquet(tmp_path / "default" / part / "0000.parquet")
    dataset = prepare(tmp_path)
    assert len(dataset.images) == 6
    assert is_labelled(dataset)


def test_odd_cells_of_parquet_are_left_out(tmp_path: Path) -> None:
    cells = [png(1), None, png(2), b"", png(3)]
    pyarrow.parquet.write_table(pyarrow.table({"img": cells, "label": [0, 1, None, 1, 1]}), tmp_path / "x.parquet")
    dataset = prepare(tmp_path / "x.parquet")
    assert values(dataset) == [1, 3]
    assert [record.note for record in dataset.inventory.rejected] == ["an empty cell", "no label", "empty file"]


def test_parquet_without_images_says_what_it_holds(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.table({"a": [1], "b": ["x"]}), tmp_path / "x.parquet")
    with pytest.raises(DataError, match=r"no column of images.* a \(int64\), b \(string\)"):
        prepare(tmp_path / "x.parquet")
    (tmp_path / "y.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(DataError, match="cannot be read as parquet"):
        prepare(tmp_path / "y.parquet")


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(LABELLED),
        "# a comment\n\n" + "\r\n".join(LABELLED) + "\n",
        "file,label\n" + "\n".join(f"{name},{name[:3]}" for name in LABELLED),
        "label;path\n" + "\n".join(f"{name[:3]};{name}" for name in LABELLED),
    ],
)
def test_a_list_names_files_as_seen_from_its_folder(class_folder: Path, tmp_path: Path, text: str) -> None:
    for name, data in LABELLED.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    (tmp_path / "list.txt").write_text(text, newline="")
    dataset = prepare(tmp_path / "list.txt")
    assert sorted(values(dataset)) == [10, 11, 12, 20, 21, 22]
    assert "label" not in text or is_labelled(dataset)


def test_what_a_list_names_in_vain_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(1))
    (tmp_path / "b.png").write_bytes(png(2))
    (tmp_path / "list.txt").write_text("a.png\nb.png\nnowhere.png\n.\na.png\n")
    dataset = prepare(tmp_path / "list.txt")
    assert values(dataset) == [1, 2]
    notes = {record.name: record.note for record in dataset.inventory.rejected}
    assert notes == {"nowhere.png": "no such file", ".": "not a file, but a folder, pipe, socket or device"}


def test_a_list_goes_stale_with_the_files_that_it_names(tmp_path: Path) -> None:
    for name, value in (("a.png", 1), ("b.png", 2)):
        (tmp_path / name).write_bytes(png(value))
    (tmp_path / "list.txt").write_text("a.png\nb.png\n")
    assert values(prepare(tmp_path / "list.txt")) == [1, 2]
    (tmp_path / "b.png").write_bytes(png(30))
    assert values(prepare(tmp_path / "list.txt")) == [1, 30]


def test_urls_are_fetched_and_what_cannot_be_had_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: object, timeout: float) -> io.BytesIO:
        url = request.full_url  # type: ignore[attr-defined]
        if "gone" in url:
            raise OSError("Name or service not known")
        return io.BytesIO(png(int(url[-5])))

    monkeypatch.setattr("urllib.request.urlopen", answer)
    monkeypatch.setattr(downloads, "_WAIT_SECONDS", 0.001)
    (tmp_path / "list.txt").write_text("https://a.test/1.png\nhttps://a.test/2.png\nhttps://gone.test/3.png\n")
    dataset = prepare(tmp_path / "list.txt")
    assert values(dataset) == [1, 2]
    assert dataset.inventory.rejected[0].note == "could not be fetched: Name or service not known"


def test_several_folders_are_classes_of_their_names(class_folder: Path) -> None:
    dataset = prepare([class_folder / "10", class_folder / "cat"])
    assert dataset.spec.classes == ("10", "cat")
    assert values(dataset) == [10, 11, 12, 20, 21, 22]


def test_several_arrays_and_folders_are_one_set(tmp_path: Path, class_folder: Path) -> None:
    images = np.arange(2).repeat(64).reshape(2, 8, 8).astype(np.uint8) + 100
    for name in "ab":
        np.savez(tmp_path / f"{name}.npz", images=images, labels=[7, 8])
    together = prepare([tmp_path / "a.npz", tmp_path / "b.npz"])
    assert (values(together), together.spec.classes) == ([100, 101, 100, 101], ("7", "8"))
    mixed = prepare([tmp_path / "a.npz", class_folder])
    assert sorted(values(mixed)) == [0, 1, 2, 10, 11, 12, 20, 21, 22, 100, 101]
    assert mixed.spec.classes == ("2", "7", "8", "10", "cat")


@pytest.mark.parametrize("kind", ["zip", "npy", "npz", "tar", "parquet", "idx", "csv"])
def test_a_file_is_known_by_its_content(tmp_path: Path, kind: str, class_folder: Path) -> None:
    path = tmp_path / "mystery.bin"
    images = np.arange(2 * 64).reshape(2, 8, 8).astype(np.uint8)
    if kind == "tar":
        path.write_bytes(packed(LABELLED))
    elif kind == "parquet":
        write_parquet(path)
    elif kind == "idx":
        path.write_bytes(idx(images))
    elif kind == "csv":
        write_table(path, images, ["0", "1"])
    elif kind == "zip":
        import shutil

        shutil.make_archive(str(tmp_path / "x"), "zip", class_folder)
        (tmp_path / "x.zip").rename(path)
    else:
        with path.open("wb") as file:
            np.save(file, images) if kind == "npy" else np.savez(file, images=images)
    assert len(prepare(path).images) >= 2


def test_a_data_set_of_the_hub_that_was_saved_is_read(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="the extra hf is not installed: it is large")
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog"])})
    rows = {"image": [{"bytes": data} for data in LABELLED.values()], "label": [0, 0, 0, 1, 1, 1]}
    made = datasets.Dataset.from_dict(rows, features=features)
    made.save_to_disk(tmp_path / "one")
    datasets.DatasetDict({"train": made, "test": made.select([0, 3])}).save_to_disk(tmp_path / "parts")
    assert is_labelled(prepare(f"hf:{tmp_path}/one"))
    assert is_labelled(prepare(tmp_path / "one"))
    assert is_labelled(prepare(tmp_path / "parts"))
    assert is_labelled(prepare(f"hf:{tmp_path}/parts:train:image"))
    assert len(prepare(f"hf:{tmp_path}/parts:test").images) == 2
    for text, message in ((":dev", "no split 'dev'.* train, test"), (":train:picture", "no column 'picture'")):
        with pytest.raises(DataError, match=message):
            prepare(f"hf:{tmp_path}/parts{text}")


def test_what_an_extra_is_needed_for_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    write_parquet(tmp_path / "x.parquet")
    (tmp_path / "x.tar.zst").write_bytes(zstandard.ZstdCompressor().compress(packed(LABELLED)))
    for module in ("pyarrow", "pyarrow.parquet", "zstandard", "datasets"):
        monkeypatch.setitem(sys.modules, module, None)
    for data in (tmp_path / "x.parquet", tmp_path / "x.tar.zst", "hf:some/name"):
        with pytest.raises(DataError, match=r"pip install 'faussaire\["):
            prepare(data)


def test_finding_data_opens_none_of_it(tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(packed(LABELLED))
    first = locate(tmp_path / "x.tar")
    assert (first.name, first.signature) == ("x", locate(tmp_path / "x.tar").signature)


@pytest.mark.parametrize("column", ["caption", "embedding"])
def test_parquet_beside_images_may_be_captions(class_folder: Path, column: str) -> None:
    cells = ["a cat", "a dog"] if column == "caption" else [b"\1\2\3", b"\4\5\6"]
    pyarrow.parquet.write_table(pyarrow.table({"file_name": ["a", "b"], column: cells}), class_folder / "train.parquet")
    dataset = prepare(class_folder)
    assert dataset.inventory.class_counts == {"2": 3, "10": 3, "cat": 3}
    assert any("archives and arrays in it are not read: 1 (first: train.parquet)" in n for n in dataset.inventory.notes)


def test_parquet_of_images_is_read_though_a_picture_lies_beside(tmp_path: Path) -> None:
    (tmp_path / "preview.png").write_bytes(png(9))
    table = pyarrow.table({"image": [png(1), png(2), png(3)]})
    pyarrow.parquet.write_table(table, tmp_path / "train.parquet")
    assert len(prepare(tmp_path).images) == 3
