"""The studio as the child of a training: `python -m faussaire.web SOCKET RUN`. See `server.beside`."""

from __future__ import annotations

import os
import socket
import sys

from faussaire.web.library import Library
from faussaire.web.server import serve

NICE = 10  # the training goes first


def main() -> None:
    """Serve one run on a socket that the parent made."""
    os.nice(NICE)
    listening = socket.socket(fileno=int(sys.argv[1]))
    serve(Library(sys.argv[2], expected=True), listening, until_parent_ends=True)


main()
