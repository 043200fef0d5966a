"""Images of more than 8 bits: one range for the whole set, found by all of it."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.given import images_as_given
from data.zoo import encoded
from faussaire.data import Dataset, prepare
from faussaire.data.pool import scan
from faussaire.data.pool.chunks import Chunk
from faussaire.data.store.build import Build
from faussaire.modalities.image import depths, rule

pytestmark = pytest.mark.usefixtures("in_this_process")

UNIT = np.random.default_rng(0).random((12, 8, 8))


def write(folder: Path, values: np.ndarray, *, kind: str = "PNG", start: int = 0) -> Path:
    folder.mkdir(exist_ok=True)
    for i, image in enumerate(values, start=start):
        (folder / f"{i:03}.{kind.lower()}").write_bytes(encoded(Image.fromarray(image), kind))
    return folder


def prepared(folder: Path, **settings: object) -> Dataset:
    return prepare(folder, cache=folder.parent / "cache", **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_the_greatest_value_of_the_set_decides_the_bits(tmp_path: Path, kind: str, bits: int) -> None:
    values = np.rint(UNIT * 0.3 * (2**bits - 1)).astype(np.uint16)
    values[-1] = np.rint(UNIT[-1] * (2**bits - 1) * 0.9)
    dataset = prepared(write(tmp_path / "set", values, kind=kind))
    expected = np.rint(values.astype(float) * 255 / (2**bits - 1))
    np.testing.assert_array_equal(images_as_given(dataset)[:, 0], expected)
    said = f"{bits} bits scaled to 8" if bits > 8 else "values from 0 to 255 are those of 8 bits"
    assert f"16-bit images: {said}" in dataset.inventory.notes


@pytest.mark.parametrize("settings", [{}, {"resolution": 8, "fit": "crop"}, {"workers": 2}])
@pytest.mark.usefixtures("hand_over_at_once")
def test_a_bright_image_that_was_not_looked_at_counts_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, object]
) -> None:
    monkeypatch.setattr(rule, "_DEPTHS_LOOKED_AT", 2)
    values = np.rint(UNIT * 250).astype(np.uint16)
    values[[1, 5, 9]] = np.rint(UNIT[[1, 5, 9]] * 4095)
    images = images_as_given(prepared(write(tmp_path / "set", values), **settings))
    np.testing.assert_array_equal(images[:, 0], np.rint(values.astype(float) * 255 / 4095))


def test_images_of_8_and_of_16_bits_lie_side_by_side(tmp_path: Path) -> None:
    write(tmp_path / "set", np.rint(UNIT[:6] * 200).astype(np.uint8))
    deep = np.rint(UNIT[6:] * 1023).astype(np.uint16)
    images = images_as_given(prepared(write(tmp_path / "set", deep, start=6)))[:, 0]
    np.testing.assert_array_equal(images[:6], np.rint(UNIT[:6] * 200))
    np.testing.assert_array_equal(images[6:], np.rint(deep.astype(float) * 255 / 1023))


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 255), (-1, 1), (-3.5, 12.25), (0, 4000.5)])
def test_floating_point_has_one_range_for_all(tmp_path: Path, low: float, high: float) -> None:
    unit = UNIT * np.linspace(0.1, 1, 12)[:, None, None]
    unit[0, 0, 0], unit[-1, 0, 0] = 0, 1
    values = (unit * (high - low) + low).astype(np.float32)
    images = images_as_given(prepared(write(tmp_path / "set", values, kind="TIFF")))[:, 0]
    top = 255 if high != 4000.5 else 4000.5 * 255 / 4095
    np.testing.assert_allclose(images, unit * top, atol=0.51)


def test_one_image_far_beyond_the_others_is_left_out(tmp_path: Path) -> None:
    values = UNIT.astype(np.float32)
    values[:, 0, 0] = 1
    values[3, 3, 3] = 1e20
    dataset = prepared(write(tmp_path / "set", values, kind="TIFF"))
    assert [record.name for record in dataset.inventory.rejected] == ["003.tiff"]
    assert dataset.inventory.rejected[0].note.startswith("values beyond those of the others: from ")
    np.testing.assert_array_equal(images_as_given(dataset)[:, 0], np.rint(np.delete(values, 3, axis=0) * 255))


def test_a_bilevel_image_is_black_and_white(tmp_path: Path) -> None:
    images = images_as_given(prepared(write(tmp_path / "set", UNIT > 0.5)))
    np.testing.assert_array_equal(images[:, 0], (UNIT > 0.5) * 255)


def test_every_page_counts_where_every_page_is_an_image(tmp_path: Path) -> None:
    pages = [
        Image.fromarray(np.rint(image * top).astype(np.uint16))
        for image, top in zip(UNIT, [255] * 11 + [4095], strict=True)
    ]
    for name in "ab":
        pages[0].save(tmp_path / f"{name}.tif", save_all=True, append_images=pages[1:])
    dataset = prepare(tmp_path, frames="all", cache=tmp_path / "cache")
    assert not dataset.inventory.rejected
    assert "16-bit images: 12 bits scaled to 8" in dataset.inventory.notes


def test_a_zip_is_prepared_like_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule, "_DEPTHS_LOOKED_AT", 1)
    folder = write(tmp_path / "set", np.rint(UNIT * np.linspace(200, 4000, 12)[:, None, None]).astype(np.uint16))
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, path.name)
    assert prepared(tmp_path / "set.zip").fingerprint == prepared(folder).fingerprint


def test_an_interrupted_preparation_goes_on_with_the_range_that_it_had_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule, "_DEPTHS_LOOKED_AT", 1)
    monkeypatch.setattr(scan, "_CHUNK_FIRST", 1)
    folder = write(tmp_path / "set", np.rint(UNIT * np.array([4000] + [200] * 11)[:, None, None]).astype(np.uint16))
    whole = prepare(folder, cache=tmp_path / "other", workers=1).fingerprint
    add, added, stops = Build.add, list[int](), [10]

    def stop(build: Build, chunk: Chunk) -> None:
        if build.done in stops:
            stops.clear()
            raise KeyboardInterrupt
        added.append(build.done)
        add(build, chunk)

    monkeypatch.setattr(Build, "add", stop)
    with pytest.raises(KeyboardInterrupt):
        prepared(folder, workers=1)
    added.clear()
    assert prepared(folder, workers=1).fingerprint == whole
    assert added == [10, 11]


def png_of_16_bits(values: np.ndarray) -> bytes:
    """Return `[H, W, bands]` as a PNG, which Pillow cannot write."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width, bands = values.shape
    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[bands], 0, 0, 0)
    lines = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def tiff_of_16_bits(values: np.ndarray, *, order: str = "<", planes: bool = False, packed: bool = False) -> bytes:
    """Return `[H, W, bands]` as a TIFF, which Pillow cannot write."""
    height, width, bands = values.shape
    strips = [one.astype(f"{order}u2").tobytes() for one in (np.moveaxis(values, 2, 0) if planes else values[None])]
    strips = [zlib.compress(strip) for strip in strips] if packed else strips
    starts = (8 + np.cumsum([0, *map(len, strips)])).tolist()
    tags = {256: [width], 257: [height], 258: [16] * bands, 259: [8 if packed else 1], 262: [2], 273: starts[:-1]}
    tags |= {277: [bands], 278: [height], 279: [*map(len, strips)], 284: [2 if planes else 1], 338: [2] * (bands - 3)}
    entries, more, at = b"", b"", starts[-1]
    for tag, numbers in tags.items():
        content = struct.pack(f"{order}{len(numbers)}I", *numbers)
        if len(content) > 4:
            content, more = struct.pack(f"{order}I", at + len(more)), more + content
        entries += struct.pack(f"{order}HHI", tag, 4, len(numbers)) + content.ljust(4, b"\0")
    begin = b"II*\0" if order == "<" else b"MM\0*"
    start, number = struct.pack(f"{order}I", at + len(more)), struct.pack(f"{order}H", len(tags))
    return begin + start + b"".join(strips) + more + number + entries + b"\0\0\0\0"


