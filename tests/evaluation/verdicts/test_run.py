"""The one verdict on a run: good only where that was measured, and with the command to type next."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from faussaire.evaluation.verdicts.run import Known, judge_run
from faussaire.evaluation.verdicts.verdict import Verdict

REPORT = {
    "accuracy_real": 0.7, "accuracy_fake": 0.6, "n": 500, "diversity": 0.9, "diversity_half": 0.05,
    "verdict": "learning", "verdict_text": "learning: all is well",
}  # fmt: skip
RUNNING = Known(
    state="running", nimg=64_000, report=REPORT, num_images=5_000, num_held_out=500,
    settings={"minutes": 10, "lr": 0.006, "width": 8},
)  # fmt: skip
FINISHED = replace(RUNNING, state="finished", saved_nimg=64_000)


def evaluated(name: str = "sound", *, nimg: int = 64_000, doubts: tuple[str, ...] = ()) -> dict[str, Any]:
    facts = {"precision": [0.7, 0.68, 0.72], "recall": [0.5, 0.48, 0.52]}
    row = {"metric": "precision", "extractor": "efficientnet-lite0 1", "n_real": 500, "n_fake": 10_000, "nimg": nimg}
    return {
        "scores": [row | {"metric": "frechet", "n_real": 400}, row],
        "verdicts": [{"name": name, "text": f"{name}: so it is", "sentence": "", "facts": facts}],
        "doubts": list(doubts),
    }


def with_report(known: Known, **changes: Any) -> Known:
    return replace(known, report={**known.report, **changes})


@pytest.mark.parametrize(
    ("known", "name", "tone", "command"),
    [
        (Known(), "starting", "open", ""),
        (RUNNING, "learning", "open", ""),
        (with_report(RUNNING, verdict="collapsed"), "collapsed", "bad", "train {data} --run {new} --lr 0.003"),
        (with_report(RUNNING, verdict="D far ahead"), "D far ahead", "bad", "train {data} --run {new} --g-steps 2"),
        (with_report(FINISHED, verdict="overfitting"), "overfitting", "bad", ""),
        (FINISHED, "ended", "open", "evaluate {run}"),
        (replace(FINISHED, state="stopped"), "ended", "open", "train {data} --run {run}"),
        (replace(FINISHED, state="diverged"), "not finite", "bad", "train {data} --run {new} --lr 0.003"),
        (replace(FINISHED, num_images=40, num_held_out=0), "few", "open", ""),
        (replace(FINISHED, evaluation=evaluated()), "sound", "good", "generate {run} --out grid.png"),
        (replace(FINISHED, evaluation=evaluated("rough")), "rough", "bad", "train {data} --run {run} --minutes 20"),
        (replace(FINISHED, evaluation=evaluated("copier")), "copier", "bad", ""),
    ],
)
def test_a_run_has_one_verdict_and_the_next_command(known: Known, name: str, tone: str, command: str) -> None:
    found = judge_run(known)
    assert (found.verdict.name, found.tone, " ".join(found.command)) == (name, tone, command)


def test_images_that_are_few_are_counted_with_those_held_out() -> None:
    verdict = judge_run(replace(FINISHED, num_images=54, num_held_out=6)).verdict
    assert (verdict.name, verdict.text) == ("few", "few: 60 images are mostly recombined, or copied")


@pytest.mark.parametrize("doubt", ["pixels", "seen", "copies"])
def test_figures_that_prove_nothing_are_not_called_good(doubt: str) -> None:
    found = judge_run(replace(FINISHED, evaluation=evaluated(doubts=(doubt,))))
    assert found.tone == "open"
    assert found.basis is not None
    assert found.basis.doubts == (doubt,)


def test_it_rests_on_the_figure_that_it_quotes() -> None:
    basis = judge_run(replace(FINISHED, evaluation=evaluated())).basis
    assert basis is not None
    assert (basis.features, basis.n_real, basis.n_fake) == ("efficientnet-lite0 1", 500, 10_000)
    assert judge_run(RUNNING).basis is not None
    assert judge_run(RUNNING).basis.features == ""


def test_figures_of_an_earlier_generator_say_nothing_of_this_one() -> None:
    assert judge_run(replace(FINISHED, evaluation=evaluated(nimg=32_000))).verdict.name == "ended"


def test_more_time_is_not_advised_where_the_forecast_excludes_that_it_helps() -> None:
    hardly = replace(FINISHED, evaluation=evaluated("rough"), score={"forecast": {"hardly": True}})
    assert judge_run(hardly).command == ("train", "{data}", "--run", "{new}", "--width", "16")


def test_scores_of_an_older_version_are_passed_over() -> None:
    old = {"scores": [], "verdicts": [{"name": "sound", "text": "sound: well"}]}
    assert judge_run(replace(FINISHED, evaluation=old)).verdict.name == "ended"


def test_no_verdict_of_a_training_is_called_good() -> None:
    names = ("starting", "learning", "ended", "few", "collapsed", "overfitting", "oscillating", "D far ahead")
    assert {Verdict(name=name, text="").tone for name in names} == {"open", "bad"}
