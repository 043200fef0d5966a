"""What `faussaire list` prints: every registry, a line for each entry."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from faussaire.core.config import load_recipe, recipes
from faussaire.core.errors import ConfigError
from faussaire.core.suggestions import did_you_mean
from faussaire.core.terminal import literal, show
from faussaire.views.words import ENGLISH, Words

Rows = list[tuple[str, str]]


def _architectures(words: Words) -> Rows:
    from faussaire.models.architectures import architectures

    return [(name, words.said(found.description)) for name, found in architectures().items()]


def _losses(words: Words) -> Rows:
    from faussaire.models.losses import LOSSES
    from faussaire.models.penalties import PENALTIES

    losses = [(name, words.said(loss.description)) for name, loss in LOSSES.items()]
    return losses + [
        (name, words("console.listing.penalty", description=words.said(penalty.description)))
        for name, penalty in PENALTIES.items()
    ]


def _recipes(words: Words) -> Rows:
    return [(name, words.said(load_recipe(name).get("description", ""))) for name in recipes()]


def _datasets(words: Words) -> Rows:
    from faussaire.data import embedded_sets

    return [
        (
            name,
            words(
                "console.listing.dataset",
                description=words.said(found.description),
                n=found.num_samples,
                sample=words.said(found.sample),
                licence=words.said(found.licence),
            ),
        )
        for name, found in embedded_sets().items()
    ]


def _protocols(words: Words) -> Rows:
    from faussaire.evaluation.protocols import PROTOCOLS

    return [
        (
            name,
            words("console.listing.measured", metric=p.metric, reals=p.n_real, fakes=p.n_fake, extractor=p.extractor),
        )
        for name, p in PROTOCOLS.items()
    ]


def _exports(words: Words) -> Rows:
    from faussaire.generation.export import exporters

    return [(name, words.said(exporter.description)) for name, exporter in exporters().items()]


LISTS: dict[str, Callable[[Words], Rows]] = {
    "architectures": _architectures,
    "losses": _losses,
    "recipes": _recipes,
    "datasets": _datasets,
    "protocols": _protocols,
    "exports": _exports,
}


def print_listing(console: Console, what: str | None, words: Words = ENGLISH) -> None:
    """Print one registry, or all of them.

    Raises:
        ConfigError: there is no such registry.
    """
    if what is not None and what not in LISTS:
        raise ConfigError(f"nothing to list under {what!r}{did_you_mean(what, LISTS)}")
    for name in [what] if what else LISTS:
        title = words(f"console.listing.{name}")
        table = Table(title=title, title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True, style="bold")
        table.add_column()
        for row in LISTS[name](words):
            table.add_row(*map(literal, row))
        show(console, table)
