"""report.html: one page with everything that is known of a run, to be opened from disk or sent by mail.

Pictures are data: URIs and plotly.js, 4.8 MB of the page, is inlined, so that nothing is ever loaded from a network; a
content security policy forbids it as well, and lets no script run but the two whose SHA-256 it names. The page holds
no date and no random name: the same run and evaluation give the same bytes. Names come from strangers' folders:
Jinja2 escapes them, and none of them is ever given to plotly.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import math
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from markupsafe import Markup
from PIL import Image as Pillow

from faussaire import __version__
from faussaire.core.config import without_folders
from faussaire.core.suggestions import reached
from faussaire.evaluation.evaluation import Evaluation
from faussaire.evaluation.forecast import said
from faussaire.evaluation.memorisation import COPIER_BELOW
from faussaire.evaluation.metrics import MEANINGS, METRICS
from faussaire.evaluation.metrics.spec import Meaning
from faussaire.evaluation.protocols import NO_WEIGHTS_SHA256, Score
from faussaire.evaluation.verdicts.figures import say_of_copies, tone_of_copies
from faussaire.generation.reals import read_reals
from faussaire.modalities import Modality, of_spec
from faussaire.modalities.pictures import Embedded, embedded, picture
from faussaire.runs.events import Event
from faussaire.runs.folder import RunFolder
from faussaire.views.numbers import MINUS, Numbers
from faussaire.views.templating import environment
from faussaire.views.verdict import data_of, in_words, verdict_on_figures
from faussaire.views.words import ENGLISH, Words, texts

MAX_PICTURE_WIDTH = 1_100  # pixels; wider grids are shown smaller, to keep the page fit for mail
MAX_FILM_BYTES = 3_000_000
MAX_CLASSES = 20  # named in full
SHOWN_FIRST = 16  # reals, and as many samples, before one scrolls


def write_report(run: RunFolder, evaluation: Evaluation, words: Words = ENGLISH) -> Path:
    """Write report.html into the folder of a run, and return its path.

    Raises:
        CheckpointError: the page cannot be written.
    """
    run.write(run.report, _page(run, evaluation, words).encode())
    return run.report


def _page(run: RunFolder, evaluation: Evaluation, words: Words) -> str:
    """Return the page."""
    config = run.read_json(run.config) if run.exists() else {}
    history = run.history()
    stats, stride, num_reports = run.reports()
    scripts = [files("plotly").joinpath("package_data", "plotly.min.js").read_text("utf-8"), _script()]
    templates = environment("faussaire.views")
    t = texts(words.language)["report"]
    numbers = Numbers(words.language, MINUS)
    classes = list(evaluation.spec.classes)
    kind = of_spec(evaluation.spec)
    return templates.get_template("report.html.j2").render(
        version=__version__,
        lang=words.language,
        t=t,
        said=words.said,
        numbers=numbers,
        evaluation=evaluation,
        name=evaluation.name,
        architecture=_architecture(config),
        classes=classes[:MAX_CLASSES],
        more_classes=len(classes[MAX_CLASSES:]),
        verdict=in_words(verdict_on_figures(run, evaluation), words.language, run=reached(run.path), data=data_of(run)),
        opening=_opening(run, evaluation, kind),
        first=_first_figure(evaluation.scores),
        forecast=_forecast(history, words),
        samples=_embedded(picture(kind.sheet(evaluation.samples))),
        num_samples=len(evaluation.samples),
        reals=_picture_file(run, "reals.png"),
        **_figures(evaluation, kind, words, numbers),
        **_copies(evaluation, kind),
        curves=_curves(stats, [event for event in history if event.kind == "score"], t["curves"], numbers),
        held_out_missing=_held_out_missing(stats, config, t),
        num_reports=num_reports,
        num_judged=stats[-1].data.get("n") if stats else None,
        stride=stride,
        still=_picture_file(run, "curves.png"),
        film=_film(run, "progress.gif"),
        settings=json.dumps(without_folders(config), indent=2, ensure_ascii=False) if config else None,
        no_weights=NO_WEIGHTS_SHA256,
        scripts=[Markup(script) for script in scripts],  # ours and plotly's: the only text that is not escaped
        hashes=[base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts],
    )


def _opening(run: RunFolder, evaluation: Evaluation, modality: Modality) -> dict[str, Any]:
    """Return pictures of a few samples and of as many reals, None where the run keeps none, and how many."""
    reals = read_reals(run.path, modality, evaluation.spec.shape)
    count = min(SHOWN_FIRST, len(evaluation.samples) if reals is None else len(reals))
    fakes = _embedded(picture(modality.sheet(evaluation.samples[:count])))
    return {
        "count": count,
        "fakes": fakes,
        "reals": None if reals is None else _embedded(picture(modality.sheet(reals[:count]))),
    }


def _first_figure(scores: Sequence[Score]) -> dict[str, Any] | None:
    """Return the figure that stands for all, what it means, and the same without its bias where that was measured."""
    if not scores:
        return None
    first = scores[0]
    same = {score.metric: score for score in scores if score.extractor == first.extractor}
    unbiased = same.get("frechet-infinity") if first.metric == "frechet" else None
    return {"score": first, "meaning": MEANINGS[first.metric], "unbiased": unbiased}


def _figures(evaluation: Evaluation, modality: Modality, words: Words, numbers: Numbers) -> dict[str, Any]:
    """Return all figures with what each means, what is said once of all, and the names of those not measured."""
    scores = evaluation.scores
    measured = {score.metric for score in scores}
    return {
        "scores": [(MEANINGS[score.metric], score) for score in scores],
        "table": _common(scores, words, numbers),
        "missing": [m.title[words.language] for m in _measurable(modality) if m.name not in measured],
    }


def _common(scores: Sequence[Score], words: Words, numbers: Numbers) -> dict[str, Any]:
    """Return what is said once below a table of figures; a note has a mark, but for one that is of all of them."""
    every = _each(scores, "note")
    notes = [note for note in every if note]
    not_known = texts(words.language)["report"]["not_known"]
    return {
        "marks": {note: "" if len(every) == 1 else str(number) for number, note in enumerate(notes, 1)},
        "levels": ", ".join(numbers.percent(level, 4) for level in _each(scores, "level")),
        "nimgs": ", ".join(not_known if nimg is None else numbers.count(nimg) for nimg in _each(scores, "nimg")),
        "seeds": ", ".join(map(str, _each(scores, "seed"))),
        "extractors": list(dict.fromkeys((score.extractor, score.extractor_sha256) for score in scores)),
    }


def _each(scores: Sequence[Score], name: str) -> list[Any]:
    """Return what scores have under a name, each once: it is the same of all that were measured together."""
    return list(dict.fromkeys(getattr(score, name) for score in scores))


def _measurable(modality: Modality) -> list[Meaning]:
    """Return what figures there are of samples of a kind: those of melodies say nothing of pictures."""
    told = {*modality.judged_by, *modality.told_by}
    return [
        meaning
        for metric in METRICS.values()
        if not metric.extractors or told.intersection(metric.extractors)
        for meaning in metric.figures
    ]


def _script() -> str:
    """Return what draws the curves, as the live page does."""
    ours = ("web", "pages", "static", "plot.js"), ("templates", "report.js")
    return "\n".join(files("faussaire.views").joinpath(*parts).read_text("utf-8") for parts in ours)


def _architecture(config: dict[str, Any]) -> str | None:
    """Return its name from the config.json of a run, or of a generator on its own."""
    name = config.get("config", config).get("architecture")
    return None if name is None else str(name)


def _forecast(history: Sequence[Event], words: Words) -> str | None:
    """Return what the last score of the training foretold, in words; None where it foretold nothing."""
    last = next((event.data for event in reversed(history) if event.kind == "score"), {})
    try:
        told = words.said(said(last["forecast"]))
    except (LookupError, TypeError, ValueError):
        return None
    return f"{told[0].upper()}{told[1:]}."


def _copies(evaluation: Evaluation, modality: Modality) -> dict[str, Any]:
    """Return what the test for copies came to, by what, and the closest pairs."""
    copies = evaluation.copies
    return {
        "copy_verdict": copies and say_of_copies(copies),
        "copy_tone": copies and tone_of_copies(copies),
        "copier_below": COPIER_BELOW,
        "copies_by": modality.scored_by,
        "pairs": _pairs(evaluation, modality),
    }


def _pairs(evaluation: Evaluation, modality: Modality) -> list[dict[str, Any]]:
    """Return the closest pairs: both images, their indices, and how far apart they are."""
    if evaluation.copies is None or evaluation.pairs is None:
        return []
    return [
        {
            "sample": _embedded(picture(sample)),
            "twin": _embedded(picture(twin)),
            "sample_index": sample_index,
            "twin_index": twin_index,
            "distance": distance,
        }
        for sample, twin, (sample_index, twin_index, distance) in zip(
            *(modality.tiles(arrays, 1) for arrays in evaluation.pairs), evaluation.copies.pairs, strict=True
        )
    ]


def _embedded(image: Pillow.Image) -> Embedded:
    """Return a picture for the page, made smaller where it is very wide."""
    image.thumbnail((MAX_PICTURE_WIDTH, 10 * MAX_PICTURE_WIDTH))
    content = io.BytesIO()
    image.save(content, format="PNG")
    return embedded(content.getvalue())


def _picture_file(run: RunFolder, name: str) -> Embedded | None:
    """Return a picture of the run for the page; a page that is sent by mail must not hold another file."""
    path = run.path / name
    try:
        with Pillow.open(path) as image:
            return _embedded(image) if run.holds(path) else None
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError):  # SyntaxError: Pillow's, of a PNG
        return None  # the page says that it is not there


def _film(run: RunFolder, name: str) -> dict[str, Any]:
    """Return the film for the page, if it is there and not too large, and its bytes."""
    path = run.path / name
    num_bytes = path.stat().st_size if path.is_file() and run.holds(path) else 0
    if not 0 < num_bytes < MAX_FILM_BYTES:
        return {"picture": None, "num_bytes": num_bytes}
    return {"picture": embedded(path.read_bytes(), "image/gif"), "num_bytes": num_bytes}


def _curves(
    shown: Sequence[Event], scores: Sequence[Event], t: Mapping[str, str], numbers: Numbers
) -> list[dict[str, Any]]:
    """Return the curves of the training as report.js takes them."""
    kimg = [event.nimg / 1000 for event in shown]

    def line(key: str, name: str, colour: str, factor: float = 1.0) -> dict[str, Any]:
        values = [_finite(event.data.get(key)) for event in shown]
        y = [None if value is None else round(factor * value, 6) for value in values]
        last = math.nan if y[-1] is None and key in shown[-1].data else y[-1]
        if key == "accuracy_held_out":  # measured now and then
            last = next((value for value in reversed(y) if value is not None), None)
        return {"name": t[name], "colour": colour, "y": y, "last": numbers.figure(last)}

    curves: list[dict[str, Any]] = []
    if shown:
        losses = [line("loss_D", "loss_D", "--first"), line("loss_G", "loss_G", "--second")]
        rights = [
            line("accuracy_real", "percent_real", "--first", 100),
            line("accuracy_fake", "percent_fake", "--second", 100),
        ]
        held_out = line("accuracy_held_out", "percent_held_out", "--third", 100)
        rights += [held_out | {"bridged": True}] if any(value is not None for value in held_out["y"]) else []
        varied = [line("diversity", "variety", "--first")]
        curves += [
            {"id": "losses", "title": t["losses"], "x": kimg, "lines": losses, "mark": None},
            {"id": "accuracy", "title": t["how_often"], "x": kimg, "lines": rights, "mark": [50, t["chance_mark"]]},
            {"id": "diversity", "title": t["diversity"], "x": kimg, "lines": varied, "mark": [1, t["variety_mark"]]},
        ]
    rows = [(event.nimg / 1000, event.data["rows"][0]) for event in scores if event.data.get("rows")]
    if rows:
        value, low, high = ([_finite(row[key]) for _, row in rows] for key in ("value", "low", "high"))
        last = f"{numbers.figure(value[-1])} ({numbers.interval(low[-1], high[-1])})"
        scored = {"name": t["score"], "colour": "--first", "y": value, "low": low, "high": high, "last": last}
        title = t["scores"].format(protocol=rows[-1][1]["protocol"])
        curves.append({"id": "scores", "title": title, "x": [x for x, _ in rows], "lines": [scored], "mark": None})
    return curves


def _held_out_missing(shown: Sequence[Event], config: Mapping[str, Any], t: Mapping[str, str]) -> str:
    """Say why D has no curve on images that were held out, where it has none."""
    if any(_finite(event.data.get("accuracy_held_out")) is not None for event in shown):
        return ""
    return t["no_held_out"] if config.get("num_held_out") == 0 else t["held_out_unmeasured"]


def _finite(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
