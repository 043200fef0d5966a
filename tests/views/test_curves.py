"""What people look at: grids, latents, films, curves, the console and the contact sheet."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from rich.console import Console

from faussaire.api import train
from faussaire.data import prepare
from faussaire.modalities import modality
from faussaire.modalities.pictures import write_film
from faussaire.runs.folder import RunFolder
from faussaire.training.sizing import default_speed
from faussaire.views.console import TrainingView, gauge
from faussaire.views.curves import refresh
from faussaire.views.inspection import contact_sheet, inspect_data
from faussaire.views.numbers import clock

IMAGE = modality("image")
STATS = {
    "loss_D": 0.5,
    "loss_G": 1.25,
    "loss_D_half": 0.01,
    "loss_G_half": None,
    "accuracy_real": 0.75,
    "accuracy_fake": 0.5,
    "diversity": 0.9,
    "n": 640,
    "progress": 0.25,
    "seconds": 15.0,
    "seconds_left": 45.0,
    "nimg_per_second": 1234.5,
    "verdict": "learning",
    "verdict_text": "learning: D is right 62% of the time (50 % is chance)",
}


def test_bytes_go_to_floats_and_back() -> None:
    images = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
    floats = torch.from_numpy(images).float() / 127.5 - 1
    assert np.array_equal(IMAGE.to_array(floats), images.transpose(0, 2, 3, 1))


@pytest.mark.parametrize("channels", [1, 3])
def test_latents_are_drawn_beside_what_they_became(tmp_path: Path, channels: int) -> None:
    z = torch.zeros(4, 10)
    z[:, 0] = 2.5
    IMAGE.write_latents(tmp_path / "noise.png", z, torch.ones(4, channels, 28, 28))
    picture = np.asarray(Image.open(tmp_path / "noise.png").convert("L"))
    assert picture.shape == (4 * 58 + 2, 112 + 4)
    assert (picture[2 + 5, 2 + 5], picture[2 + 30, 2 + 30], picture[2 + 5, 2 + 60]) == (255, 128, 255)


def test_a_film_has_a_frame_for_each_picture(tmp_path: Path) -> None:
    frames = []
    for shade in (0, 100, 200):
        frames.append(tmp_path / f"{shade}.png")
        Image.new("L", (8, 8), shade).save(frames[-1])
    write_film(tmp_path / "film.gif", frames)
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames == 3


def test_a_strangers_run_puts_no_picture_of_another_folder_into_its_film(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.samples.mkdir(parents=True)
    for path in (tmp_path / "secret.png", run.samples / "1.png"):
        Image.new("L", (8, 8)).save(path)
    for name in ("samples/1.png", "../secret.png", str(tmp_path / "secret.png")):
        run.emit("samples", nimg=0, path=name)
    refresh(run)
    with Image.open(run.path / "progress.gif") as film:
        assert film.n_frames == 1


def test_curves_show_a_run_whose_loss_was_not_finite(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.emit("stats", nimg=64, **STATS)
    run.emit("stats", nimg=128, **{**STATS, "loss_D": None})
    refresh(run)
    with Image.open(tmp_path / "curves.png") as curves:
        assert curves.size[0] > 800


def shown(width: int, *, terminal: bool) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=terminal, color_system=None)
    run = RunFolder(Path("unused"))
    view = TrainingView(run, title="faussaire: mnist, 10,000 grey images of 28x28, hybrid, 2 minutes", console=console)
    view._stats, view._verdict, view._nimg = STATS, ("learning", STATS["verdict_text"]), 12_800
    console.print(view.display() if terminal else view.line(), soft_wrap=not terminal)
    return out.getvalue()


def test_the_display_fits_a_terminal_of_80_columns_and_shows_all_figures() -> None:
    text = shown(80, terminal=True)
    assert max(len(line) for line in text.splitlines()) <= 80
    for figure in ("25%", "0:45 left", "12.8 thousand", "1,234", "chance", "62%"):
        assert figure in text
    for with_interval in ("75% [72, 78]", "50% [46, 54]", "of 640 each, 95%", "0.500 ± 0.010", "of G 1.250 "):
        assert with_interval in text


def test_a_log_gets_one_plain_line() -> None:
    text = shown(80, terminal=False)
    assert len(text.splitlines()) == 1
    assert "\x1b" not in text
    for figure in ("25%", "0:45 left", "75% [72, 78]", "n=640", "0.500 ± 0.010", "1.250", "learning"):
        assert figure in text


def test_the_gauge_marks_one_half() -> None:
    assert gauge(0.25, 8).plain == "██··┃···"
    assert gauge(1.0, 8).plain == "████┃███"


@pytest.mark.parametrize(("seconds", "text"), [(7, "0:07"), (754, "12:34"), (11045, "3:04:05"), (-1, "0:00")])
def test_durations_are_written_as_clocks(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_a_run_without_a_terminal_prints_no_control_characters(
    tmp_path: Path, images_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(images_folder, run=tmp_path / "run", kimg=0.1, architecture="dense", batch_size=10)
    assert "\x1b" not in capsys.readouterr().err


def test_the_contact_sheet_shows_twenty_images_with_their_classes() -> None:
    sheet = contact_sheet(prepare("fashion-mnist"))
    assert sheet.size == (5 * 86 + 2, 4 * (84 + 16 + 2) + 2)


def test_inspect_tells_of_each_odd_file_what_became_of_it(tmp_path: Path) -> None:
    for shade in range(3):
        Image.new("RGB", (30, 20), (shade, 0, 0)).save(tmp_path / f"{shade}.png")
    Image.new("CMYK", (20, 20)).save(tmp_path / "print.jpg")
    (tmp_path / "empty.png").write_bytes(b"")
    out = io.StringIO()
    console = Console(file=out, width=80)
    inspect_data(
        str(tmp_path),
        console,
        resolution=None,
        channels=None,
        classes=[],
        measure_speed=default_speed,
        out=tmp_path / "sheets" / "sheet.png",
    )
    text = out.getvalue()
    assert "4 kept, 1 left out" in text
    assert "empty.png: empty file" in text
    assert "print.jpg: " in text
    assert "30x20 (3)" in text
    folder = tmp_path / "sheets"
    assert (folder / "sheet.png").is_file()
    page = next(folder.glob("*-inspection.html")).read_text()
    for told in ("empty file", "30x20", "CMYK", "images/s here", "data:image/png;base64,", "wide, up to 3:2"):
        assert told in page
    assert "http" not in page.replace("http-equiv", "")
    assert next(folder.glob("*-rejected.csv")).read_text() == "file,reason\nempty.png,empty file\n"


def test_the_page_of_an_inspection_escapes_what_a_stranger_named(tmp_path: Path) -> None:
    for name in ("<script>", "b&b"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for shade in range(2):
            Image.new("L", (20, 20), shade).save(tmp_path / "set" / name / f"{shade}.png")
        (tmp_path / "set" / name / "<b>.png").write_bytes(b"")
    inspect_data(
        str(tmp_path / "set"), Console(file=io.StringIO()), measure_speed=default_speed, out=tmp_path / "sheet.png"
    )
    page = (tmp_path / "set-inspection.html").read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<b>" not in page
