"""The page as one document: what it holds, and the policy by which its browser lets it load nothing from anywhere."""

from __future__ import annotations

import base64
import math
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from faussaire import __version__
from faussaire.core.errors import ConfigError
from faussaire.core.files import write_atomically
from faussaire.core.inline import data_address, element_json, joined, source_hash
from faussaire.core.marks import SAMPLE, text_of
from faussaire.generation.directions import directions
from faussaire.generation.export._exporter import Progress, Source
from faussaire.generation.export.page.kernel import multiply_module
from faussaire.generation.export.page.packing import choose_bits, num_parameters, pack
from faussaire.generation.export.page.trace import program_of
from faussaire.generation.generator import Generator
from faussaire.generation.reals import read_reals
from faussaire.modalities.pictures import Embedded, embedded

LANGUAGES = ("en", "fr")
ENGINE = ("shapes.js", "elementwise.js", "evaluator.js", "engine.js")
"""The scripts that the worker has, too."""

APP = ("hero.js", "walk.js", "wall.js", "quiz.js", "card.js", "app.js")
"""After the script of the modality, which they need (`Modality.script`); it needs those of FIRST."""

FIRST = ("random.js", "languages.js", "show.js")
MOST_REALS, MOST_REALS_BYTES = 48, 1_000_000
POSTER = 16
"""Samples in the picture that stands there until the first is made, and where none can be."""

ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="14" fill="#176b74"/>'
    '<circle cx="26" cy="32" r="15" fill="#faf8f3"/><circle cx="40" cy="32" r="15" fill="#f3a26b" opacity=".85"/></svg>'
)


def write_page(source: Source, out: Path, *, with_reals: bool, title: str, progress: Progress) -> list[str]:
    """Write the page of a generator; return what there is to say.

    Raises:
        ConfigError: it makes what a page cannot show, was exported already, or there are no reals to put in.
        ExportError: it has a layer that the page does not know.
    """
    generator = source.generator
    if not generator.modality.script:
        made = generator.modality.describe(generator.spec.shape)
        raise ConfigError(f"a page cannot show what this generator makes, {made}: take it away by --to onnx")
    if not hasattr(generator, "module"):
        raise ConfigError("a page is made of a run or of a generator's folder, not of an exported generator")
    reals = _reals(source) if with_reals else None
    progress("writing down what the generator does", 0, 3)
    program = program_of(generator.module, generator.z_dim, len(generator.class_shares))
    progress("comparing rounded weights with torch's", 1, 3)
    bits, most = choose_bits(generator)
    places, weights = pack(program, bits)
    progress("writing the page", 2, 3)
    data = {
        "program": {name: getattr(program, name) for name in ("shapes", "steps", "inputs", "output")},
        "constants": places,
        "facts": _facts(source, bits, most, 0 if reals is None else len(reals), title),
        "figures": _figures(source),
    }  # fmt: skip
    content = _html(
        data,
        weights,
        reals=None if reals is None else base64.b64encode(reals.tobytes()).decode(),
        poster=_poster(generator),
        script=generator.modality.script,
    )
    write_atomically(out, content.encode(), remedy="nothing of it is left there; make room, or choose another --out")
    told = [f"a page of {len(content.encode()) / 1e6:.1f} MB that makes samples by itself: open it in any browser"]
    if bits == 32:
        told.append("Its weights are stored in 32 bits: in 16, samples would differ by more than 1 of 255.")
    if reals is not None:
        told.append(f"It holds {len(reals)} of the real samples, for the quiz: whoever gets it gets them.")
    return told


def _facts(source: Source, bits: int, most: int, num_reals: int, title: str) -> dict[str, Any]:
    generator = source.generator
    return {
        "name": source.name,
        "data": generator.name,
        "title": title,
        "kind": generator.spec.modality,
        "shape": list(generator.spec.shape),
        "sample": generator.modality.script_facts,
        "classes": list(generator.spec.classes),
        "shares": list(generator.class_shares),
        "z_dim": generator.z_dim,
        "directions": [[round(float(step), 5) for step in way] for way in directions(generator)],
        "architecture": generator.architecture,
        "width": generator.width,
        "nimg": generator.nimg,
        "parameters": num_parameters(generator.module),
        "bits": bits,
        "most_difference": most,
        "num_reals": num_reals,
        "mark": text_of(SAMPLE),
        "version": __version__,
        "digest": source.digest,
    }


