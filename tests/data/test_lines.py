"""Tables of numbers however they are packed, encoded and written: the images are the same."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import itertools
import lzma
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zstandard

from data.given import images_as_given, labels_as_given
from faussaire.core.errors import DataError
from faussaire.data import Dataset, prepare

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 8, 8), np.uint8)
FRACTIONS = np.round(IMAGES / 255, 6)
LABELS = np.arange(40) % 3
NAMES = [f"pixel{i}" for i in range(64)]


def table(mark: str = ",", *, header: bool = True, quote: bool = False, index: bool = False, end: str = "\n") -> str:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=mark, lineterminator=end, quoting=csv.QUOTE_ALL if quote else csv.QUOTE_MINIMAL)
    if header:
        writer.writerow([*([""] if index else []), "label", *NAMES])
    for i, (label, image) in enumerate(zip(LABELS, IMAGES, strict=True)):
        writer.writerow([*([i] if index else []), label, *image.reshape(-1)])
    return file.getvalue()


def saved(values: np.ndarray, **options: object) -> str:
    file = io.StringIO()
    np.savetxt(file, values, **options)  # type: ignore[call-overload]
    return file.getvalue()


def read(path: Path, content: str | bytes) -> Dataset:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    dataset = prepare(path, cache=path.parent / f"cache-{path.name}")
    np.testing.assert_array_equal(
        images_as_given(dataset)[:, 0], IMAGES[[int(r.name.split("[")[1][:-1]) for r in kept(dataset)]]
    )
    return dataset


def kept(dataset: Dataset) -> list[object]:
    return list(dataset.inventory.kept)


def is_labelled(dataset: Dataset) -> bool:
    return dataset.spec.classes == ("0", "1", "2") and labels_as_given(dataset) == LABELS.tolist()


@pytest.mark.parametrize(
    ("mark", "options"),
    [
        *itertools.product(",;\t|", [{}, {"quote": True}, {"header": False}, {"index": True}, {"end": "\r\n"}]),
        *itertools.product(" ", [{}, {"header": False}, {"end": "\r\n"}]),
    ],
)
def test_a_table_is_read_whatever_stands_between_values(tmp_path: Path, mark: str, options: dict[str, bool]) -> None:
    assert is_labelled(read(tmp_path / "x.csv", table(mark, **options)))  # type: ignore[arg-type]


def zipped(*names: str) -> Callable[[bytes], bytes]:
    def pack(data: bytes) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                archive.writestr(name, data if "test" not in name else b"id,label\n1,2\n")
        return buffer.getvalue()

    return pack


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("x.csv.gz", gzip.compress),
        ("x.csv.bz2", bz2.compress),
        ("x.csv.xz", lzma.compress),
        ("x.csv.zst", zstandard.ZstdCompressor().compress),
        ("x.csv.zip", zipped("x.csv")),
        ("digit-recognizer.zip", zipped("test.csv", "train.csv", "__MACOSX/._train.csv")),
        ("x", gzip.compress),
    ],
)
def test_a_packed_table_is_read(tmp_path: Path, name: str, pack: Callable[[bytes], bytes]) -> None:
    assert is_labelled(read(tmp_path / name, pack(table().encode())))


def test_what_comes_before_the_damage_of_a_packed_table_is_used(tmp_path: Path) -> None:
    data = gzip.compress(table().encode())
    dataset = read(tmp_path / "x.csv.gz", data[: len(data) // 2])
    assert 10 < len(dataset.images) < 30
    assert any(note.startswith("damaged after ") for note in dataset.inventory.notes)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_table_is_read_in_the_encodings_of_spreadsheets(tmp_path: Path, encoding: str) -> None:
    assert is_labelled(read(tmp_path / "x.csv", table(";").encode(encoding)))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"delimiter": ","},
        {"fmt": "%d"},
        {"fmt": "%5d", "delimiter": ""},
        {"fmt": "%d", "delimiter": "\t"},
        {"fmt": "%d", "header": "made by numpy\n8x8 pixels, 40 rows", "footer": "the end"},
        {"fmt": "%d", "delimiter": ", "},
        {"fmt": "%d", "newline": ",\n", "delimiter": ","},
    ],
)
def test_what_savetxt_writes_is_read(tmp_path: Path, options: dict[str, str]) -> None:
    assert read(tmp_path / "x.txt", saved(IMAGES.reshape(40, 64), **options)).labels is None


def test_names_of_columns_in_a_comment_above_the_data_are_used(tmp_path: Path) -> None:
    rows = np.concatenate([LABELS[:, None], IMAGES.reshape(40, 64)], axis=1)
    text = saved(rows, fmt="%d", delimiter=",", header="2026\n" + ",".join(["label", *NAMES]))
    assert is_labelled(read(tmp_path / "x.csv", text))


@pytest.mark.parametrize("mark", [";", "\t", " "])
def test_a_comma_may_be_the_decimal_point(tmp_path: Path, mark: str) -> None:
    text = saved(FRACTIONS.reshape(40, 64), fmt="%.6f", delimiter=mark).replace(".", ",")
    read(tmp_path / "x.csv", text)


@pytest.mark.parametrize(("bottom", "top"), [(0, 1), (-1, 1), (0, 255)])
def test_fractions_span_black_to_white(tmp_path: Path, bottom: int, top: int) -> None:
    values = FRACTIONS * (top - bottom) + bottom
    dataset = read(tmp_path / "x.csv", saved(values.reshape(40, 64), fmt="%.7g", delimiter=","))
    assert any(f"in [{bottom}, {top}] scaled to 8 bits" in note for note in dataset.inventory.notes)


@pytest.mark.parametrize(("early", "last"), [(1, 1), (3, 15), (3, 16), (60, 100), (200, 255), (200, 1023), (900, 4095)])
def test_the_last_row_counts_as_much_as_the_first(tmp_path: Path, early: int, last: int) -> None:
    values = IMAGES.astype(int) * early // 255
    values[-1] = IMAGES[-1].astype(int) * last // 255
    values[-1, 0, 0] = last
    (tmp_path / "x.csv").write_text(saved(values.reshape(40, 64), fmt="%d", delimiter=","))
    dataset = prepare(tmp_path / "x.csv")
    np.testing.assert_array_equal(images_as_given(dataset)[:, 0], np.rint(values * 255 / last))
    assert any(f"in [0, {last}]" in note for note in dataset.inventory.notes)


def test_a_corrupt_row_in_the_middle_is_left_out_and_the_others_are_kept(tmp_path: Path) -> None:
    lines = table().encode().splitlines()
    lines[5] = b"\xff\xfe\x00garbage"
    lines[9] = lines[9][:30]
    lines[12] += b",3"
    lines[20] = b",".join([b"1"] * 64 + [b"x"])
    lines[25] = lines[25].rpartition(b",")[0] + b",60000"
    lines[30] = lines[30].rpartition(b",")[0] + b",nan"
    dataset = read(tmp_path / "x.csv", b"\n".join(lines) + b"\n\n\n")
    assert [(r.name, r.note.split(" of ")[0]) for r in dataset.inventory.rejected] == [
        ("x.csv[4]", "a row"),
        ("x.csv[8]", "a row"),
        ("x.csv[11]", "a row"),
        ("x.csv[19]", "a value that is no number"),
        ("x.csv[24]", "values far beyond those"),
        ("x.csv[29]", "a value that is no number"),
    ]


@pytest.mark.parametrize("header", [True, False])
def test_thousands_of_columns_are_read(tmp_path: Path, header: bool) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 160, 160), np.uint8)
    text = saved(images.reshape(3, -1), fmt="%d", delimiter=",")
    names = ",".join(f"a_rather_long_name_of_pixel_{i}" for i in range(160 * 160)) + "\n"
    (tmp_path / "x.data").write_text(names + text if header else text)
    np.testing.assert_array_equal(images_as_given(prepare(tmp_path / "x.data", resolution=160))[:, 0], images)


@pytest.mark.parametrize("name", ["x.csv", "x.txt", "x"])
@pytest.mark.parametrize("mark", [",", " ", ";"])
def test_a_table_that_is_none_of_images_is_refused_in_one_short_line(tmp_path: Path, name: str, mark: str) -> None:
    (tmp_path / name).write_text(saved(np.random.default_rng(0).random((30, 5000)), delimiter=mark))
    began = time.monotonic()
    with pytest.raises(DataError, match="is not a table of pixels: a row for each image") as caught:
        prepare(tmp_path / name)
    assert len(str(caught.value)) < 500
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("odd", [0, 1, 2, 39])
@pytest.mark.parametrize("labelled", [True, False])
def test_a_row_of_another_length_is_left_out_wherever_it_stands(tmp_path: Path, odd: int, labelled: bool) -> None:
    lines = table(header=False).splitlines() if labelled else saved(IMAGES.reshape(40, 64), fmt="%d").splitlines()
    lines[odd] = lines[odd][:100]
    dataset = read(tmp_path / "x.csv", "\n".join(lines))
    assert [record.name for record in dataset.inventory.rejected] == [f"x.csv[{odd}]"]
