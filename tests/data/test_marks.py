"""What faussaire wrote is known by its mark, whatever it is called, and is not learnt amid other pictures."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from data.zoo import png
from faussaire.core.errors import DataError
from faussaire.core.marks import FOLDER_MARK, SAMPLE, SHEET, mark_folder, mark_in
from faussaire.data import Dataset, prepare
from faussaire.generation.samples import PICTURES
from faussaire.modalities import modality
from faussaire.modalities.pictures import picture, save, write_film

pytestmark = pytest.mark.usefixtures("in_this_process")

IMAGES = modality("image")


def notes(dataset: Dataset) -> str:
    return "\n".join(dataset.inventory.notes)


def samples(num: int, size: int = 12) -> torch.Tensor:
    return torch.rand(num, 1, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1


def write_samples(folder: Path, num: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for i, sample in enumerate(samples(num)):
        (folder / f"seed0-{i}.png").write_bytes(IMAGES.png(IMAGES.to_array(sample[None])))
    return folder


@pytest.mark.parametrize("suffix", PICTURES)
@pytest.mark.parametrize("kind", [SHEET, SAMPLE])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_every_format_bears_the_mark(tmp_path: Path, suffix: str, kind: str, mode: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    image = Image.fromarray(noise).convert(mode)
    image.save(tmp_path / f"plain{suffix}")
    save(image, tmp_path / f"marked{suffix}", kind=kind)
    assert mark_in((tmp_path / f"plain{suffix}").read_bytes()) == ""
    assert mark_in((tmp_path / f"marked{suffix}").read_bytes()) == kind
    with Image.open(tmp_path / f"plain{suffix}") as plain, Image.open(tmp_path / f"marked{suffix}") as marked:
        np.testing.assert_array_equal(np.asarray(plain), np.asarray(marked))


def test_grids_strips_latents_and_films_are_sheets(tmp_path: Path) -> None:
    IMAGES.write_grid(tmp_path / "grid.png", samples(4))
    IMAGES.write_strip(tmp_path / "strip.png", samples(4))
    IMAGES.write_latents(tmp_path / "latents.png", torch.zeros(4, 16), samples(4))
    write_film(tmp_path / "film.gif", [tmp_path / "grid.png"] * 3)
    assert {mark_in(path.read_bytes()) for path in tmp_path.iterdir()} == {SHEET}


def test_a_sheet_is_left_out_whatever_it_is_called(class_folder: Path) -> None:
    before = prepare(class_folder)
    for name in ("cat/a cat.png", "cat/grid.gif", "holiday.jpg", "another.bmp"):
        save(picture(np.zeros((300, 300, 3), np.uint8)), class_folder / name)
    after = prepare(class_folder)
    assert after.fingerprint == before.fingerprint
    assert {record.note for record in after.inventory.rejected} == {"made by faussaire"}
    assert len(after.inventory.rejected) == 4


def test_samples_amid_other_pictures_are_left_out_and_told(class_folder: Path) -> None:
    before = prepare(class_folder)
    write_samples(class_folder / "cat", 5)
    after = prepare(class_folder)
    assert after.fingerprint == before.fingerprint
    assert "samples made by faussaire, left out: 5; to learn from them" in notes(after)
    assert {record.note for record in after.inventory.rejected} == {"made by faussaire"}


@pytest.mark.parametrize("kind", ["folder", "copied", "zip", "list"])
def test_samples_that_are_named_themselves_are_data(tmp_path: Path, kind: str) -> None:
    folder = write_samples(tmp_path / "generated", 6)
    data = folder
    if kind == "copied":
        data = Path(shutil.copytree(folder, tmp_path / "elsewhere" / "a")).parent
    elif kind == "zip":
        data = Path(shutil.make_archive(str(tmp_path / "set"), "zip", folder))
    elif kind == "list":
        data = tmp_path / "list.txt"
        (folder / "mine.png").write_bytes(png(3, 12))
        data.write_text("".join(f"generated/{path.name}\n" for path in sorted(folder.iterdir())))
    dataset = prepare(data)
    assert len(dataset.images) == (7 if kind == "list" else 6)
    assert dataset.spec.shape == (1, 12, 12)


def test_samples_and_real_images_named_together_are_one_set(tmp_path: Path, class_folder: Path) -> None:
    generated = write_samples(tmp_path / "generated", 4)
    write_samples(class_folder / "cat", 2)
    for frames in ("first", "all"):
        dataset = prepare([generated, class_folder], frames=frames)
        assert (len(dataset.images), len(dataset.inventory.rejected)) == (13, 2)


def test_a_marked_folder_below_the_data_is_passed_over_and_told(class_folder: Path, tmp_path: Path) -> None:
    before = prepare(class_folder)
    folder = class_folder / "cat" / "cache"
    folder.mkdir()
    mark_folder(folder)
    (folder / "0.png").write_bytes(png(77))
    after = prepare(class_folder, cache=tmp_path / "cache")
    assert after.fingerprint == before.fingerprint
    assert "folders that faussaire wrote, passed over: 1 (first: cat/cache)" in notes(after)


def test_a_run_and_a_cache_below_the_data_do_not_make_it_stale(class_folder: Path) -> None:
    cache = class_folder / "cache"
    prepare(class_folder, cache=cache)
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("index.json")}
    run = class_folder / "runs" / "classes"
    (run / "samples").mkdir(parents=True)
    for name in ("config.json", "events.jsonl"):
        (run / name).write_text("{}")
    Image.new("L", (8, 8), 77).save(run / "samples" / "000.png")  # as versions before the mark wrote it
    again = prepare(class_folder, cache=cache)
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("index.json")} == before
    assert again.inventory.class_counts == {"2": 3, "10": 3, "cat": 3}


def test_a_folder_that_holds_other_things_is_not_marked(class_folder: Path) -> None:
    mark_folder(class_folder / "cat")
    assert not (class_folder / "cat" / FOLDER_MARK).exists()


def test_sheets_alone_are_refused_with_the_reason(tmp_path: Path) -> None:
    for i in range(3):
        IMAGES.write_grid(tmp_path / f"{i}.png", samples(4))
    with pytest.raises(DataError, match=r"0 usable images found, 3 rejected \(first: 0.png, made by faussaire\)"):
        prepare(tmp_path)


def test_sheets_in_an_archive_are_left_out(tmp_path: Path) -> None:
    IMAGES.write_grid(tmp_path / "grid.png", samples(4))
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for i in range(2):
            archive.writestr(f"{i}/1.png", png(i))
        archive.write(tmp_path / "grid.png", "grid.png")
    dataset = prepare(tmp_path / "set.zip")
    assert (len(dataset.images), dataset.spec.classes) == (2, ("0", "1"))


def test_what_a_film_in_frames_shows_is_left_out(tmp_path: Path) -> None:
    for i in range(2):
        (tmp_path / f"{i}.png").write_bytes(png(i))
    IMAGES.write_grid(tmp_path / "grid.png", samples(4))
    write_film(tmp_path / "film.gif", [tmp_path / "grid.png"] * 3)
    os.remove(tmp_path / "grid.png")
    assert len(prepare(tmp_path, frames="all").images) == 2
