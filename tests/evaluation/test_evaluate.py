"""From a run to figures: held-out reals, the same bytes twice, copies, comparison, and scores while training."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console

import faussaire
from faussaire.api import train
from faussaire.cli.main import run as command
from faussaire.core.captured import Found
from faussaire.core.errors import ConfigError, DataError, DivergenceError
from faussaire.data import prepare
from faussaire.evaluation.compare import compare
from faussaire.evaluation.evaluate import evaluate
from faussaire.evaluation.extractors import fitted
from faussaire.evaluation.extractors.spec import opaque
from faussaire.evaluation.protocols import mark_of
from faussaire.evaluation.reals import Reals
from faussaire.evaluation.while_training import training_scorer
from faussaire.generation.generator import Generator
from faussaire.runs.folder import RunFolder
from faussaire.training.result import StepResult
from faussaire.training.trainer import Trainer
from faussaire.views.report import write_report
from faussaire.views.tables import print_evaluation
from faussaire.views.words import words_for
from toy import IMAGE

PIXELS = ["fd2000-pixels-dct", "pr2000-pixels-dct", "dc2000-pixels-dct"]
QUICK = {"architecture": "dense", "batch_size": 25, "pictures": 2, "threads": 1}


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("evaluated")))
        yield


@pytest.fixture(scope="module")
def bars() -> tuple[np.ndarray, np.ndarray]:
    """1,200 images of 12×12, every one of them another, and their labels: first all of one class, then the other."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 60, (1200, 12, 12), dtype=np.uint8)
    labels = np.arange(1200) // 600
    images[labels == 0, 2:10, 2:6] += 150
    images[labels == 1, 4:8, 2:10] += 150
    return images, labels


