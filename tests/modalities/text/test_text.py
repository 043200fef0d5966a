"""Text, whole: from a file to a run, its pages and its figures."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from rich.console import Console

import faussaire
from faussaire.cli.main import run as command
from faussaire.core.config import Config
from faussaire.data import prepare
from faussaire.data.batches import Batches
from faussaire.evaluation.evaluate import evaluate
from faussaire.generation.generator import Generator
from faussaire.modalities import of_spec
from faussaire.runs.checkpoint import fresh_state, load_newest, save_checkpoint
from faussaire.runs.folder import RunFolder
from faussaire.runs.plan import endless
from faussaire.training.trainer import Trainer
from toy import text_spec
from web_client import SHOWN, client_of

SYLLABLES = ("ma", "ri", "jo", "an", "lé", "🇫🇷")
LINES = sorted({a + b + c for a in SYLLABLES for b in SYLLABLES for c in SYLLABLES} | {"ma", "an"})


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 218 lines."""
    path = tmp_path_factory.mktemp("text") / "words.txt"
    path.write_text("\n".join(LINES), "utf-8")
    return path


@pytest.fixture(scope="module")
def run(text: Path) -> Path:
    """A run on it, with no settings but its length, interrupted by that and gone on with."""
    folder = text.parent / "run"
    for kimg in (1, 2):
        faussaire.train(text, run=folder, kimg=kimg, threads=1, console=Console(file=io.StringIO()))
    return folder


def test_lines_are_stored_as_numbers_and_given_as_strings(text: Path) -> None:
    dataset = prepare(text)
    kind = of_spec(dataset.spec)
    assert dataset.spec.shape == (len(dataset.spec.facts["alphabet"]) + 1, 6)
    assert (dataset.images.shape[1:], dataset.images.dtype) == ((6,), np.uint8)
    assert "🇫🇷" in dataset.spec.facts["alphabet"]
    rows = np.concatenate([dataset.images[:], dataset.held_out[:]])
    lines = kind.from_rows(rows)
    assert sorted(lines.tolist()) == LINES
    np.testing.assert_array_equal(kind.to_rows(lines), rows)
    real = kind.to_real(rows)
    assert real.shape == (len(LINES), *dataset.spec.shape)
    assert torch.equal(real.sum(1), torch.ones(len(LINES), 6))
    np.testing.assert_array_equal(kind.to_array(real), lines)


def test_other_letters_make_other_data(tmp_path: Path) -> None:
    """Even where the numbers of the letters are the same."""
    for name, letter in (("a", "a"), ("b", "b")):
        (tmp_path / f"{name}.txt").write_text(f"{letter}\n{letter * 2}\n{letter * 3}\n", "utf-8")
    first, second = prepare(tmp_path / "a.txt"), prepare(tmp_path / "b.txt")
    assert first.fingerprint != second.fingerprint
    np.testing.assert_array_equal(first.images[:], second.images[:])


def test_a_run_takes_the_settings_of_text_and_keeps_them(run: Path) -> None:
    config = RunFolder(run).read_json(run / "config.json")
    assert (config["config"]["architecture"], config["config"]["batch_size"], config["config"]["lr"]) == (
        "text", 128, 3e-3,
    )  # fmt: skip
    kinds = [event.kind for event in RunFolder(run).history()]
    assert kinds.count("done") == 2
    with Image.open(run / "reals.png") as picture:
        assert picture.mode == "L"
    assert (run / "progress.gif").stat().st_size > 0


def test_lines_are_printed_or_written(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["generate", str(run), "-n", "3", "--seed", "5"]) == 0
    printed = capsys.readouterr().out
    assert command(["generate", str(run), "-n", "3", "--seed", "5", "--out", str(tmp_path / "lines.txt")]) == 0
    assert (tmp_path / "lines.txt").read_text("utf-8") == printed
    assert printed.count("\n") == 3
    assert command(["generate", str(run), "-n", "3", "--seed", "5", "--out", f"{tmp_path}/each/"]) == 0
    assert "".join(path.read_text("utf-8") for path in sorted((tmp_path / "each").iterdir())) == printed
    assert command(["generate", str(run), "-n", "3", "--seed", "5", "--out", str(tmp_path / "lines.npy")]) == 0
    assert "".join(f"{line}\n" for line in np.load(tmp_path / "lines.npy").tolist()) == printed


