"""The page as one document, which works alone: from the disk, from this server, or linked from anywhere.

Nothing is trained here: the scripts in `browser/` hold the networks, the game and its pictures. `browser/random.js` of
the exported page (generation/export/page) draws the random numbers, so that a seed means here what it means elsewhere.
"""

from __future__ import annotations

import tomllib
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from faussaire import __version__
from faussaire.core.inline import data_address, element_json, joined, source_hash

LANGUAGES = ("en", "fr")
SCRIPTS = (
    "network.js", "losses.js", "places.js", "game.js", "story.js", "presets.js", "address.js", "words.js", "picture.js",
    "curves.js", "controls.js", "drawing.js", "app.js",
)  # fmt: skip
HERE, PAGES = "faussaire.views.web.playground", "faussaire.views.web.pages"


@cache
def policy() -> str:
    """Return what the page may load and run: its own script and style, and nothing from anywhere."""
    return (
        f"default-src 'none'; script-src {source_hash(_app())}; style-src {source_hash(_style())}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


@cache
def document() -> str:
    """Return the page as HTML."""
    templates = Environment(
        loader=PackageLoader(HERE, "browser"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    texts = {language: tomllib.loads(joined(HERE, "texts", f"{language}.toml")) for language in LANGUAGES}
    return templates.get_template("page.html.j2").render(
        policy=Markup(policy()),
        version=__version__,
        icon=data_address("image/svg+xml", joined(PAGES, "static", "icon.svg").encode()),
        style=Markup(_style()),
        texts=Markup(element_json(texts)),
        app=Markup(_app()),
    )


@cache
def _app() -> str:
    shared = joined("faussaire.generation.export.page", "browser", "random.js", "languages.js")
    return "\n".join((shared, joined(HERE, "browser", *SCRIPTS)))


@cache
def _style() -> str:
    return "\n".join((joined(PAGES, "static", "base.css"), joined(HERE, "browser", "playground.css")))
