"""The report: one page that loads nothing, holds every figure with its proof, and trusts no name."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from rich.console import Console

from faussaire.api import train
from faussaire.evaluation.evaluation import Evaluation
from faussaire.evaluation.memorisation import Evidence, Memorisation
from faussaire.evaluation.protocols import Score
from faussaire.evaluation.verdicts.figures import tone_of_copies
from faussaire.evaluation.verdicts.verdict import Verdict
from faussaire.modalities import SampleSpec
from faussaire.runs.folder import RunFolder
from faussaire.runs.history import MAX_REPORTS
from faussaire.views.numbers import NARROW
from faussaire.views.report import write_report
from faussaire.views.tables import print_evaluation
from faussaire.views.words import Words, texts, words_for
from views.test_words import flat

HOSTILE = "</script><script>alert(1)</script>\"'><img src=https://example.com/x onerror=alert(2)>"
LOADING = {"src", "href", "srcset", "data", "action", "formaction", "poster", "background", "xlink:href"}


class Page(HTMLParser):
    """What is in a page: its tags with their attributes, its text outside of scripts, and its scripts."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self._inside = ""
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside != "style":
            self.text += data

    def curves(self) -> list[dict[str, object]]:
        return json.loads(self.scripts[0])


def score(metric: str = "frechet", **changes: object) -> Score:
    made = Score(
        protocol="fd1234-efficientnet-lite0",
        metric=metric,
        value=12.34567,
        low=11.5,
        high=13.25,
        level=0.95,
        n_real=1234,
        n_fake=5678,
        extractor="efficientnet-lite0 1",
        extractor_sha256="0123456789abcdef" * 4,
        seed=7,
        nimg=50,
    )
    return replace(made, **changes)


def copy_test(p_value: float) -> Memorisation:
    evidence = Evidence(
        p_value=p_value, p_all=p_value, z_score=1.0, nearer_than_held_out=0.625, p_closest=0.5, num_closest=17
    )
    return Memorisation(
        p_value=p_value,
        is_copier=p_value < 0.001,
        distance=evidence,
        share=evidence,
        num_train=4321,
        num_held_out=987,
        num_fake=2000,
        pairs=((3, 14, 0.125), (15, 9, 0.5)),
    )


