"""What `--out` may be, and that nothing half written is ever left there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from faussaire.cli.main import run as command
from faussaire.core.errors import CheckpointError, ConfigError
from faussaire.core.files import write_atomically
from faussaire.generation.generator import Generator
from faussaire.generation.samples import kind_of, write_samples
from toy import files_of_at_most, image_spec


@pytest.fixture
def generator() -> Generator:
    """Return one of 8x8 colour images, at random."""
    return generator_of(3)


def generator_of(channels: int) -> Generator:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(4, channels * 64), nn.Tanh(), nn.Unflatten(1, (channels, 8, 8)))
    return Generator(network, image_spec(8, channels), z_dim=4, name="noise", nimg=0)


def write(generator: Generator, out: str | Path, n: int = 5) -> None:
    write_samples(generator, out, n=n, seed=0, truncation=1.0)


@pytest.mark.parametrize("name", ["grid.png", "grid.PNG", "x.jpg", "x.JPEG", "x.webp", "x.gif", "x.bmp", "x.tif"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_pictures_suffix_in_any_case_is_one_picture(tmp_path: Path, name: str, channels: int) -> None:
    write(generator_of(channels), tmp_path / name)
    with Image.open(tmp_path / name) as picture:
        assert picture.size == (3 * 58 + 2, 2 * 58 + 2)
        assert picture.convert("RGB").getpixel((0, 0)) == pytest.approx((255, 255, 255), abs=40)  # JPEG blurs
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["results.v2/", "results", "grid.png/", "s.npy/", ".hidden", "a.b/c.d/"])
def test_no_suffix_or_a_slash_at_the_end_is_a_folder(tmp_path: Path, generator: Generator, name: str) -> None:
    write(generator, f"{tmp_path}/{name}")
    assert sorted(path.name for path in (tmp_path / name).iterdir()) == [f"seed0-{i:06}.png" for i in range(5)]


def test_a_folder_that_is_there_keeps_its_other_files(tmp_path: Path, generator: Generator) -> None:
    (tmp_path / "mine.v1").mkdir()
    (tmp_path / "mine.v1" / "letter.txt").write_text("dear")
    write(generator, tmp_path / "mine.v1")
    assert len(list((tmp_path / "mine.v1").iterdir())) == 6


@pytest.mark.parametrize(("out", "way_out"), [("s.csv", r"s\.csv/"), ("results.v2", r"results\.v2/"), ("", "is empty")])
def test_another_suffix_is_refused_with_the_way_to_a_folder(out: str, way_out: str) -> None:
    with pytest.raises(ConfigError, match=way_out):
        kind_of(out)


def test_an_array_is_what_numpy_writes(tmp_path: Path, generator: Generator) -> None:
    write(generator, tmp_path / "s.npy", n=300)
    np.save(tmp_path / "expected.npy", generator.sample(300))
    assert (tmp_path / "s.npy").read_bytes() == (tmp_path / "expected.npy").read_bytes()


@pytest.mark.parametrize("name", ["s.npy", "grid.png", "grid.jpg", "grid.gif", "new/", "old/", "deep/er/s.npy"])
def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(
    tmp_path: Path, generator: Generator, name: str
) -> None:
    old = tmp_path / "old"
    old.mkdir()
    (old / "mine.txt").write_text("mine")
    (old / "seed0-000000.png").write_text("from before")
    with files_of_at_most(100), pytest.raises(CheckpointError, match=r"cannot write .*nothing of it is left"):
        write(generator, f"{tmp_path}/{name}", n=1000)
    left = {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"old/mine.txt": "mine", "old/seed0-000000.png": "from before"}


def test_what_a_full_disk_stops_half_way_through_a_folder_is_taken_back(tmp_path: Path, generator: Generator) -> None:
    class Fills(type(generator.modality)):  # type: ignore[misc]
        def png(self, arrays: np.ndarray) -> bytes:
            if written:
                raise OSError(28, "No space left on device")
            written.append(len(arrays))
            return super().png(arrays)

    written: list[int] = []
    generator.modality = Fills()
    with pytest.raises(CheckpointError, match="No space left"):
        write(generator, tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["s.npy", "grid.png", "each"])
def test_ctrl_c_leaves_nothing_half_written(tmp_path: Path, generator: Generator, name: str) -> None:
    (tmp_path / "s.npy").write_text("from before")

    def interrupted(z: torch.Tensor) -> torch.Tensor:
        if seen:
            raise KeyboardInterrupt
        seen.append(len(z))
        return torch.zeros(len(z), 3, 8, 8)

    seen: list[int] = []
    generator.module.forward = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        write(generator, tmp_path / name, n=600)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("s.npy", "from before")]


@pytest.mark.parametrize("n", [0, -1, 10**15, 2**64])
@pytest.mark.parametrize("name", ["s.npy", "grid.png"])
def test_a_number_that_cannot_be_had_is_refused_before_anything_is_written(
    tmp_path: Path, generator: Generator, n: int, name: str
) -> None:
    with pytest.raises(ConfigError, match=r"1 or more|no room for|holds at most"):
        write(generator, tmp_path / name, n=n)
    assert list(tmp_path.iterdir()) == []


def test_a_grid_that_no_memory_could_hold_is_refused(tmp_path: Path) -> None:
    large = Generator(nn.Identity(), image_spec(1024, 3), z_dim=4, name="large", nimg=0)
    with pytest.raises(ConfigError, match="at most 143 samples of 1024x1024"):
        write(large, tmp_path / "grid.png", n=200)


@pytest.mark.parametrize("out", ["/proc/grid.png", "/proc/new/", "/dev/null/s.npy", "/dev/null"])
def test_a_place_that_cannot_be_written_is_one_line(generator: Generator, out: str) -> None:
    with pytest.raises((ConfigError, CheckpointError), match=r"(cannot write|cannot be written).*choose another"):
        write(generator, out)


def test_a_page_that_finds_no_room_leaves_the_old_one_whole(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("old")
    with files_of_at_most(100), pytest.raises(CheckpointError, match=r"report\.html"):
        write_atomically(tmp_path / "report.html", bytes(1000))
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("report.html", "old")]


@pytest.mark.parametrize("out", ["sheets.v2/", "sheet.PNG", "sheet.jpg"])
def test_the_contact_sheet_goes_where_it_is_asked_for(tmp_path: Path, images_folder: Path, out: str) -> None:
    assert command(["inspect", str(images_folder), "--out", f"{tmp_path}/to/{out}"]) == 0
    folder = tmp_path / "to" / ("sheets.v2" if out.endswith("/") else ".")
    assert sorted(path.suffix.lower() for path in folder.iterdir() if path.is_file()) == sorted(
        [".html", Path(out).suffix.lower() if not out.endswith("/") else ".png"]
    )


def test_a_contact_sheet_of_no_picture_is_refused_before_the_data_is_read(
    tmp_path: Path, images_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for out, way_out in (("sheet.npy", "name one (sheet.png)"), ("sheet.html", "sheet.html/")):
        assert command(["inspect", str(images_folder), "--out", str(tmp_path / out)]) == 2
        printed = capsys.readouterr()
        assert way_out in printed.err
        assert printed.out == ""
