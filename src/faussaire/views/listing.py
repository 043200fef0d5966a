"""What `faussaire list` prints: every registry, a line for each entry."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from faussaire.core.config import load_recipe, recipes
from faussaire.core.errors import ConfigError
from faussaire.core.suggestions import did_you_mean
from faussaire.core.terminal import literal, show
from faussaire.views.numbers import EN

Rows = list[tuple[str, str]]


def _architectures() -> Rows:
    from faussaire.models.architectures import architectures

    return [(name, found.description) for name, found in architectures().items()]


def _losses() -> Rows:
    from faussaire.models.losses import LOSSES
    from faussaire.models.penalties import PENALTIES

    losses = [(name, loss.description) for name, loss in LOSSES.items()]
    return losses + [(name, f"penalty: {penalty.description}") for name, penalty in PENALTIES.items()]


def _recipes() -> Rows:
    return [(name, load_recipe(name).get("description", "")) for name in recipes()]


def _datasets() -> Rows:
    from faussaire.data import embedded_sets

    return [
        (
            name,
            f"{found.description}; {EN.count(found.num_samples)} {found.sample}, {found.licence}",
        )
        for name, found in embedded_sets().items()
    ]


def _protocols() -> Rows:
    from faussaire.evaluation.protocols import PROTOCOLS

    return [
        (
            name,
            f"{p.metric}, {EN.count(p.n_real)} real and {EN.count(p.n_fake)} generated images, "
            f"features of {p.extractor}",
        )
        for name, p in PROTOCOLS.items()
    ]


def _exports() -> Rows:
    from faussaire.generation.export import exporters

    return [(name, exporter.description) for name, exporter in exporters().items()]


LISTS: dict[str, Callable[[], Rows]] = {
    "architectures": _architectures,
    "losses": _losses,
    "recipes": _recipes,
    "datasets": _datasets,
    "protocols": _protocols,
    "exports": _exports,
}


def print_listing(console: Console, what: str | None) -> None:
    """Print one registry, or all of them.

    Raises:
        ConfigError: there is no such registry.
    """
    if what is not None and what not in LISTS:
        raise ConfigError(f"nothing to list under {what!r}{did_you_mean(what, LISTS)}")
    for name in [what] if what else LISTS:
        table = Table(title=name, title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True, style="bold")
        table.add_column()
        for row in LISTS[name]():
            table.add_row(*map(literal, row))
        show(console, table)