def two_pages(first: bytes, second: bytes) -> bytes:
    """Return two such TIFFs of little-endian order and of equal size as the pages of one."""
    moved, at = bytearray(second), struct.unpack_from("<I", second, 4)[0]
    for entry in range(at + 2, at + 2 + 12 * struct.unpack_from("<H", second, at)[0], 12):
        tag, _, num, value = struct.unpack_from("<HHII", second, entry)
        if num > 1 or tag == 273:  # what lies elsewhere in the file
            struct.pack_into("<I", moved, entry + 8, value + len(first))
    whole = bytearray(first + moved)
    struct.pack_into("<I", whole, len(first) - 4, len(first) + at)
    return bytes(whole)


def write_bytes(folder: Path, contents: list[bytes], suffix: str, *, start: int = 0) -> Path:
    folder.mkdir(exist_ok=True)
    for i, content in enumerate(contents, start=start):
        (folder / f"{i:03}.{suffix}").write_bytes(content)
    return folder


@pytest.mark.parametrize("kind", ["png", "tif", "tif >", "tif packed", "tif > packed"])
@pytest.mark.parametrize("bits", [8, 12])
@pytest.mark.parametrize("bands", [3, 4])
def test_colour_of_16_bits_has_the_range_of_the_set(tmp_path: Path, kind: str, bits: int, bands: int) -> None:
    top = 2**bits - 1
    values = np.random.default_rng(0).integers(0, top + 1, (6, 9, 8, bands)) // 3
    values[-1] *= 3
    values[0, 0, 0], values[1, 0, 0], values[..., 3:] = 0, top, 65535
    contents = [
        png_of_16_bits(image)
        if kind == "png"
        else tiff_of_16_bits(image, order=">" if ">" in kind else "<", packed="packed" in kind)
        for image in values
    ]
    dataset = prepared(write_bytes(tmp_path / "set", contents, kind[:3]), resolution=8, fit="crop")
    expected = np.rint(values[:, :8, :, :3] * 255 / top).transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(images_as_given(dataset), expected)
    said = f"{bits} bits scaled to 8" if bits > 8 else "values from 0 to 255 are those of 8 bits"
    assert f"16-bit images: {said}" in dataset.inventory.notes


