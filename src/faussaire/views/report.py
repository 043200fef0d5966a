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
from collections.abc import Sequence
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
from faussaire.views.numbers import ON_PAGE
from faussaire.views.templating import environment
from faussaire.views.verdict import data_of, in_words, verdict_on_figures

MAX_PICTURE_WIDTH = 1_100  # pixels; wider grids are shown smaller, to keep the page fit for mail
MAX_FILM_BYTES = 3_000_000
MAX_CLASSES = 20  # named in full


def write_report(run: RunFolder, evaluation: Evaluation) -> Path:
    """Write report.html into the folder of a run, and return its path.

    Raises:
        CheckpointError: the page cannot be written.
    """
    run.write(run.report, _page(run, evaluation).encode())
    return run.report


def _page(run: RunFolder, evaluation: Evaluation) -> str:
    """Return the page."""
    config = run.read_json(run.config) if run.exists() else {}
    history = run.history()
    stats, stride, num_reports = run.reports()
    scripts = [files("plotly").joinpath("package_data", "plotly.min.js").read_text("utf-8"), _script()]
    measured = {score.metric for score in evaluation.scores}
    templates = environment("faussaire.views")
    templates.filters["sha"] = _short_sha
    classes = list(evaluation.spec.classes)
    kind = of_spec(evaluation.spec)
    return templates.get_template("report.html.j2").render(
        version=__version__,
        numbers=ON_PAGE,
        evaluation=evaluation,
        name=evaluation.name,
        architecture=_architecture(config),
        classes=classes[:MAX_CLASSES],
        more_classes=len(classes[MAX_CLASSES:]),
        said=in_words(verdict_on_figures(run, evaluation), "en", run=reached(run.path), data=data_of(run)),
        forecast=_forecast(history),
        samples=_uri(picture(kind.sheet(evaluation.samples))),
        num_samples=len(evaluation.samples),
        reals=_picture_file(run, "reals.png"),
        scores=[(MEANINGS[s.metric], s) for s in evaluation.scores],
        missing=[meaning.title["en"] for name, meaning in MEANINGS.items() if name not in measured],
        copy_verdict=say_of_copies(evaluation.copies),
        copier_below=COPIER_BELOW,
        copies_by=kind.scored_by,
        pairs=_pairs(evaluation, kind),
        curves=_curves(stats, [event for event in history if event.kind == "score"]),
        num_reports=num_reports,
        num_judged=stats[-1].data.get("n") if stats else None,
        stride=stride,
        still=_picture_file(run, "curves.png"),
        film=_film(run, "progress.gif"),
        settings=json.dumps(without_folders(config), indent=2, ensure_ascii=False) if config else None,
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


def _forecast(history: Sequence[Event]) -> str | None:
    """Return what the last score of the training foretold, in words; None where it foretold nothing."""
    last = next((event.data for event in reversed(history) if event.kind == "score"), {})
    try:
        words = said(last["forecast"])
    except (LookupError, TypeError, ValueError):
        return None
    return f"{words[0].upper()}{words[1:]}."


def _short_sha(sha256: str) -> str:
    return "no weights" if sha256 == NO_WEIGHTS_SHA256 else f"sha256 {sha256[:12]}"


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


def _curves(shown: Sequence[Event], scores: Sequence[Event]) -> list[dict[str, Any]]:
    """Return the curves of the training as report.js takes them."""
    kimg = [event.nimg / 1000 for event in shown]

    def line(key: str, name: str, colour: str, factor: float = 1.0) -> dict[str, Any]:
        values = [_finite(event.data.get(key)) for event in shown]
        y = [None if value is None else round(factor * value, 6) for value in values]
        if key == "accuracy_held_out":  # measured now and then
            last = ON_PAGE.figure(next((value for value in reversed(y) if value is not None), None))
        else:
            last = "not finite" if y[-1] is None and key in shown[-1].data else ON_PAGE.figure(y[-1])
        return {"name": name, "colour": colour, "y": y, "last": last}

    curves: list[dict[str, Any]] = []
    if shown:
        losses = [line("loss_D", "loss of D", "--first"), line("loss_G", "loss of G", "--second")]
        rights = [
            line("accuracy_real", "D right on real (%)", "--first", 100),
            line("accuracy_fake", "D right on fake (%)", "--second", 100),
        ]
        held_out = line("accuracy_held_out", "D right on held-out real (%)", "--third", 100)
        rights += [held_out | {"bridged": True}] if any(value is not None for value in held_out["y"]) else []
        varied = [line("diversity", "variety of fakes over that of reals", "--first")]
        curves += [
            {"id": "losses", "title": "Losses", "x": kimg, "lines": losses, "mark": None},
            {
                "id": "accuracy",
                "title": "How often D is right",
                "x": kimg,
                "lines": rights,
                "mark": [50, "50 %: chance"],
            },
            {"id": "diversity", "title": "Diversity", "x": kimg, "lines": varied, "mark": [1, "1: as varied as reals"]},
        ]
    rows = [(event.nimg / 1000, event.data["rows"][0]) for event in scores if event.data.get("rows")]
    if rows:
        value, low, high = ([_finite(row[key]) for _, row in rows] for key in ("value", "low", "high"))
        last = f"{ON_PAGE.figure(value[-1])} ({ON_PAGE.interval(low[-1], high[-1])})"
        name = "Fréchet distance and its interval"
        scored = {"name": name, "colour": "--first", "y": value, "low": low, "high": high, "last": last}
        title = f"Score during training ({rows[-1][1]['protocol']})"
        curves.append({"id": "scores", "title": title, "x": [x for x, _ in rows], "lines": [scored], "mark": None})
    return curves


def _finite(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