@pytest.fixture(scope="module")
def labelled(bars: tuple[np.ndarray, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """They in a file."""
    return write(tmp_path_factory.mktemp("data") / "bars.npz", *bars)


@pytest.fixture(scope="module")
def run(labelled: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run on them; not to be changed."""
    return RunFolder(train(labelled, run=tmp_path_factory.mktemp("runs") / "run", kimg=2, **QUICK))


def write(path: Path, images: np.ndarray, labels: np.ndarray) -> Path:
    np.savez(path, images=images, labels=labels, classes=np.array(["upright", "level"]))
    return path


def last_score(run: RunFolder) -> dict[str, tuple[float, float, float]]:
    rows = [event for event in run.events() if event.kind == "score"][-1].data["rows"]
    return {row["metric"]: (row["value"], row["low"], row["high"]) for row in rows}


def test_figures_are_those_of_held_out_images_and_the_same_twice(run: RunFolder) -> None:
    first, second = (evaluate(run, protocols=PIXELS) for _ in range(2))
    num_held_out = 1200 - json.loads(run.config.read_text())["num_images"]
    assert first.scores == second.scores
    assert f"the {num_held_out:,} images of bars that were held out" in first.notes[0]
    assert {s.metric for s in first.scores} >= {"frechet", "precision", "recall", "density", "coverage"}
    for score in first.scores:
        assert score.low <= score.value <= score.high
        if score.metric != "frechet-floor":
            assert (score.n_real, score.n_fake) == (num_held_out, 2000)
        assert score.nimg == 2000


def test_a_floor_that_was_left_out_is_said_on_the_console_and_in_the_report(run: RunFolder, tmp_path: Path) -> None:
    copy = RunFolder(shutil.copytree(run.path, tmp_path / "run"))
    found = evaluate(copy, protocols=PIXELS[:1])
    assert {score.metric for score in found.scores} == {"frechet"}
    out, french = io.StringIO(), words_for("fr")
    print_evaluation(Console(file=out, width=400), found, french)
    said = f"{found.scores[0].protocol}\N{NO-BREAK SPACE}: ni frechet-floor ni frechet-infinity"
    assert said in out.getvalue()
    assert said in write_report(copy, found, french).read_text("utf-8")


def test_a_second_source_of_reals_may_be_named(run: RunFolder, labelled: Path) -> None:
    evaluation = evaluate(run, data=str(labelled), protocols=PIXELS[:1])
    assert "the 1,200 images of bars" in evaluation.notes[0]
    assert evaluation.scores[0].n_real == 1200


def test_images_that_changed_since_the_training_are_refused(
    bars: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    labelled = write(tmp_path / "bars.npz", *bars)
    run = RunFolder(train(labelled, run=tmp_path / "run", kimg=1, **QUICK))
    np.savez(labelled, images=np.zeros((300, 12, 12), np.uint8))
    with pytest.raises(DataError, match="other images than the run was trained on"):
        evaluate(run, protocols=PIXELS[:1])
    labelled.unlink()
    with pytest.raises(DataError, match="--data"):
        evaluate(run, protocols=PIXELS[:1])


def test_a_generator_without_its_run_asks_for_reals(run: RunFolder, labelled: Path) -> None:
    alone = RunFolder(run.generator_folder)
    with pytest.raises(ConfigError, match="--data"):
        evaluate(alone, protocols=PIXELS[:1])
    assert evaluate(alone, data=str(labelled), protocols=PIXELS[:1]).scores[0].metric == "frechet"


def test_an_unknown_protocol_is_answered_with_a_near_one(run: RunFolder) -> None:
    with pytest.raises(ConfigError, match="did you mean 'fd2000-pixels-dct'"):
        evaluate(run, protocols=["fd2000-pixels-dtc"])


class Copier(Generator):
    """A "generator" that returns training images, or those that are given."""

    images: torch.Tensor

    def __call__(
        self, z: torch.Tensor, labels: torch.Tensor | None = None, truncation: float | torch.Tensor = 1.0
    ) -> torch.Tensor:
        chosen = (z[:, 0].abs() * 1e6).long() % len(self.images)
        return self.images[chosen]


def test_a_copier_is_called_one_and_its_pairs_are_equal(
    run: RunFolder, labelled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Copier.images = IMAGE.to_real(prepare(labelled).images)
    monkeypatch.setattr(Generator, "__call__", Copier.__call__)
    monkeypatch.setattr(Generator, "images", Copier.images, raising=False)
    evaluation = evaluate(run, protocols=PIXELS)
    assert evaluation.copies is not None
    assert evaluation.copies.p_value < 0.001
    assert evaluation.verdicts[0].name == "copier"
    assert evaluation.pairs is not None
    assert np.array_equal(*evaluation.pairs)


@pytest.mark.slow
def test_a_generator_that_knows_one_class_is_called_collapsed_and_noise_noise(
    run: RunFolder, labelled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = prepare(labelled)
    assert data.labels is not None
    monkeypatch.setattr(Generator, "__call__", Copier.__call__)
    monkeypatch.setattr(Generator, "images", IMAGE.to_real(data.images[data.labels == 0]), raising=False)
    assert "collapsed" in [v.name for v in evaluate(run, protocols=[*PIXELS, "classes2000-labels-cnn"]).verdicts]
    noise = torch.rand(2000, 1, 12, 12, generator=torch.Generator().manual_seed(0)) * 2 - 1
    monkeypatch.setattr(Generator, "images", noise)
    assert [v.name for v in evaluate(run, protocols=PIXELS).verdicts] == ["noise"]


def test_two_runs_differ_by_more_than_noise_or_not(
    run: RunFolder, labelled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worse = evaluate(run, protocols=PIXELS[:1])
    other = evaluate(run, data="mnist", protocols=PIXELS[:1])
    monkeypatch.setattr(Generator, "__call__", Copier.__call__)
    monkeypatch.setattr(Generator, "images", IMAGE.to_real(prepare(labelled).images), raising=False)
    better = replace(evaluate(run, protocols=PIXELS[:1]), name="better")
    assert {c.better for c in compare(worse, better)} == {"better"}
    assert {c.better for c in compare(better, worse)} == {"better"}
    assert {c.better for c in compare(worse, worse)} == {""}
    with pytest.raises(ConfigError, match="against different images"):
        compare(worse, other)
    assert {s.protocol for s in worse.scores}.isdisjoint(s.protocol for s in other.scores)
    assert worse.notes[0].startswith(f"reals @{worse.scores[0].protocol.split('@')[1]}: ")
    renamed = replace(worse, scores=tuple(replace(s, protocol=f"x-{s.protocol}") for s in worse.scores))
    with pytest.raises(ConfigError, match="no figure of one name"):
        compare(worse, renamed)


def test_a_score_of_the_training_and_a_figure_measured_later_have_one_name(run: RunFolder) -> None:
    (later,) = {score.protocol for score in evaluate(run, protocols=PIXELS[:1]).scores}
    (earlier,) = {row["protocol"] for event in run.events("score") for row in event.data["rows"]}
    assert earlier == later


def test_the_commands_print_json_and_write_the_report(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(run.path), "--protocol", PIXELS[0]]
    assert command(["evaluate", *arguments, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    written = json.loads((run.path / "scores.json").read_text())
    assert rows == written["scores"]
    assert {row["protocol"].split("@")[1] for row in rows} == {mark_of(written["reals"])}
    report = (run.path / "report.html").read_bytes()
    assert command(["evaluate", *arguments]) == 0
    out = capsys.readouterr().out
    assert "frechet" in out
    assert "95% interval" in out
    assert (run.path / "report.html").read_bytes() == report
    assert command(["compare", str(run.path), *arguments, "--json"]) == 0
    assert {row["better"] for row in json.loads(capsys.readouterr().out)} == {""}
    assert command(["compare", str(run.path)]) == 2


def test_evaluate_writes_the_figures_and_compare_writes_nothing(run: RunFolder, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run.path, tmp_path / "copy"))
    (copy / "scores.json").unlink(missing_ok=True)
    assert {c.better for c in faussaire.compare(run.path, copy, protocols=PIXELS[:1])} == {""}
    assert not (copy / "scores.json").exists()
    rows = faussaire.evaluate(copy, protocols=PIXELS[:1]).rows()
    assert json.loads((copy / "scores.json").read_text())["scores"] == rows


def test_figures_that_cannot_be_written_are_not_lost(run: RunFolder, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run.path, tmp_path / "copy"))
    (copy / "scores.json").unlink(missing_ok=True)
    (copy / "scores.json").mkdir()
    found = faussaire.evaluate(copy, protocols=PIXELS[:1])
    assert found.scores
    assert "scores.json" in found.notes[-1]


def test_a_run_scores_itself_and_keeps_its_best_generator(run: RunFolder) -> None:
    scores = [event for event in run.events() if event.kind == "score"]
    assert scores
    assert scores[-1].nimg == 2000
    assert scores[-1].data["rows"][0]["metric"] == "frechet"
    best = min(scores, key=lambda event: event.data["rows"][0]["value"])
    assert Generator.load(run.best).nimg == best.nimg


@pytest.mark.parametrize("conditional", [False, True])
def test_a_perfect_generator_of_sorted_classes_scores_at_its_floor(conditional: bool) -> None:
    """Its samples are other images of the same sort, of the class that it is asked for where there is one."""
    data = prepare("fashion-mnist")
    assert data.labels is not None
    by_class = np.argsort(data.labels, kind="stable")
    held_out, forged = by_class[::2], torch.from_numpy(by_class[1::2])
    images, labels = IMAGE.to_real(data.images), torch.from_numpy(data.labels[:])[forged]
    places = [forged[labels == label] for label in range(10)]

    def make(z: torch.Tensor, asked: torch.Tensor | None) -> torch.Tensor:
        chosen = (z[:, 0].abs() * 1e6).long()
        if asked is None:
            return images[forged[chosen % len(forged)]]
        pairs = zip(asked.tolist(), chosen, strict=True)
        return images[torch.stack([places[label][c % len(places[label])] for label, c in pairs])]

    known = {"labels": data.labels[held_out]} if conditional else {}
    rows = training_scorer(data.images[held_out], IMAGE, make, z_dim=4, reals="", seed=0, **known)()
    found = {row["metric"]: row for row in rows}
    frechet, floor, limit = (found[name] for name in ("frechet", "frechet-floor", "frechet-infinity"))
    assert (frechet["n_real"], floor["n_real"]) == (2000, 2000)
    assert frechet["low"] <= floor["high"]
    assert floor["low"] <= frechet["high"]
    assert limit["low"] <= 0 <= limit["high"]


def test_a_sorted_set_and_the_same_in_disorder_train_alike_to_the_bit(
    bars: tuple[np.ndarray, np.ndarray], run: RunFolder, tmp_path: Path
) -> None:
    images, labels = bars
    turn = np.random.default_rng(1).permutation(len(images))
    turned = write(tmp_path / "bars.npz", images[turn], labels[turn])
    other = RunFolder(train(turned, run=tmp_path / "run", kimg=2, **QUICK))
    assert last_score(other) == last_score(run)
    first_reports = [next(e for e in folder.events() if e.kind == "stats").data for folder in (run, other)]
    assert first_reports[0]["r_v"] == first_reports[1]["r_v"] is not None
    name = "generator.safetensors"
    assert (run.generator_folder / name).read_bytes() == (other.generator_folder / name).read_bytes()


def test_the_classifier_of_the_labels_learns_from_every_class_of_a_large_sorted_set(
    bars: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitted, "CLASSIFIER_IMAGES", 300)
    images, labels = bars[0][:, None], bars[1]
    facts = {"classes": ("upright", "level"), "key": "", "trained_on": "", "note": ""}
    reals = Reals(modality=IMAGE, images=images, train=images, held_out=images, labels=labels, **facts)
    classifier = fitted.label_classifier(reals, seed=0)
    predicted = classifier.classify(classifier(IMAGE.to_real(images)))
    assert (predicted.numpy() == labels).mean() > 0.95


def test_the_last_picture_is_of_the_last_image_also_when_the_clock_ends_the_run(tmp_path: Path) -> None:
    folder = train("mnist", run=tmp_path / "run", minutes=0.05, architecture="dense")
    events = list(folder.events())
    last = [event.nimg for event in events if event.kind == "samples"][-1]
    assert last == next(event.nimg for event in events if event.kind == "done")


def without_updates_of_D(patch: pytest.MonkeyPatch) -> None:
    take_step = Trainer.take_step

    def only_G(self: Trainer, network: str, found: Found) -> None:
        rates = [group["lr"] for group in self.state.opt_D.param_groups]
        for group in self.state.opt_D.param_groups:
            group["lr"] = group["lr"] if network == "G" else 0.0
        take_step(self, network, found)
        for group, rate in zip(self.state.opt_D.param_groups, rates, strict=True):
            group["lr"] = rate

    patch.setattr(Trainer, "take_step", only_G)


def with_a_constant_G(patch: pytest.MonkeyPatch) -> None:
    train_generator = Trainer.train_generator

    def constant(self: Trainer, *arguments: Any) -> torch.Tensor:
        loss = train_generator(self, *arguments)
        with torch.no_grad():
            for parameter in self.state.G.parameters():
                parameter.zero_()
        return loss

    patch.setattr(Trainer, "train_generator", constant)


class FifthIsOverError(Exception):
    """Ends a run from which no more is wanted."""


def ended_after(nimg: int, patch: pytest.MonkeyPatch) -> None:
    step = Trainer.step

    def bounded(self: Trainer) -> StepResult:
        if self.state.nimg > nimg:
            raise FifthIsOverError
        return step(self)

    patch.setattr(Trainer, "step", bounded)


PROVOKED: dict[str, tuple[str, Callable[[pytest.MonkeyPatch], None], dict[str, float]]] = {
    "a learning rate 100 times too large": ("diverging", lambda patch: None, {"lr": 0.4}),
    "a D that never learns": ("D far behind", without_updates_of_D, {}),
    "a G that is constant": ("collapsed", with_a_constant_G, {}),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", PROVOKED)
def test_what_goes_wrong_is_named_in_the_first_fifth_of_the_run(
    case: str, tmp_path: Path, labelled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict, provoke, settings = PROVOKED[case]
    provoke(monkeypatch)
    ended_after(4000, monkeypatch)
    small = {"kimg": 20, "architecture": "hybrid", "batch_size": 25, "width": 8, "precision": "fp32", "threads": 1}
    with suppress(DivergenceError, FifthIsOverError):
        train(labelled, run=tmp_path / "run", **small, **settings)
    verdicts = [e.data["name"] for e in RunFolder(tmp_path / "run").events("verdict") if e.nimg <= 4000]
    assert verdicts[-1] == verdict


def test_images_with_alpha_are_measured_over_white() -> None:
    images = torch.tensor([-1.0, 0.0, 1.0, -1.0, 0.0, 0.0, 0.0, 1.0]).view(2, 4, 1, 1)
    assert opaque(images).flatten().tolist() == [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    assert opaque(images[:, :3]).shape == (2, 3, 1, 1)