@pytest.mark.parametrize("top", [4095, 65535])
def test_alpha_of_16_bits_has_a_range_of_its_own(tmp_path: Path, top: int) -> None:
    values = np.random.default_rng(0).integers(0, 1024, (6, 8, 8, 2))
    values[..., 1] = np.where(values[..., 1] > 511, top, 0)
    values[0, 0, 0, 0] = 1023
    dataset = prepared(write_bytes(tmp_path / "set", [*map(png_of_16_bits, values)], "png"))
    grey = np.where(values[..., 1] > 0, np.rint(values[..., 0] * 255 / 1023), 255)  # over white
    np.testing.assert_array_equal(images_as_given(dataset)[:, 0], grey)


def test_grey_and_colour_of_16_bits_have_one_range(tmp_path: Path) -> None:
    values = np.rint(UNIT[..., None] * 1000).astype(int)
    values[-1, 0, 0] = 4095
    contents = [
        png_of_16_bits(np.repeat(image, bands, axis=2)) for image, bands in zip(values, [1, 3] * 6, strict=True)
    ]
    dataset = prepared(write_bytes(tmp_path / "set", contents, "png"))
    np.testing.assert_array_equal(images_as_given(dataset)[:, 0], np.rint(values[..., 0] * 255 / 4095))


@pytest.mark.usefixtures("hand_over_at_once")
def test_a_bright_image_in_colour_that_was_not_looked_at_counts_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule, "_DEPTHS_LOOKED_AT", 2)
    values = np.random.default_rng(0).integers(0, 200, (12, 8, 8, 3))
    values[[1, 5, 9]] *= 20
    dataset = prepared(write_bytes(tmp_path / "set", [*map(png_of_16_bits, values)], "png"))
    expected = np.rint(values * 255 / 4095).transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(images_as_given(dataset), expected)


