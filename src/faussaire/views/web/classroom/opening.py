"""Opening a class: the data is read, the links are printed, and pages are served until Ctrl-C."""

from __future__ import annotations

import math
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console

from faussaire.core.config import named
from faussaire.core.errors import ConfigError
from faussaire.core.suggestions import typed
from faussaire.core.terminal import speak, waiting
from faussaire.data import prepare
from faussaire.views.web.classroom.app import create_class
from faussaire.views.web.classroom.room import at_work, furnished
from faussaire.views.web.classroom.workshop import Lesson
from faussaire.views.web.server.hosts import HostNames, is_loopback
from faussaire.views.web.server.serve import address, check_names, listen, serve_app

MOST_MINUTES = 60.0
ELSEWHERE = ("192.0.2.1", 9)  # an address that is nobody's (RFC 5737): no packet is sent to learn one's own


def serve_class(
    data: Sequence[str],
    console: Console,
    *,
    runs: Path | None,
    minutes: float,
    host: str,
    port: int,
    names: Sequence[str],
    preparation: Mapping[str, Any],
    settings: Mapping[str, Any],
) -> None:
    """Serve a class until Ctrl-C.

    Args:
        data: what everyone trains on.
        console: where the links are printed.
        runs: folder of the runs; `runs/class-` and the name of the data if not given.
        minutes: length of a training that a pupil begins on the page; 0 for none.
        host: the address to listen on.
        port: where to listen.
        names: under which it is reached besides those of this machine.
        preparation: every setting of the preparation.
        settings: those of them that were given.

    Raises:
        ConfigError, DataError: what was asked for is impossible; one line says what to do.
    """
    if not (math.isfinite(minutes) and 0 <= minutes <= MOST_MINUTES):
        raise ConfigError(f"--minutes is the length of each training, 0 to {MOST_MINUTES:g}; 0 for none, not {minutes}")
    check_names(names)
    with listen(host, port) as listening:
        with waiting(console, f"Reading {named(data)} ..."):
            dataset = prepare(data, **preparation)
        folder = Path("runs") / f"class-{dataset.name}" if runs is None else runs
        lesson = Lesson(data=tuple(data), settings=settings, minutes=minutes, runs=folder, spec=dataset.spec)
        room = furnished(dataset, lesson)
        with at_work(room):
            room.addresses += [link(name, listening) for name in names] or addresses(listening)
            speak(console, f"For pupils: {' or '.join(room.addresses)}")
            speak(console, f"For you alone: {address(listening)}teacher/{room.secret}")
            speak(console, f"What is kept lies in {typed(folder)}; Ctrl-C ends the class, the same command goes on.")
            for run_id, reason in room.library.refused().items():
                speak(console, f"{run_id} has no part in it: {reason}")
            serve_app(create_class(room, HostNames(listening.getsockname()[0], (host, *names))), listening)


def link(name: str, listening: socket.socket) -> str:
    """Return the link to what listens, under a name."""
    return f"http://{f'[{name}]' if ':' in name else name}:{listening.getsockname()[1]}/"


def addresses(listening: socket.socket) -> list[str]:
    """Return the links under which other machines find what listens."""
    host = listening.getsockname()[0]
    if is_loopback(host) or host not in ("0.0.0.0", "::"):
        return [address(listening)]
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(ELSEWHERE)
        return [link(probe.getsockname()[0], listening)]
    return [address(listening)]
