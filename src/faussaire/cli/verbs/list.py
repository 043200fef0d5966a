"""The verb `faussaire list`."""

from __future__ import annotations

from faussaire.cli.flags import Reader
from faussaire.core.terminal import printing
from faussaire.views.words import ENGLISH


def list_registry(what: str | None = None, /, *, words: Reader = ENGLISH) -> None:
    """List what there is to choose from.

    Parameters
    ----------
    what
        architectures, losses, recipes, datasets, protocols or exports; all of them if not given.
    """
    from faussaire.views.listing import print_listing

    with printing() as console:
        print_listing(console, what, words)