def evaluation(**changes: object) -> Evaluation:
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (2, 2, 12, 12, 1), np.uint8)
    made = Evaluation(
        name="my run",
        data="noise",
        spec=SampleSpec(modality="image", shape=(1, 12, 12)),
        nimg=50,
        samples=random.integers(0, 256, (64, 12, 12, 1), np.uint8),
        reals="held-out:0123",
        scores=(score(), score("precision", protocol="pr1234-efficientnet-lite0", value=0.625, low=0.5, high=0.75)),
        copies=copy_test(0.25),
        pairs=(pictures[0], pictures[1]),
        verdicts=(Verdict(name="sound", text="sound: all is well"),),
        notes=("reals: the 1,234 images of noise that were held out of training",),
    )
    return replace(made, **changes)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on noise that every test of this file copies."""
    folder = tmp_path_factory.mktemp("report")
    np.save(folder / "noise.npy", np.random.default_rng(0).integers(0, 256, (40, 12, 12), np.uint8))
    settings = {"architecture": "hybrid", "resolution": 12, "batch_size": 10, "pictures": 2, "threads": 1}
    return train(folder / "noise.npy", run=folder / "run", kimg=0.05, **settings).path


@pytest.fixture
def run(tmp_path: Path, trained: Path) -> RunFolder:
    return RunFolder(shutil.copytree(trained, tmp_path / "run"))


def page(run: RunFolder, made: Evaluation) -> Page:
    return Page(write_report(run, made).read_text(encoding="utf-8"))


def test_the_page_loads_nothing_from_anywhere(run: RunFolder) -> None:
    found = page(run, evaluation())
    loaded = [value for _, attributes in found.tags for name, value in attributes.items() if name in LOADING]
    assert {value.partition(":")[0] for value in loaded if value and not value.startswith("#")} == {"data"}
    assert not {tag for tag, _ in found.tags} & {"link", "iframe", "object", "embed", "base", "form"}
    style = (run.path / "report.html").read_text(encoding="utf-8").partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


def test_every_picture_has_its_own_size(run: RunFolder) -> None:
    shown = [attributes for tag, attributes in page(run, evaluation()).tags if tag == "img"]
    assert len(shown) == 10  # some of either; reals; samples; two pairs; curves; the film
    for attributes in shown:
        content = base64.b64decode((attributes["src"] or "").partition(",")[2])
        with Pillow.open(io.BytesIO(content)) as picture:
            assert picture.size == (int(attributes["width"] or 0), int(attributes["height"] or 0))


def test_the_policy_forbids_the_network_and_lets_only_the_two_scripts_run(run: RunFolder) -> None:
    found = page(run, evaluation())
    policy = next(a["content"] for tag, a in found.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src 'sha256-")
    scripts = found.scripts[1:]
    assert len(scripts) == 2
    for script in scripts:
        assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy


def test_the_button_that_sends_curves_away_is_off(run: RunFolder) -> None:
    ours = page(run, evaluation()).scripts[2]
    assert "showSendToCloud: false" in ours
    assert 'plotlyServerURL: ""' in ours


def test_every_figure_comes_with_all_that_it_takes_to_trust_it(run: RunFolder) -> None:
    text = page(run, evaluation(scores=(score(note="fewer than asked for"),))).text
    proof = [
        "12.35",
        "11.5 to 13.25",
        "95% interval: 11.5 to 13.25",
        "95% intervals",
        "1,234 / 5,678",
        "fd1234-efficientnet-lite0",
        "efficientnet-lite0 1",
    ]
    for part in [*proof, "sha256 0123456789ab", "with seed 7", "Note: fewer than asked for.", "Lower is better."]:
        assert part in text


def test_the_report_answers_first(run: RunFolder) -> None:
    found = page(run, evaluation())
    first, _, rest = found.text.partition("What this rests on, and what next")
    assert "sound: all is well" in first  # the one verdict
    assert "95% interval: 11.5 to 13.25" in first
    assert "How far the samples as a whole are from the real images" in first
    assert "Protocol" in rest
    pictures = [(tag, attributes.get("alt")) for tag, attributes in found.tags if tag in ("img", "main")]
    assert pictures[:3] == [
        ("img", "A grid of 16 real images that the generator was trained on"),
        ("img", "A grid of 16 images made by the generator"),
        ("main", None),
    ]


def test_where_a_run_keeps_few_reals_as_many_samples_stand_beside_them(run: RunFolder) -> None:
    content = json.loads(run.config.read_text())
    run.config.write_text(json.dumps(content | {"num_images": 9}))
    alternatives = [attributes.get("alt") for tag, attributes in page(run, evaluation()).tags if tag == "img"]
    assert alternatives[1] == "A grid of 9 images made by the generator"


def test_a_note_is_written_once_whatever_the_number_of_figures_that_it_is_of(run: RunFolder) -> None:
    of_all = page(run, evaluation(scores=tuple(score(note="of all figures") for _ in range(3)))).text
    assert of_all.count("of all figures") == 1
    of_two = [score(note="of two figures"), score("precision", note="of two figures"), score("recall")]
    text = page(run, evaluation(scores=tuple(of_two))).text
    assert text.count("of two figures") == 1
    assert ["Precision 1" in text, "Recall 1" in text] == [True, False]
    assert text.count("efficientnet-lite0 1 (sha256 0123456789ab)") == 1


def test_figures_of_other_kinds_of_data_are_not_called_missing(run: RunFolder) -> None:
    text = page(run, evaluation()).text
    assert "Kernel distance" in text
    assert "model of four letters" not in text
    assert "music" not in text.lower()


def test_what_a_figure_is_made_of_is_said_where_it_is_not_samples(run: RunFolder) -> None:
    floor, accuracy = score("frechet-floor", n_real=600, n_fake=600), score("classifier-accuracy", n_real=90, n_fake=0)
    text = page(run, evaluation(scores=(floor, accuracy))).text
    assert "600 / none (600 other real ones instead)" in text
    assert "90 / none" in text


def test_what_was_not_measured_is_named_and_never_zero(run: RunFolder) -> None:
    none = evaluation(scores=(score(nimg=None, value=float("nan")),), copies=None, pairs=None, verdicts=(), notes=())
    text = page(run, none).text
    assert "Not measured: Fréchet distance without the bias, Floor of the Fréchet distance, Kernel distance" in text
    assert "not measured: the test needs enough images that are held out" in text
    assert "not measured: the figures at hand do not allow a verdict" in text
    assert "not finite" in text
    assert "were taken after not known images shown to D" in text


def test_the_test_for_copies_shows_its_figures_and_the_pairs(run: RunFolder) -> None:
    found = page(run, evaluation())
    for part in ["No sign of copying", "p = 0.25", "4,321", "987", "2,000", "62.5%", "17 of 2,000", "distance 0.125"]:
        assert part in found.text
    alternatives = [attributes.get("alt") for tag, attributes in found.tags if tag == "img"]
    assert alternatives[4:6] == ["Sample 3", "Training image 14, the nearest to it"]
    assert "The generator copies" in page(run, evaluation(copies=copy_test(0.0))).text
    assert "Not called a copier" in page(run, evaluation(copies=copy_test(0.01))).text


def test_with_few_held_out_images_it_is_said_that_copies_can_hardly_be_found(run: RunFolder) -> None:
    few = evaluation(copies=replace(copy_test(0.25), num_held_out=12, as_near=0.0))
    found = page(run, few)
    assert "Copies can hardly be found: 12 held-out images show a generator that copies nearly always" in found.text
    assert "No sign of copying" not in found.text
    assert not any("good" in (attributes.get("class") or "") for _, attributes in found.tags)
    assert few.doubts == ("rare_copies",)
    out = io.StringIO()
    print_evaluation(Console(file=out, width=300), few, words_for("fr"))
    assert "12 images mises de côté montrent un générateur qui copie presque toujours" in out.getvalue()


def test_copies_that_chance_hardly_explains_are_not_shown_as_good() -> None:
    assert tone_of_copies(copy_test(0.25)) == "good"
    assert tone_of_copies(copy_test(0.01)) == "open"
    assert tone_of_copies(copy_test(0.0)) == "bad"


def test_no_name_can_inject_anything(run: RunFolder) -> None:
    harmless = [tag for tag, _ in page(run, evaluation()).tags]
    content = json.loads(run.config.read_text())
    content["spec"]["classes"] = [HOSTILE]
    run.config.write_text(json.dumps(content))
    row = {"protocol": HOSTILE, "value": 1.0, "low": 0.5, "high": 2.0}
    run.emit("stats", nimg=60, loss_D=HOSTILE, verdict_text=HOSTILE)
    run.emit("score", nimg=60, rows=[row])
    hostile = evaluation(
        name=HOSTILE,
        data=HOSTILE,
        spec=SampleSpec(modality="image", shape=(1, 12, 12), classes=(HOSTILE,)),
        scores=(score(protocol=HOSTILE, extractor=HOSTILE, note=HOSTILE),),
        verdicts=(Verdict(name="sound", text=HOSTILE),),
        notes=(HOSTILE,),
    )
    found = page(run, hostile)
    assert found.text.count(HOSTILE) >= 10
    assert len(found.scripts) == 3
    assert {tag for tag, _ in found.tags} <= set(harmless)
    assert not [name for _, attributes in found.tags for name in attributes if name.startswith("on")]
    assert HOSTILE not in json.dumps([{**curve, "title": ""} for curve in found.curves()])


def test_the_same_evaluation_gives_the_same_bytes(run: RunFolder) -> None:
    first = write_report(run, evaluation()).read_bytes()
    assert write_report(run, evaluation()).read_bytes() == first


def test_curves_hold_losses_accuracy_and_diversity(run: RunFolder) -> None:
    found = page(run, evaluation())
    assert [curve["id"] for curve in found.curves()] == ["losses", "accuracy", "diversity"]
    assert "In theory it ends at 50%" in found.text
    drawn = [attributes["id"] for tag, attributes in found.tags if attributes.get("class") == "curve"]
    assert drawn == ["curve-losses", "curve-accuracy", "curve-diversity"]


def test_the_discriminator_on_held_out_images_is_a_curve_of_its_own_or_the_reason_is_said(run: RunFolder) -> None:
    def accuracy() -> tuple[list[str], str]:
        found = page(run, evaluation())
        (curve,) = (curve for curve in found.curves() if curve["id"] == "accuracy")
        return [line["name"] for line in curve["lines"]], found.text

    names, text = accuracy()
    assert names == ["D right on real (%)", "D right on fake (%)"]
    assert "no curve on held-out real images: none are held out, as there are too few that differ" in text
    run.config.write_text(json.dumps(json.loads(run.config.read_text()) | {"num_held_out": 4}))
    assert "no curve on held-out real images: it was not measured on them" in accuracy()[1]
    run.emit("stats", nimg=60, accuracy_real=0.5, accuracy_fake=0.5, accuracy_held_out=0.25)
    names, text = accuracy()
    assert names[2:] == ["D right on held-out real (%)"]
    assert "D right on held-out real (%) 25." in text
    assert "no curve on held-out" not in text


def test_scores_of_the_training_are_drawn_with_their_intervals(run: RunFolder) -> None:
    run.emit("score", nimg=50, rows=[{"protocol": "fd2000-pixels-dct", "value": 2.0, "low": 1.5, "high": 2.5}])
    found = page(run, evaluation())
    assert "In the end: Fréchet distance and its interval 2 (1.5 to 2.5)." in found.text
    (line,) = found.curves()[-1]["lines"]
    assert (line["y"], line["low"], line["high"]) == ([2.0], [1.5], [2.5])


def test_a_long_run_is_thinned_and_keeps_its_last_report(run: RunFolder) -> None:
    last = next(event for event in reversed(run.history()) if event.kind == "stats")
    line = '{"kind": "stats", "nimg": %d, "time": 0, "data": {"loss_D": null, "loss_G": 1.5, "diversity": NaN}}\n'
    with run.events_file.open("a") as file:
        file.writelines(line % (last.nimg + i) for i in range(1, 2 * MAX_REPORTS + 2))
    found = page(run, evaluation())
    curve = found.curves()[0]
    assert MAX_REPORTS / 2 < len(curve["x"]) <= MAX_REPORTS
    assert curve["x"][-1] == (last.nimg + 2 * MAX_REPORTS + 1) / 1000
    assert curve["lines"][0]["last"] == "not finite"
    assert "one in 4 is drawn" in found.text


def test_a_generator_without_its_run_is_reported_too(run: RunFolder) -> None:
    text = page(RunFolder(run.generator_folder), evaluation()).text
    assert "hybrid" in text
    for part in ["Real images: not in the folder", "Curves: not measured", "Film of the training: not in the folder"]:
        assert part in text


def test_a_run_stripped_of_all_but_its_generator_says_what_is_missing(run: RunFolder) -> None:
    for name in ("events.jsonl", "config.json", "reals.png", "progress.gif", "curves.png"):
        (run.path / name).unlink()
    text = page(run, evaluation()).text
    for part in ["not recorded", "Settings: not in the folder", "Curves: not measured"]:
        assert part in text


def test_a_film_too_large_for_mail_is_left_out_and_named(run: RunFolder) -> None:
    assert "Film of 64 samples" in write_report(run, evaluation()).read_text(encoding="utf-8")
    (run.path / "progress.gif").write_bytes(bytes(3_500_000))
    assert "its 3.5 MB are too many for a page" in page(run, evaluation()).text


def test_the_folders_of_the_sender_are_not_told(run: RunFolder, trained: Path) -> None:
    content = write_report(run, evaluation()).read_text(encoding="utf-8")
    assert "noise.npy" in content
    assert str(trained.parent) not in content


def test_the_page_can_be_read_without_eyes(run: RunFolder) -> None:
    found = page(run, evaluation())
    assert ("html", {"lang": "en"}) in found.tags
    assert all(attributes.get("alt") for tag, attributes in found.tags if tag == "img")
    levels = [int(tag[1]) for tag, _ in found.tags if tag in {"h1", "h2", "h3", "h4"}]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_in_french_every_word_is_french_and_numbers_are_written_as_french_does(run: RunFolder) -> None:
    content = write_report(run, evaluation(), Words("fr")).read_text(encoding="utf-8")
    found = Page(content)
    assert ("html", {"lang": "fr"}) in found.tags
    for part in ["12,35", "11,5 à 13,25", f"1{NARROW}234 / 5{NARROW}678", f"62,5{NARROW}%", f"17 sur 2{NARROW}000"]:
        assert part in found.text
    said = [text for _, text in flat(texts("en")["report"]) if "{" not in text and text.count(" ") > 1]
    assert len(said) > 30
    assert [text for text in said if text in content] == []
    shown = found.text.partition("config.json")[0]
    assert re.findall(r"\d[ \N{NO-BREAK SPACE}]%|\d\.\d", shown) == []
