"""Images of more than 8 bits: one range for the whole set, found by all of it."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.given import images_as_given
from data.zoo import encoded
from faussaire.data import Dataset, prepare
from faussaire.data.decode import scan
from faussaire.data.decode.chunks import Chunk
from faussaire.data.store.build import Build
from faussaire.modalities.image import rule

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
