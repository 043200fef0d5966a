"""The verdict in words: in both languages, with commands that can be typed, and no folder that concerns nobody."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from faussaire.evaluation.verdicts.run import Advice, Basis, Known, RunVerdict, judge_run
from faussaire.evaluation.verdicts.verdict import Verdict
from faussaire.views.numbers import NARROW
from faussaire.views.verdict import in_words
from faussaire.views.web.pages.texts import texts

MEASURED = RunVerdict(
    verdict=Verdict(name="rough", text="", facts={"precision": (0.3, 0.28, 0.32), "recall": (0.1, 0.09, 0.11)}),
    tone="bad",
    basis=Basis(features="efficientnet-lite0 1", n_real=1_000, n_fake=10_000, nimg=64_000),
    advice="longer",
    command=("train", "{data}", "--run", "{run}", "--minutes", "20"),
    images=(5_000, 500),
)


def test_it_says_what_is_so_what_that_rests_on_and_what_to_type() -> None:
    said = in_words(MEASURED, "en", run="runs/my cats", data=["cats"])
    assert said.text.startswith("Rough: 30% [28, 32] of the fakes lie among the real images, and 10% [9, 11]")
    assert "features of efficientnet-lite0 1: 10,000 fakes beside 1,000 real images" in said.basis
    assert said.command == "faussaire train cats --run 'runs/my cats' --minutes 20"
    assert f"30{NARROW}% [28{NARROW}; 32]" in in_words(MEASURED, "fr", run="runs/cats").text


def test_a_folder_elsewhere_is_not_told_and_a_new_one_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "cats").mkdir(parents=True)
    (tmp_path / "runs" / "cats-2").mkdir()
    again = replace(MEASURED, command=("train", "{data}", "--run", "{new}"))
    said = in_words(again, "en", run="runs/cats", data=[str(tmp_path / "cats"), "/home/somebody/dogs"])
    assert said.command == "faussaire train cats dogs --run runs/cats-3"


def test_forty_images_are_called_few_in_both_languages() -> None:
    few = judge_run(Known(report={"verdict": "learning"}, num_images=40, num_held_out=0))
    assert "40 images are few" in in_words(few, "en", run="runs/cats").text
    assert "40 images, c’est peu" in in_words(few, "fr", run="runs/cats").text
    divided = judge_run(Known(report={"verdict": "learning"}, num_images=54, num_held_out=6))
    english, french = (in_words(divided, lang, run="runs/cats").text for lang in ("en", "fr"))
    assert english.startswith("60 images are few")  # all that were brought
    assert "6 of them are held out, which can hardly show whether it does" in english
    assert french.startswith("60 images, c’est peu")
    assert "6 d’entre elles sont mises de côté" in french


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_every_advice_and_doubt_has_its_sentence(lang: str) -> None:
    words = texts(lang)["verdict"]
    assert set(words["advice"]) == set(get_args(Advice))
    assert set(words["basis"]["doubts"]) == {"pixels", "seen", "copies", "rare_copies", "few"}
