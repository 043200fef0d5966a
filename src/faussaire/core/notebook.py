"""Outputs of a notebook's cell that are replaced in place: in Jupyter, VS Code and Colab alike, without a widget.

They are display ids of Jupyter's message protocol (`display_data`, then `update_display_data` of the same id), which
every front end that shows pictures understands; IPython is never imported here, only met where it runs already.
"""

from __future__ import annotations

import sys
from base64 import b64encode
from collections.abc import Callable, Mapping


def in_notebook() -> bool:
    """Say whether this runs in a kernel, whose cells show more than text; a terminal with IPython is none."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


class Place:
    """An output of the running cell that shows one thing at a time; nothing, until something is put there.

    Put there is a MIME bundle: the same thing in several forms, of which the front end shows the richest that it can.
    """

    def __init__(self) -> None:
        self._update: Callable[..., None] | None = None

    def put(self, bundle: Mapping[str, str]) -> None:
        """Replace what is there."""
        if self._update is None:
            from IPython.display import display

            self._update = display(dict(bundle), raw=True, display_id=True).update  # type: ignore[no-untyped-call]
        else:
            self._update(dict(bundle), raw=True)


def text(words: str) -> dict[str, str]:
    """Return plain words as a bundle."""
    return {"text/plain": words}


def html(markup: str, *, words: str) -> dict[str, str]:
    """Return HTML as a bundle, with the same in plain words where there is none."""
    return {"text/html": markup, **text(words)}


def picture(png: bytes, *, words: str) -> dict[str, str]:
    """Return a PNG as a bundle, with what it shows in words."""
    return {"image/png": b64encode(png).decode(), **text(words)}
