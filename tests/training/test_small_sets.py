"""Sets of a few images, or of images that are all alike: trained on where that is possible, and measured as far."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

import faussaire.evaluation.evaluate as evaluation
from faussaire import prepare, train
from faussaire.cli.main import run as command
from faussaire.core.errors import DataError, ExtractorError
from faussaire.evaluation.evaluate import evaluate
from faussaire.generation.generator import Generator
from faussaire.runs.folder import RunFolder
from faussaire.views.words import Words
from toy import IMAGE


def noise(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)


def one_colour(count: int) -> np.ndarray:
    return np.full((count, 8, 8, 3), 77, np.uint8)


def one_colour_each(count: int) -> np.ndarray:
    return np.ascontiguousarray(np.broadcast_to(noise(count)[:, :1, :1], (count, 8, 8, 3)))


def one_image(count: int) -> np.ndarray:
    return np.repeat(noise(1), count, axis=0)


@pytest.fixture(autouse=True)
def few_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure by pixels alone, on as few samples as there are protocols for."""
    monkeypatch.setattr(IMAGE, "judged_by", ("pixels-dct",))
    monkeypatch.setattr(evaluation, "DEFAULT_SIZE", 2000)


def trained(folder: Path, images: np.ndarray, labels: np.ndarray | None = None) -> RunFolder:
    """Train one step of the default batch, larger than the set, on images, under their labels where there are any."""
    data = folder / "images.npz"
    np.savez(data, images=images, **({} if labels is None else {"labels": labels}))
    console = Console(file=io.StringIO())
    settings = {"architecture": "dense", "kimg": 0.01, "pictures": 1, "threads": 1}
    return RunFolder(train(data, run=folder / "run", conditional=labels is not None, console=console, **settings))


def unmeasured(run: RunFolder, data: Path | None = None) -> set[str]:
    """Evaluate a run, and return the beginnings of the names of the protocols that are said not to be measured."""
    notes = evaluate(run, data=data).notes
    return {note.split("2000")[0].split(":")[0] for note in notes if "not measured" in note}


@pytest.mark.parametrize(
    ("make", "count", "missing"),
    [
        (noise, 4, {"fd", "pr", "dc", "grid"}),
        (noise, 7, {"fd", "pr", "dc", "grid"}),
        (noise, 8, {"dc"}),
        (noise, 230, set()),
        (one_colour_each, 12, set()),
    ],
)
def test_what_the_images_do_not_allow_to_measure_is_said(
    tmp_path: Path, make: Callable[[int], np.ndarray], count: int, missing: set[str]
) -> None:
    assert unmeasured(trained(tmp_path, make(count))) == missing


@pytest.mark.parametrize(("make", "count", "missing"), [(one_colour, 12, {"div"}), (one_image, 230, {"div"})])
def test_what_images_that_are_all_the_same_do_not_allow_to_measure_is_said(
    tmp_path: Path, make: Callable[[int], np.ndarray], count: int, missing: set[str]
) -> None:
    np.save(tmp_path / "same.npy", make(count))
    assert unmeasured(trained(tmp_path, noise(12)), tmp_path / "same.npy") == missing


@pytest.mark.parametrize(("make", "count"), [(one_colour, 2), (one_colour, 300), (one_image, 30)])
def test_images_that_are_all_the_same_are_refused_in_one_line_and_inspection_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], make: Callable[[int], np.ndarray], count: int
) -> None:
    np.save(tmp_path / "same.npy", make(count))
    assert command(["train", str(tmp_path / "same.npy"), "--run", str(tmp_path / "run"), "--kimg", "0.1"]) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert f"the {count} images of same are all the same: there is nothing to learn" in said
    assert not (tmp_path / "run").exists()
    notes = prepare(tmp_path / "same.npy").inventory.notes
    assert "all images are the same: there is nothing to learn from them" in notes


def test_two_images_are_trained_on_and_refused_as_a_measure_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = trained(tmp_path, noise(2))
    with pytest.raises(DataError, match=r"nothing can be measured by these 2 images .* name others by --data"):
        evaluate(run)
    assert command(["evaluate", str(run.path)]) == 2
    assert "\n" not in capsys.readouterr().err.strip()


def test_a_single_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="at least 2 are needed"):
        trained(tmp_path, noise(1))


def test_three_images_that_are_alike_are_no_measure(tmp_path: Path) -> None:
    np.save(tmp_path / "same.npy", one_colour(3))
    run = trained(tmp_path, noise(12))
    with pytest.raises(DataError, match="nothing can be measured by these 3 images"):
        evaluate(run, data=tmp_path / "same.npy")