def _figures(source: Source) -> dict[str, Any]:
    """Return what `faussaire evaluate` found, as far as it is there and readable."""
    found = source.scores
    meanings, verdicts = found.get("meanings"), found.get("verdicts")
    rows = [row for row in found.get("scores") or () if isinstance(row, dict) and isinstance(row.get("metric"), str)]
    scores = []
    for row in rows:
        meaning = meanings.get(row["metric"], {}) if isinstance(meanings, dict) else {}
        numbers = {name: _finite(row.get(name)) for name in ("value", "low", "high", "n_real", "n_fake")}
        scores.append({"metric": row["metric"], "protocol": str(row.get("protocol", "")), **numbers, **meaning})
    nimg = _finite(rows[0].get("nimg")) if rows else None
    names = [verdict.get("name") for verdict in verdicts or () if isinstance(verdict, dict)]
    doubts = [doubt for doubt in found.get("doubts") or () if isinstance(doubt, str)]
    return {"scores": scores, "verdicts": names, "doubts": doubts, "kimg": None if nimg is None else nimg / 1000}


def _finite(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _reals(source: Source) -> np.ndarray:
    """Return a few dozen of the reals as the networks see them, uint8 `[n, *shape]`: 0 is -1, and 255 is 1.

    Raises:
        ConfigError: they are not there.
    """
    generator = source.generator
    kind = generator.modality
    reals = read_reals(Path(source.path), kind, generator.spec.shape)
    if reals is None:
        raise ConfigError("--with-reals takes them from reals.png in the folder of a run, which is not there")
    most = max(1, min(MOST_REALS, MOST_REALS_BYTES // math.prod(generator.spec.shape)))
    seen = kind.to_real(kind.to_rows(reals[:most])).numpy()
    return np.rint((seen + 1) * 127.5).astype(np.uint8)


def _poster(generator: Generator) -> Embedded:
    """Return a picture of some samples."""
    return embedded(generator.modality.png(generator.sample(POSTER)))


def _html(data: dict[str, Any], weights: str, *, reals: str | None, poster: Embedded, script: str) -> str:
    engine, style = _joined(*ENGINE), _joined("page.css")
    app = "\n".join([_joined(*FIRST), script, _joined(*APP)])
    templates = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return templates.from_string(_joined("page.html.j2")).render(
        policy=Markup(
            f"default-src 'none'; script-src {source_hash(engine)} {source_hash(app)} 'wasm-unsafe-eval'; "
            f"style-src {source_hash(style)}; img-src data: blob:; media-src blob:; worker-src blob:; "
            "base-uri 'none'; form-action 'none'"
        ),
        facts=data["facts"],
        title=data["facts"]["title"] or _own_title(data["facts"]),
        version=__version__,
        icon=data_address("image/svg+xml", ICON.encode()),
        poster=poster,
        style=Markup(style),
        data=Markup(element_json(data)),
        texts=Markup(element_json({language: _texts(language) for language in LANGUAGES})),
        kernel=base64.b64encode(multiply_module()).decode(),
        weights=weights,
        reals=reals,
        engine=Markup(engine),
        app=Markup(app),
    )


def _own_title(facts: dict[str, Any]) -> str:
    """Return what a page is called in English, as hero.js does once it runs, in the reader's language."""
    texts = _texts("en")
    if facts["data"] in texts["nouns"]:
        return str(texts["title"]).format(x=texts["nouns"][facts["data"]])
    return str(texts.get(facts["kind"], texts).get("title_other", texts["title_other"]))


@cache
def _texts(language: str) -> dict[str, Any]:
    return tomllib.loads(_joined(f"{language}.toml"))


def _joined(*names: str) -> str:
    return joined("faussaire.generation.export.page", "browser", *names)
