"""The verb `faussaire class`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from faussaire.cli.flags import Number, Reader, Whole
from faussaire.cli.verbs.serve import PORT
from faussaire.core.config import resolve
from faussaire.core.errors import ConfigError
from faussaire.core.terminal import Terminal
from faussaire.views.words import ENGLISH

MINUTES = 0.75


def teach(
    *data: str,
    runs: Path | None = None,
    minutes: Number = MINUTES,
    port: Whole = PORT,
    host: str = "0.0.0.0",
    name: Annotated[list[str] | None, Parameter(negative=())] = None,
    words: Reader = ENGLISH,
    **settings: Any,
) -> None:
    """Serve a lesson for a class: everyone trains a forger on DATA, tells real from fake, and votes; you see all.

    Pupils open a link, choose a pseudonym, and need no account. The page of the teacher has a link of its own.

    Parameters
    ----------
    data
        What `faussaire train` would learn from.
    runs
        Folder of the runs, those copied there too, and of what the class answers. [runs/class- and the name of DATA]
    minutes
        Length of the training that a pupil begins on the page; they go one after the other. 0 for none.
    port
        Where to listen; 0 takes a free one.
    host
        Address to listen on. The default is reached from the whole network that this machine is in.
    name
        Another name or address under which the pages are asked for; repeat the flag for several.
    """
    from faussaire.views.web.classroom.opening import serve_class

    if not data:
        raise ConfigError("no data given: name a folder, an archive, or an embedded set (faussaire list datasets)")
    given = {key: value for key, value in settings.items() if value is not None}
    serve_class(
        data,
        Terminal(voice=words.said),
        runs=runs,
        minutes=minutes,
        host=host,
        port=port,
        names=name or [],
        preparation=resolve(None, {"data": data, **given}).preparation(),
        settings=given,
    )
