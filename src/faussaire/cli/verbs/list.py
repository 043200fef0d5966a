"""The verb `faussaire list`."""

from __future__ import annotations

from faussaire.core.terminal import printing


def list_registry(what: str | None = None, /) -> None:
    """List what there is to choose from.

    Parameters
    ----------
    what
        architectures, losses, recipes, datasets, protocols or exports; all of them if not given.
    """
    from faussaire.views.listing import print_listing

    with printing() as console:
        print_listing(console, what)