def test_a_line_is_a_function_of_its_latent(run: Path) -> None:
    generator = Generator.load(run)
    z = next(generator.inputs(40, 3))[0]
    alone = torch.cat([generator(one[None]) for one in z])
    assert torch.equal(generator(z), alone)
    assert set(alone.unique().tolist()) == {0.0, 1.0}
    assert len(np.unique(generator.sample(200, seed=1))) > 20


def test_lines_are_evaluated_beside_real_ones_and_a_model(run: Path, text: Path, tmp_path: Path) -> None:
    more = tmp_path / "more.txt"
    more.write_text("\n".join(LINES[::2] + LINES[::3]), "utf-8")
    found = evaluate(RunFolder(run), data=more)
    figures = {score.metric: score.value for score in found.scores}
    assert {f"letters-{n}{suffix}" for n in (1, 2, 3, 4) for suffix in ("", "-floor", "-model")} <= set(figures)
    assert figures["letters-3-floor"] < figures["letters-3"]
    assert 0 < figures["new"] <= 1
    assert found.verdicts[0].name in ("rough", "noise", "collapsed")
    assert all(score.low <= score.value <= score.high for score in found.scores)


@pytest.mark.parametrize(("address", "kind"), SHOWN)
def test_the_pages_show_lines(run: Path, address: str, kind: str) -> None:
    answer = client_of(run).get(address)
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, kind)


def test_the_api_gives_lines_as_strings(run: Path) -> None:
    samples = client_of(run).get("/api/generate?n=2&seed=3&format=json").json()["samples"]
    assert samples == Generator.load(run).sample(2, seed=3).tolist()


def test_there_is_a_quiz_of_lines(run: Path) -> None:
    assert np.load(run / "reals.npy").dtype.kind == "U"
    assert client_of(run).post("/api/quiz").status_code == 201


def test_a_text_is_inspected(text: Path, tmp_path: Path) -> None:
    assert command(["inspect", str(text), "--out", f"{tmp_path}/"]) == 0
    (page,) = tmp_path.glob("*.html")
    assert "lines of up to 6 letters" in page.read_text("utf-8")


def test_a_data_set_of_lines_is_exported(run: Path, tmp_path: Path) -> None:
    assert command(["export", str(run), f"{tmp_path}/made/", "--to", "dataset", "-n", "3", "--seed", "5"]) == 0
    files = sorted((tmp_path / "made").glob("*.txt"))
    made = Generator.load(run).sample(3, seed=5).tolist()
    assert [path.read_text("utf-8") for path in files] == [f"{line}\n" for line in made]


def test_a_game_of_lines_that_is_gone_on_with_is_the_same_game(tmp_path: Path) -> None:
    spec = text_spec(5, 6)
    settings = {"architecture": "text", "batch_size": 16, "lr": 3e-3, "z_dim": 8, "augment": ()}
    config = Config(data=("lines",), kimg=1, minutes=None, **settings)
    rows = np.random.default_rng(0).integers(0, 6, (64, 6), np.uint8)
    batches = Batches(rows, to_real=of_spec(spec).to_real, batch_size=16, seed=0)
    whole, part, again = (fresh_state(config, spec) for _ in range(3))
    for state, steps in ((whole, 4), (part, 2)):
        trainer = Trainer(config, batches, state, endless())
        for _ in range(steps):
            trainer.step()
    save_checkpoint(part, tmp_path)
    torch.manual_seed(99)
    load_newest(again, tmp_path)
    trainer = Trainer(config, batches, again, endless())
    for _ in range(2):
        trainer.step()
    assert all(torch.equal(tensor, again.tensors()[name]) for name, tensor in whole.tensors().items())
