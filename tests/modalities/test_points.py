"""A second modality, whole: points in the plane, from a file to a page, by its own file alone (kinds/points.py)."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

import faussaire
from faussaire.cli.main import run as command
from faussaire.core.errors import ConfigError
from faussaire.data import prepare
from faussaire.evaluation.evaluate import evaluate
from faussaire.generation.generator import Generator
from faussaire.modalities import modalities, of_array, of_files
from faussaire.runs.folder import RunFolder
from toy import eight_gaussians
from web_client import SHOWN, client_of

SOURCE = Path(faussaire.__file__).parent


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A .npy of the eight Gaussians."""
    path = tmp_path_factory.mktemp("points") / "ring.npy"
    np.save(path, eight_gaussians())
    return path


@pytest.fixture(scope="module")
def run(points: Path) -> Path:
    """A run on them, interrupted by its length and gone on with."""
    folder = points.parent / "run"
    settings = {"architecture": "dense", "z_dim": 8, "batch_size": 64, "lr": 2e-3, "threads": 1, "penalty_every": 2}
    for kimg in (2, 12):
        faussaire.train(points, run=folder, kimg=kimg, console=Console(file=io.StringIO()), **settings)
    return folder


def test_points_are_prepared_as_they_are(points: Path) -> None:
    dataset = prepare(points)
    assert (dataset.spec.modality, dataset.spec.shape, dataset.images.dtype) == ("points", (2,), np.float32)
    assert len(dataset.images) + len(dataset.held_out) == 2000
    found = np.concatenate([dataset.images[:], dataset.held_out[:]])
    assert {row.tobytes() for row in found} == {row.tobytes() for row in eight_gaussians()}


def test_points_that_are_of_no_use_are_left_out_and_told(tmp_path: Path) -> None:
    far = eight_gaussians(300).copy()
    far[7] = 3
    np.save(tmp_path / "far.npy", far)
    (record,) = prepare(tmp_path / "far.npy").inventory.rejected
    assert (record.name, record.note) == ("far.npy[7]", "outside of [-1, 1]")


def test_a_run_goes_on_and_finds_the_modes(run: Path) -> None:
    kinds = [event.kind for event in RunFolder(run).history()]
    assert kinds.count("done") == 2
    assert "score" in kinds
    samples = Generator.load(run).sample(500, seed=1)
    assert (samples.shape, samples.dtype) == ((500, 2), np.float32)
    assert 0.5 < np.linalg.norm(samples, axis=1).mean() < 0.9
    with Image.open(run / "reals.png") as picture:
        assert picture.size == (200, 200)
    assert (run / "progress.gif").stat().st_size > 0


def test_points_are_generated_as_files_of_their_own_kind(run: Path, tmp_path: Path) -> None:
    assert command(["generate", str(run), "-n", "3", "--out", f"{tmp_path}/some/"]) == 0
    files = sorted((tmp_path / "some").iterdir())
    assert [path.suffix for path in files] == [".txt"] * 3
    assert command(["generate", str(run), "-n", "3", "--out", str(tmp_path / "some.npy")]) == 0
    array = np.load(tmp_path / "some.npy")
    assert (array.shape, array.dtype) == ((3, 2), np.float32)
    np.testing.assert_allclose([np.loadtxt(path) for path in files], array, rtol=1e-6)
    assert command(["generate", str(run), "-n", "3", "--out", str(tmp_path / "cloud.png")]) == 0
    with Image.open(tmp_path / "cloud.png") as picture:
        assert picture.size == (200, 200)


def test_points_are_evaluated_by_their_values(run: Path) -> None:
    found = evaluate(RunFolder(run))
    assert {score.extractor for score in found.scores} == {"values 1"}
    assert {score.metric for score in found.scores} >= {"frechet", "precision", "recall"}
    assert found.copies is not None
    assert found.pairs is not None
    assert found.pairs[0].shape[1:] == (2,)


def test_points_are_inspected_and_reported(points: Path, run: Path, tmp_path: Path) -> None:
    assert command(["inspect", str(points), "--out", f"{tmp_path}/"]) == 0
    (page,) = tmp_path.glob("*.html")
    assert "points of the plane" in page.read_text()
    assert command(["evaluate", str(run)]) == 0
    assert "data:image/png" in (run / "report.html").read_text()


@pytest.mark.parametrize(("address", "kind"), [*SHOWN, ("/api/generate?n=2&seed=3&format=json", "application/json")])
def test_the_page_shows_points(run: Path, address: str, kind: str) -> None:
    answer = client_of(run).get(address)
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, kind)


def test_there_is_a_quiz_of_points_by_the_array_beside_their_picture(run: Path) -> None:
    assert np.load(run / "reals.npy").shape == (64, 2)
    assert client_of(run).post("/api/quiz").status_code == 201


def test_the_folder_is_the_registry_and_images_take_what_no_other_does() -> None:
    assert list(modalities()) == ["audio", "music", "points", "text", "image"]
    assert of_array((5, 2), np.dtype(np.float32)).name == "points"
    assert of_array((5, 28, 28), np.dtype(np.uint8)).name == "image"
    assert of_files(["a.png", "notes.txt"]).name == of_files([]).name == "image"


def test_no_file_but_its_own_and_those_that_say_what_they_take_names_a_modality() -> None:
    """To add one touches its own file, and those of an architecture and an extractor where it needs its own."""
    own = ("modalities/", "models/architectures/", "evaluation/extractors/")
    names = re.compile(r"""modality *[=!]= *["']|modality\(["']|modality=["']|["']points["']""")
    for path in SOURCE.rglob("*.py"):
        name = path.relative_to(SOURCE).as_posix()
        assert name.startswith(own) or not names.search(path.read_text("utf-8")), name
    assert not [path for path in (SOURCE / "modalities").rglob("*.py") if "points" in path.read_text("utf-8")]


def test_only_images_and_what_takes_them_unpack_channels_height_and_width() -> None:
    own = ("modalities/", "models/", "evaluation/extractors/", "generation/export/page/layers/")
    unpacks = re.compile(r"channels, (height|side|_)|transpose\(0, [23]|import PIL|ImageColor")
    for path in SOURCE.rglob("*.py"):
        name = path.relative_to(SOURCE).as_posix()
        assert name.startswith(own) or not unpacks.search(path.read_text("utf-8")), name


def test_all_points_are_one_file_of_their_own_kind(run: Path, tmp_path: Path) -> None:
    assert command(["generate", str(run), "-n", "300", "--out", str(tmp_path / "some.txt")]) == 0
    np.testing.assert_allclose(np.loadtxt(tmp_path / "some.txt"), Generator.load(run).sample(300), rtol=1e-6)


def test_what_is_written_as_no_kind_of_file_names_those_that_there_are(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(["generate", str(run), "--out", str(tmp_path / "some.wav")]) == 2
    assert "write a file (all.txt), a picture" in capsys.readouterr().err


def test_the_architecture_is_that_of_the_kind_of_data_where_none_is_named(points: Path, tmp_path: Path) -> None:
    made = faussaire.train(points, run=tmp_path / "run", kimg=0.1, console=Console(file=io.StringIO()))
    assert RunFolder(made.path).record()["config"]["architecture"] == "dense"


def test_a_setting_of_another_kind_of_data_is_refused(points: Path) -> None:
    with pytest.raises(ConfigError, match="--resolution is for another kind of data: ring is points"):
        prepare(points, resolution=32)
