"""The studio as the child of a training: `python -m faussaire.views.web SOCKET PARENT RUN TITLE` (`server.beside`)."""

from __future__ import annotations

import os
import signal
import socket
import sys

NICE = 10  # the training goes first


def main() -> None:
    """Serve one run on a socket that the parent made, for as long as the parent lives."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # before anything slow: it is the training's to obey
    os.nice(NICE)
    from faussaire.views.web.library import Library
    from faussaire.views.web.server.serve import serve

    listening, parent = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    serve(Library(sys.argv[3], expected=True), listening, parent=parent, title=sys.argv[4])
    os._exit(0)  # whatever is still computed is for nobody


main()
