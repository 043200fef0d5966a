"""The verb `faussaire inspect`."""

from __future__ import annotations

from typing import Any

from faussaire.cli.flags import Reader
from faussaire.core.config import resolve
from faussaire.core.errors import ConfigError
from faussaire.core.terminal import printing
from faussaire.views.words import ENGLISH


def inspect_data(*data: str, out: str | None = None, words: Reader = ENGLISH, **settings: Any) -> None:
    """Say what DATA holds: counts, sizes, classes, copies, what was rejected and why; write a page of it.

    Parameters
    ----------
    data
        What `faussaire train` would learn from.
    out
        Where the contact sheet goes, with the page and the list of rejected files beside it: a picture, or a folder
        (DIR/). [NAME-contact-sheet.png, beside the data where this folder is part of it]
    """
    from faussaire.training.sizing import default_speed
    from faussaire.views.inspection import inspect_data as inspect_all

    if not data:
        raise ConfigError("no data given: name a folder, an archive, or an embedded set (faussaire list datasets)")
    with printing(words.said) as console:
        inspect_all(
            data,
            console,
            out=out,
            measure_speed=default_speed,
            words=words,
            **resolve(None, {"data": data, **settings}).preparation(),
        )
