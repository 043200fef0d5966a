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
from faussaire.evaluation.metrics import MEANINGS
from faussaire.evaluation.protocols import NO_WEIGHTS_SHA256
from faussaire.evaluation.verdicts.figures import say_of_copies
from faussaire.modalities import Modality, of_spec
from faussaire.modalities.pictures import picture
from faussaire.runs.events import Event
from faussaire.runs.folder import RunFolder
from faussaire.views.numbers import MINUS, Numbers
from faussaire.views.templating import environment
from faussaire.views.verdict import data_of, in_words, verdict_on_figures
from faussaire.views.words import ENGLISH, Words, texts

MAX_PICTURE_WIDTH = 1_100  # pixels; wider grids are shown smaller, to keep the page fit for mail
MAX_FILM_BYTES = 3_000_000
MAX_CLASSES = 20  # named in full


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
    measured = {score.metric for score in evaluation.scores}
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
        forecast=_forecast(history, words),
        samples=_uri(picture(kind.sheet(evaluation.samples))),
        num_samples=len(evaluation.samples),
        reals=_picture_file(run, "reals.png"),
        scores=[(MEANINGS[s.metric], s) for s in evaluation.scores],
        missing=[meaning.title[words.language] for name, meaning in MEANINGS.items() if name not in measured],
        copy_verdict=say_of_copies(evaluation.copies),
        copier_below=COPIER_BELOW,
        copies_by=kind.scored_by,
        pairs=_pairs(evaluation, kind),
        curves=_curves(stats, [event for event in history if event.kind == "score"], t["curves"], numbers),
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


def _pairs(evaluation: Evaluation, modality: Modality) -> list[dict[str, Any]]:
    """Return the closest pairs: both images, their indices, and how far apart they are."""
    if evaluation.copies is None or evaluation.pairs is None:
        return []
    return [
        {
            "sample": _uri(picture(sample)),
            "twin": _uri(picture(twin)),
            "sample_index": sample_index,
            "twin_index": twin_index,
            "distance": distance,
        }
        for sample, twin, (sample_index, twin_index, distance) in zip(
            *(modality.tiles(arrays, 1) for arrays in evaluation.pairs), evaluation.copies.pairs, strict=True
        )
    ]


def _uri(image: Pillow.Image) -> str:
    """Return a picture as a data: URI, made smaller where it is very wide."""
    image.thumbnail((MAX_PICTURE_WIDTH, 10 * MAX_PICTURE_WIDTH))
    content = io.BytesIO()
    image.save(content, format="PNG")
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"


def _picture_file(run: RunFolder, name: str) -> str | None:
    """Return a picture of the run as a data: URI; a page that is sent by mail must not hold another file."""
    path = run.path / name
    try:
        with Pillow.open(path) as image:
            return _uri(image) if run.holds(path) else None
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError):  # SyntaxError: Pillow's, of a PNG
        return None  # the page says that it is not there


def _film(run: RunFolder, name: str) -> dict[str, Any]:
    """Return the film as a data: URI, if it is there and not too large, and its size."""
    path = run.path / name
    num_bytes = path.stat().st_size if path.is_file() and run.holds(path) else 0
    if not 0 < num_bytes < MAX_FILM_BYTES:
        return {"uri": None, "num_bytes": num_bytes}
    return {"uri": f"data:image/gif;base64,{base64.b64encode(path.read_bytes()).decode()}", "num_bytes": num_bytes}


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


def _finite(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