@pytest.mark.parametrize("packed", [False, True])
def test_16_bit_colour_in_planes_is_left_out_rather_than_read_wrong(tmp_path: Path, packed: bool) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (4, 8, 8, 3))
    folder = write_bytes(tmp_path / "set", [*map(png_of_16_bits, values)], "png")
    write_bytes(folder, [tiff_of_16_bits(image, planes=True, packed=packed) for image in values], "tif")
    rejected = prepared(folder).inventory.rejected
    assert [record.note for record in rejected] == [
        "16-bit colour laid out as planes, which is not read: save it as PNG"
    ] * 4


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
@pytest.mark.parametrize("levels", [2, 17])
@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 3)])
def test_masks_of_a_few_levels_are_as_bright_as_in_an_array(
    tmp_path: Path, kind: str, levels: int, shape: tuple[int, ...]
) -> None:
    values = np.random.default_rng(0).integers(0, levels, (12, *shape)).astype(np.uint8)
    values[3] = 0  # a mask of nothing
    dataset = prepared(write(tmp_path / "set", values, kind=kind))
    np.save(tmp_path / "set.npy", values)
    np.testing.assert_array_equal(images_as_given(dataset), images_as_given(prepared(tmp_path / "set.npy")))
    assert dataset.images[:].max() == 255
    assert f"8-bit images: values from 0 to {levels - 1} stretched to 8 bits" in dataset.inventory.notes


@pytest.mark.parametrize("brightest", [18, 40, 255])
@pytest.mark.usefixtures("hand_over_at_once")
def test_one_picture_beyond_a_few_levels_leaves_all_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, brightest: int
) -> None:
    monkeypatch.setattr(rule, "_DEPTHS_LOOKED_AT", 4)
    values = np.random.default_rng(0).integers(0, 15, (12, 8, 8)).astype(np.uint8)
    values[[2, 5, 8], 3, 3] = brightest
    dataset = prepared(write(tmp_path / "set", values))
    np.testing.assert_array_equal(images_as_given(dataset)[:, 0], values)
    assert not any("8-bit images" in note for note in dataset.inventory.notes)


def test_maps_of_classes_that_count_from_1_are_scaled_as_well(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(1, 4, (12, 8, 8)).astype(np.uint8)
    expected = values.astype(int) * 85
    np.testing.assert_array_equal(images_as_given(prepared(write(tmp_path / "set", values)))[:, 0], expected)
    np.save(tmp_path / "set.npy", values)
    np.testing.assert_array_equal(images_as_given(prepared(tmp_path / "set.npy"))[:, 0], expected)


def test_dark_shapes_on_transparency_are_no_masks(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 10, (12, 8, 8, 4)).astype(np.uint8)
    values[..., 3] = np.where(values[..., 3] > 4, 255, 0)
    dataset = prepared(write(tmp_path / "set", values), channels=4)
    shown = values.transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(images_as_given(dataset), shown)


def test_black_images_stay_black(tmp_path: Path) -> None:
    values = np.zeros((4, 8, 8), np.uint8)
    values[0] = 12
    assert prepared(write(tmp_path / "set", values), duplicates="keep").images[:].max() == 12


def test_images_that_will_be_rejected_for_their_size_are_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(depths, "MAX_PIXELS", 63)
    colour = png_of_16_bits(np.zeros((8, 8, 3), int))
    grey = encoded(Image.fromarray(np.eye(8, dtype=np.uint8)), "PNG")
    assert depths.extents_of(colour, ("PNG",), None) == []
    assert depths.levels_of(grey, ("PNG",), None) == []


def test_every_page_of_colour_counts_where_every_page_is_an_image(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 4096, (6, 2, 8, 8, 3))
    values[:, 0] //= 20
    values[0, 1, 0, 0] = 4095
    pages = [[tiff_of_16_bits(page) for page in pair] for pair in values]
    dataset = prepare(
        write_bytes(tmp_path / "set", [two_pages(*pair) for pair in pages], "tif"),
        frames="all",
        cache=tmp_path / "cache",
    )
    expected = np.rint(values.reshape(12, 8, 8, 3) * 255 / 4095).transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(images_as_given(dataset), expected)