def test_a_report_is_written_though_most_is_not_measured(tmp_path: Path) -> None:
    run = trained(tmp_path, noise(7), np.array([0, 1, 1, 2, 2, 2, 2]))
    assert unmeasured(run) == {"fd", "pr", "dc", "grid", "classes"}
    assert command(["evaluate", str(run.path)]) == 0
    assert "not measured" in (run.path / "report.html").read_text(encoding="utf-8")


def test_classes_that_were_asked_for_and_cannot_be_measured_are_an_error(tmp_path: Path) -> None:
    run = trained(tmp_path, noise(7), np.array([0, 1, 1, 2, 2, 2, 2]))
    with pytest.raises(ExtractorError, match="labels-cnn needs 20 images"):
        evaluate(run, protocols=["classes2000-labels-cnn"])


def test_too_few_held_out_images_leave_a_training_without_scores(tmp_path: Path) -> None:
    np.save(tmp_path / "many.npy", noise(300))
    many = prepare(tmp_path / "many.npy")
    five = np.concatenate([many.images[:], many.held_out[:5]]).transpose(0, 2, 3, 1)  # a side is the image's own
    run = trained(tmp_path, five)
    assert "held out: 5 images" in str(prepare(tmp_path / "images.npz").inventory.notes)
    kinds = [event.kind for event in run.events()]
    assert kinds[-1] == "done"
    assert "score" not in kinds


def test_copies_are_looked_for_in_a_set_of_sixty_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = trained(tmp_path, noise(60))
    honest = evaluate(run, protocols=["fd2000-pixels-dct"])
    assert honest.copies is not None
    assert (honest.copies.num_held_out, honest.copies.is_copier) == (6, False)
    known = IMAGE.to_real(prepare(tmp_path / "images.npz").images)

    def copy(generator: Generator, z: torch.Tensor, *_: object) -> torch.Tensor:
        return known[(z[:, 0].abs() * 1e6).long() % len(known)]

    monkeypatch.setattr(Generator, "__call__", copy)
    copier = evaluate(run, protocols=["fd2000-pixels-dct"])
    assert [verdict.name for verdict in copier.verdicts] == ["copier"]
    assert copier.copies is not None
    assert copier.copies.as_near == 1.0


def test_what_is_trained_on_is_titled_by_the_number_that_was_brought(tmp_path: Path) -> None:
    said = io.StringIO()
    np.save(tmp_path / "cats.npy", noise(60))
    settings = {"architecture": "dense", "epochs": 1, "batch_size": 54, "pictures": 1, "threads": 1}
    train(tmp_path / "cats.npy", run=tmp_path / "run", console=Console(file=said, width=200), **settings)
    title = next(line for line in said.getvalue().splitlines() if line.startswith("faussaire: "))
    assert title == "faussaire: cats, 60 colour images of 8x8, 6 held out, dense, 1 epoch"
    french = "cats, 60 images en couleur de 8 × 8, 6 mises de côté, dense, 1 passage sur les données"
    assert re.sub("[   ]", " ", Words("fr").said(title)).endswith(french)


@pytest.mark.parametrize(
    ("count", "english", "french"),
    [
        (40, "all 40 are learnt from, .* none is held out", "les 40 servent toutes .* aucune n’est mise de côté"),
        (60, "of 60, 54 are learnt from, .* 6 are held out", "sur 60, 54 servent .* 6 sont mises de côté"),
        (120, None, ""),
    ],
)
def test_of_few_images_it_is_said_that_they_are_recombined_or_copied_by_the_number_that_was_brought(
    tmp_path: Path, count: int, english: str | None, french: str
) -> None:
    np.save(tmp_path / "images.npy", noise(count))
    told = prepare(tmp_path / "images.npy").few
    assert (told is not None) == (english is not None)
    if told is not None and english is not None:
        assert re.match(f"few images: {english}", told)
        assert re.match(f"peu d’images.: {french}", Words("fr").said(told))


@pytest.mark.parametrize(("lang", "said"), [("en", "few images: of 60, 54 are"), ("fr", "sur 60, 54 servent")])
def test_that_images_are_few_is_printed_when_they_are_inspected_and_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lang: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("images.npy", noise(60))
    for verb in (["inspect"], ["train", "--kimg", "0.01", "--architecture", "dense"]):
        assert command([*verb, "images.npy", "--lang", lang]) == 0
        assert said in " ".join(capsys.readouterr().out.split())
